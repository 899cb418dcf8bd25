// Matrix product on the adapter's matrix units (subgroup matrices), of operands in f16 with sums in f32. Put behind
// matmul.wgsl. A workgroup of four subgroups computes 64 x 64 outputs, each subgroup 32 x 32 of them, as matrices of
// UNIT_M x UNIT_N; the tiles of BK columns of `a` and rows of `b` come through workgroup memory, as they lie, and the
// units are told which way that is. Each output's sum runs over k in the units' order. What lies outside of the
// matrices is zero in the tiles.
//
// The way out goes through workgroup memory too, a strip of UNIT_M rows of each subgroup at a time.
//
// Gradients are scaled on the way in and back on the way out (GRADIENT_SCALE), as in matmul_shared.wgsl.
// Workgroup (THREADS): WIDTH threads a subgroup, which the host has from the adapter.

enable chromium_experimental_subgroup_matrix;
enable subgroups;
diagnostic(off, chromium.subgroup_matrix_uniformity); // a subgroup's number is the same for all of it

const BM = 64u;
const BN = 64u;
const SPAN = 32u;  // outputs of a subgroup in each direction

alias Left = subgroup_matrix_left<f16, UNIT_K, UNIT_M>;
alias Right = subgroup_matrix_right<f16, UNIT_N, UNIT_K>;
alias Result = subgroup_matrix_result<f32, UNIT_N, UNIT_M>;

var<workgroup> a_tile: array<f16, BM * BK>;  // (BM, BK), or (BK, BM) with A_TRANSPOSED
var<workgroup> b_tile: array<f16, BN * BK>;  // (BK, BN), or (BN, BK) with B_TRANSPOSED
var<workgroup> strips: array<f32, 4u * UNIT_M * SPAN>;  // (subgroup, UNIT_M, SPAN)
//#if BIAS_GRADIENT
var<workgroup> column_sums: array<f32, BM>;
//#endif

// Four numbers of `a` in the tile's order from `at` on, those outside of the matrix zero.
fn fill_a(at: u32, m0: u32, k0: u32) {
//#if A_TRANSPOSED
  let row = k0 + at / BM;
  let column = m0 + at % BM;
  let rows = K;
//#else
  let row = m0 + at / BK;
  let column = k0 + at % BK;
  let rows = M;
//#endif
  var v = load_a(min(row, rows - 1u) * A_WIDTH, min(column, A_WIDTH - 1u));
  v = inside_only(v, row < rows, vec4u(column) + vec4u(0u, 1u, 2u, 3u) < vec4u(A_WIDTH)) * GRADIENT_SCALE;
  let h = narrow(v);
  a_tile[at] = h.x;
  a_tile[at + 1u] = h.y;
  a_tile[at + 2u] = h.z;
  a_tile[at + 3u] = h.w;
}

fn fill_b(at: u32, n0: u32, k0: u32) {
//#if B_TRANSPOSED
  let row = n0 + at / BK;
  let column = k0 + at % BK;
  let rows = N;
//#else
  let row = k0 + at / BN;
  let column = n0 + at % BN;
  let rows = K;
//#endif
  var v = load_b(min(row, rows - 1u) * B_WIDTH, min(column, B_WIDTH - 1u));
  v = inside_only(v, row < rows, vec4u(column) + vec4u(0u, 1u, 2u, 3u) < vec4u(B_WIDTH));
  let h = narrow(v);
  b_tile[at] = h.x;
  b_tile[at + 1u] = h.y;
  b_tile[at + 2u] = h.z;
  b_tile[at + 3u] = h.w;
}

fn inside_only(v: vec4f, inside: bool, columns: vec4<bool>) -> vec4f {
  return select(vec4f(), v, vec4<bool>(inside) & columns);
}

@compute @workgroup_size(THREADS)
fn matmul(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32) {
  let m0 = workgroup.y * BM;
  let n0 = workgroup.x * BN;
  let subgroup = index / WIDTH;
  let m_at = (subgroup / 2u) * SPAN;  // where the subgroup's outputs begin in the workgroup's
  let n_at = (subgroup % 2u) * SPAN;
  var sums: array<Result, ROWS_OF_UNITS * COLUMNS_OF_UNITS>;
//#if BIAS_GRADIENT
  for (var m = index; m < BM; m += THREADS) {
    column_sums[m] = 0.0;
  }
//#endif

  for (var k0 = 0u; k0 < K; k0 += BK) {
    for (var at = 4u * index; at < BM * BK; at += 4u * THREADS) {
      fill_a(at, m0, k0);
    }
    for (var at = 4u * index; at < BN * BK; at += 4u * THREADS) {
      fill_b(at, n0, k0);
    }
    workgroupBarrier();
    for (var k = 0u; k < BK; k += UNIT_K) {
      var left: array<Left, ROWS_OF_UNITS>;
      //#repeat i ROWS_OF_UNITS
//#if A_TRANSPOSED
      left[i] = subgroupMatrixLoad<Left>(&a_tile, k * BM + m_at + i * UNIT_M, true, BM);
//#else
      left[i] = subgroupMatrixLoad<Left>(&a_tile, (m_at + i * UNIT_M) * BK + k, false, BK);
//#endif
      //#endrepeat
      //#repeat j COLUMNS_OF_UNITS
//#if B_TRANSPOSED
      let right = subgroupMatrixLoad<Right>(&b_tile, (n_at + j * UNIT_N) * BK + k, true, BK);
//#else
      let right = subgroupMatrixLoad<Right>(&b_tile, k * BN + n_at + j * UNIT_N, false, BN);
//#endif
      //#repeat i ROWS_OF_UNITS
      sums[i * COLUMNS_OF_UNITS + j] = subgroupMatrixMultiplyAccumulate(left[i], right, sums[i * COLUMNS_OF_UNITS + j]);
      //#endrepeat
      //#endrepeat
    }
//#if BIAS_GRADIENT
    // only products with A_TRANSPOSED have a bias's gradient
    for (var m = index; m < BM; m += THREADS) {
      for (var k = 0u; k < BK; k++) {
        column_sums[m] += f32(a_tile[k * BM + m]);
      }
    }
//#endif
    workgroupBarrier();
  }

//#if BIAS_GRADIENT
  if (workgroup.x == 0u) {
    for (var m = 4u * index; m < BM; m += 4u * THREADS) {
      let four = vec4f(column_sums[m], column_sums[m + 1u], column_sums[m + 2u], column_sums[m + 3u]);
      finish_bias(four / GRADIENT_SCALE, m0 + m);
    }
  }
//#endif
  //#repeat i ROWS_OF_UNITS
  //#repeat j COLUMNS_OF_UNITS
  subgroupMatrixStore(&strips, subgroup * UNIT_M * SPAN + j * UNIT_N, sums[i * COLUMNS_OF_UNITS + j], false, SPAN);
  //#endrepeat
  workgroupBarrier();
  for (var at = 4u * index; at < 4u * UNIT_M * SPAN; at += 4u * THREADS) {
    let owner = at / (UNIT_M * SPAN);
    let m = m0 + (owner / 2u) * SPAN + i * UNIT_M + (at / SPAN) % UNIT_M;
    let n = n0 + (owner % 2u) * SPAN + at % SPAN;
    if (m < M && n < N) {
      let four = vec4f(strips[at], strips[at + 1u], strips[at + 2u], strips[at + 3u]);
      finish(four / GRADIENT_SCALE + load_bias(n), m, n);
    }
  }
  workgroupBarrier();
  //#endrepeat
}
