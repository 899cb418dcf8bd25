// Matrix product on the adapter's matrix units (subgroup matrices), of operands in f16 with sums in f32. Put behind
// matmul.wgsl. A workgroup computes BM x BN outputs, each of its subgroups SPAN_M x SPAN_N of them, as matrices of
// UNIT_M x UNIT_N; the tiles of BK columns of `a` and rows of `b` come through workgroup memory, as they lie, and the
// units are told which way that is. A tile's rows are PAD numbers longer than what is in them, so that neighbouring rows
// begin in other banks. Each output's sum runs over k in the units' order. What lies outside of the matrices is zero in the
// tiles.
//
// AHEAD: what the next round of the loop puts into the tiles is read before this round computes, and waits in registers.
// WHOLE_TILES and SPLIT are as in matmul_shared.wgsl, and so is GRADIENT_SCALE.
// The way out goes through workgroup memory too, one matrix of each subgroup at a time: the less of that memory a workgroup takes,
// the more of them share a multiprocessor.
//
// Workgroup (THREADS): WIDTH threads a subgroup, which the host has from the adapter, SUBGROUPS_N subgroups along n.
// ROWS_OF_UNITS and COLUMNS_OF_UNITS are those of a subgroup; A_FILLS and B_FILLS vectors of the tiles are filled by each
// thread.

enable chromium_experimental_subgroup_matrix;
enable subgroups;
diagnostic(off, chromium.subgroup_matrix_uniformity); // a subgroup's number is the same for all of it

alias Left = subgroup_matrix_left<f16, UNIT_K, UNIT_M>;
alias Right = subgroup_matrix_right<f16, UNIT_N, UNIT_K>;
alias Result = subgroup_matrix_result<f32, UNIT_N, UNIT_M>;

//#if A_TRANSPOSED
const A_LENGTH = BM;  // of what lies along a row of the tile, (BK, BM)
const A_ROWS = BK;
//#else
const A_LENGTH = BK;  // (BM, BK)
const A_ROWS = BM;
//#endif
//#if B_TRANSPOSED
const B_LENGTH = BK;  // (BN, BK)
const B_ROWS = BN;
//#else
const B_LENGTH = BN;  // (BK, BN)
const B_ROWS = BK;
//#endif
// Tiles and what leaves are of vectors, and so are strides, and places in them.
const A_STRIDE = (A_LENGTH + PAD) / 4u;
const B_STRIDE = (B_LENGTH + PAD) / 4u;
const LEAVING = UNIT_M * UNIT_N / 4u;

var<workgroup> a_tile: array<vec4h, A_ROWS * A_STRIDE>;
var<workgroup> b_tile: array<vec4h, B_ROWS * B_STRIDE>;
var<workgroup> leaving: array<vec4f, THREADS / WIDTH * LEAVING>;  // (subgroup, UNIT_M, UNIT_N)

// Four numbers of `a` from the `at`-th of the tile without its pads on, those outside of the matrix zero.
fn read_a(at: u32, m0: u32, k0: u32) -> vec4h {
//#if A_TRANSPOSED
  let row = k0 + at / A_LENGTH;
  let column = m0 + at % A_LENGTH;
  let rows = K;
//#else
  let row = m0 + at / A_LENGTH;
  let column = k0 + at % A_LENGTH;
  let rows = M;
//#endif
//#if WHOLE_TILES
  return narrow(load_a(row * A_WIDTH, column) * GRADIENT_SCALE);
//#else
  let v = load_a(min(row, rows - 1u) * A_WIDTH, min(column, A_WIDTH - 1u));
  return narrow(inside_only(v, row < rows, vec4u(column) + vec4u(0u, 1u, 2u, 3u) < vec4u(A_WIDTH)) * GRADIENT_SCALE);
//#endif
}

fn read_b(at: u32, n0: u32, k0: u32) -> vec4h {
//#if B_TRANSPOSED
  let row = n0 + at / B_LENGTH;
  let column = k0 + at % B_LENGTH;
  let rows = N;
//#else
  let row = k0 + at / B_LENGTH;
  let column = n0 + at % B_LENGTH;
  let rows = K;
//#endif
//#if WHOLE_TILES
  return narrow(load_b(row * B_WIDTH, column));
//#else
  let v = load_b(min(row, rows - 1u) * B_WIDTH, min(column, B_WIDTH - 1u));
  return narrow(inside_only(v, row < rows, vec4u(column) + vec4u(0u, 1u, 2u, 3u) < vec4u(B_WIDTH)));
//#endif
}

fn inside_only(v: vec4f, inside: bool, columns: vec4<bool>) -> vec4f {
  return select(vec4f(), v, vec4<bool>(inside) & columns);
}

fn place_in_a(at: u32) -> u32 {
  return at / A_LENGTH * A_STRIDE + at % A_LENGTH / 4u;
}

fn place_in_b(at: u32) -> u32 {
  return at / B_LENGTH * B_STRIDE + at % B_LENGTH / 4u;
}

@compute @workgroup_size(THREADS)
fn matmul(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32) {
  let m0 = workgroup.y * BM;
  let n0 = workgroup.x * BN;
  let subgroup = index / WIDTH;
  let m_at = (subgroup / SUBGROUPS_N) * SPAN_M;  // where the subgroup's outputs begin in the workgroup's
  let n_at = (subgroup % SUBGROUPS_N) * SPAN_N;
//#if SPLIT
  let begin = workgroup.z * SLICE;
  let end = min(begin + SLICE, K);
//#else
  const begin = 0u;
  const end = K;
//#endif
  var sums: array<Result, ROWS_OF_UNITS * COLUMNS_OF_UNITS>;
  var column_sum = vec4f();  // of the index-th vector of the workgroup's rows; only with A_TRANSPOSED
//#if AHEAD
  var next_a: array<vec4h, A_FILLS>;
  var next_b: array<vec4h, B_FILLS>;
  //#repeat i A_FILLS
  next_a[i] = read_a(4u * (index + i * THREADS), m0, begin);
  //#endrepeat
  //#repeat i B_FILLS
  next_b[i] = read_b(4u * (index + i * THREADS), n0, begin);
  //#endrepeat
//#endif

  for (var k0 = begin; k0 < end; k0 += BK) {
    //#repeat i A_FILLS
//#if AHEAD
    a_tile[place_in_a(4u * (index + i * THREADS))] = next_a[i];
//#else
    a_tile[place_in_a(4u * (index + i * THREADS))] = read_a(4u * (index + i * THREADS), m0, k0);
//#endif
    //#endrepeat
    //#repeat i B_FILLS
//#if AHEAD
    b_tile[place_in_b(4u * (index + i * THREADS))] = next_b[i];
//#else
    b_tile[place_in_b(4u * (index + i * THREADS))] = read_b(4u * (index + i * THREADS), n0, k0);
//#endif
    //#endrepeat
    workgroupBarrier();
//#if AHEAD
    if (k0 + BK < end) {
      //#repeat i A_FILLS
      next_a[i] = read_a(4u * (index + i * THREADS), m0, k0 + BK);
      //#endrepeat
      //#repeat i B_FILLS
      next_b[i] = read_b(4u * (index + i * THREADS), n0, k0 + BK);
      //#endrepeat
    }
//#endif
    for (var k = 0u; k < BK; k += UNIT_K) {
      var left: array<Left, ROWS_OF_UNITS>;
      //#repeat i ROWS_OF_UNITS
//#if A_TRANSPOSED
      left[i] = subgroupMatrixLoad<Left, col_major>(&a_tile, k * A_STRIDE + (m_at + i * UNIT_M) / 4u, A_STRIDE);
//#else
      left[i] = subgroupMatrixLoad<Left, row_major>(&a_tile, (m_at + i * UNIT_M) * A_STRIDE + k / 4u, A_STRIDE);
//#endif
      //#endrepeat
      //#repeat j COLUMNS_OF_UNITS
//#if B_TRANSPOSED
      let right = subgroupMatrixLoad<Right, col_major>(&b_tile, (n_at + j * UNIT_N) * B_STRIDE + k / 4u, B_STRIDE);
//#else
      let right = subgroupMatrixLoad<Right, row_major>(&b_tile, k * B_STRIDE + (n_at + j * UNIT_N) / 4u, B_STRIDE);
//#endif
      //#repeat i ROWS_OF_UNITS
      sums[i * COLUMNS_OF_UNITS + j] = subgroupMatrixMultiplyAccumulate(left[i], right, sums[i * COLUMNS_OF_UNITS + j]);
      //#endrepeat
      //#endrepeat
    }
//#if BIAS_GRADIENT
    if (n0 == 0u && index < BM / 4u) {
      for (var k = 0u; k < BK; k++) {
        column_sum += vec4f(a_tile[k * A_STRIDE + index]);
      }
    }
//#endif
    workgroupBarrier();
  }

//#if BIAS_GRADIENT
  if (n0 == 0u && index < BM / 4u) {
    let m = m0 + 4u * index;
//#if SPLIT
    for (var r = 0u; r < 4u && m + r < M; r++) {
      dbias[workgroup.z * M + m + r] = column_sum[r] / GRADIENT_SCALE;
    }
//#else
    finish_bias(column_sum / GRADIENT_SCALE, m);
//#endif
  }
//#endif
  //#repeat i ROWS_OF_UNITS
  //#repeat j COLUMNS_OF_UNITS
  subgroupMatrixStore<row_major>(&leaving, subgroup * LEAVING, sums[i * COLUMNS_OF_UNITS + j], UNIT_N / 4u);
  workgroupBarrier();
  for (var at = index; at < THREADS / WIDTH * LEAVING; at += THREADS) {
    let owner = at / LEAVING;
    let m = m0 + (owner / SUBGROUPS_N) * SPAN_M + i * UNIT_M + at % LEAVING / (UNIT_N / 4u);
    let n = n0 + (owner % SUBGROUPS_N) * SPAN_N + j * UNIT_N + at % (UNIT_N / 4u) * 4u;
    if (m < M && n < N) {
      let four = leaving[at] / GRADIENT_SCALE;
//#if SPLIT
      finish(four, beside(m, n), workgroup.z * M + m, n);
//#else
      finish(four + load_bias(n), beside(m, n), m, n);
//#endif
    }
  }
  workgroupBarrier();
  //#endrepeat
  //#endrepeat
}
