// Matrix product through workgroup memory: a workgroup computes BM x BN outputs and brings BK columns of `a` and rows of
// `b` at a time into tiles that all of its threads read; each thread owns TILE x TILE of the outputs. Put behind
// matmul.wgsl. What GPUs like; on a processor its barriers are very dear. Each output's sum runs over k in order.
//
// The tiles are kept with k as the slow index, so that the inner loop reads whole vectors along m and n. They are filled
// in blocks of 4 x 4, transposed in registers where the operand lies the other way.
//
// With HALF the tiles are in f16: half the traffic, and room for more workgroups. Gradients (GRADIENT_SCALE, a power of
// two about the number of rows that a mean loss divides by) are brought into the middle of f16's range on the way in;
// sums are in f32 and are scaled back on the way out.
//
// Workgroup (TX, TY): BN = TX * TILE, BM = TY * TILE; VECTORS = TILE / 4.

const BM4 = TY * VECTORS;
const BN4 = TX * VECTORS;
const A_BLOCKS = BM4 * BK / 4u;
const BLOCKS = A_BLOCKS + BN4 * BK / 4u;

//#if HALF
alias Tile4 = vec4h;
fn to_tile(v: vec4f) -> vec4h {
  return narrow(v);
}
//#else
alias Tile4 = vec4f;
fn to_tile(v: vec4f) -> vec4f {
  return v;
}
//#endif

var<workgroup> a_tile: array<Tile4, BM4 * BK>;  // (BK, BM4)
var<workgroup> b_tile: array<Tile4, BN4 * BK>;  // (BK, BN4)

// Four numbers along the width of `a`; zero for a row that is outside of the matrix.
fn safe_a(row: u32, rows: u32, column: u32) -> vec4f {
  return select(vec4f(), load_a(min(row, rows - 1u) * A_WIDTH, column), row < rows && column < A_WIDTH);
}

fn safe_b(row: u32, rows: u32, column: u32) -> vec4f {
  return select(vec4f(), load_b(min(row, rows - 1u) * B_WIDTH, column), row < rows && column < B_WIDTH);
}

fn fill_a(block: u32, m0: u32, k0: u32) {
  let row = 4u * (block / BM4);  // of the tile, along k
  let vector = block % BM4;
  let m = m0 + 4u * vector;
  let k = k0 + row;
//#if A_TRANSPOSED
  var x = mat4x4f(safe_a(k, K, m), safe_a(k + 1u, K, m), safe_a(k + 2u, K, m), safe_a(k + 3u, K, m));
//#else
  var x = transpose(mat4x4f(safe_a(m, M, k), safe_a(m + 1u, M, k), safe_a(m + 2u, M, k), safe_a(m + 3u, M, k)));
//#endif
//#if HALF
  x *= GRADIENT_SCALE;
//#endif
  a_tile[row * BM4 + vector] = to_tile(x[0]);
  a_tile[(row + 1u) * BM4 + vector] = to_tile(x[1]);
  a_tile[(row + 2u) * BM4 + vector] = to_tile(x[2]);
  a_tile[(row + 3u) * BM4 + vector] = to_tile(x[3]);
}

fn fill_b(block: u32, n0: u32, k0: u32) {
  let row = 4u * (block / BN4);
  let vector = block % BN4;
  let n = n0 + 4u * vector;
  let k = k0 + row;
//#if B_TRANSPOSED
  let x = transpose(mat4x4f(safe_b(n, N, k), safe_b(n + 1u, N, k), safe_b(n + 2u, N, k), safe_b(n + 3u, N, k)));
//#else
  let x = mat4x4f(safe_b(k, K, n), safe_b(k + 1u, K, n), safe_b(k + 2u, K, n), safe_b(k + 3u, K, n));
//#endif
  b_tile[row * BN4 + vector] = to_tile(x[0]);
  b_tile[(row + 1u) * BN4 + vector] = to_tile(x[1]);
  b_tile[(row + 2u) * BN4 + vector] = to_tile(x[2]);
  b_tile[(row + 3u) * BN4 + vector] = to_tile(x[3]);
}

@compute @workgroup_size(TX, TY)
fn matmul(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let m0 = workgroup.y * TY * TILE;
  let n0 = workgroup.x * TX * TILE;
  var sums: array<vec4f, SUMS>;  // row i, vector j of the tile at i * VECTORS + j
  var column_sums: array<vec4f, VECTORS>;
  var av: array<vec4f, VECTORS>;
  for (var k0 = 0u; k0 < K; k0 += BK) {
    for (var block = index; block < BLOCKS; block += TX * TY) {
      if (block < A_BLOCKS) {
        fill_a(block, m0, k0);
      } else {
        fill_b(block - A_BLOCKS, n0, k0);
      }
    }
    workgroupBarrier();
    for (var k = 0u; k < BK; k++) {
      //#repeat i VECTORS
      av[i] = vec4f(a_tile[k * BM4 + local.y * VECTORS + i]);
      //#endrepeat
      //#repeat j VECTORS
      let bv = vec4f(b_tile[k * BN4 + local.x * VECTORS + j]);
      //#repeat i VECTORS
      sums[4u * i * VECTORS + j] += av[i].x * bv;
      sums[(4u * i + 1u) * VECTORS + j] += av[i].y * bv;
      sums[(4u * i + 2u) * VECTORS + j] += av[i].z * bv;
      sums[(4u * i + 3u) * VECTORS + j] += av[i].w * bv;
      //#endrepeat
      //#endrepeat
//#if BIAS_GRADIENT
      //#repeat i VECTORS
      column_sums[i] += av[i];
      //#endrepeat
//#endif
    }
    workgroupBarrier();
  }

  let m = m0 + local.y * TILE;
  let n = n0 + local.x * TILE;
//#if BIAS_GRADIENT
  if (n == 0u) {
    //#repeat i VECTORS
//#if HALF
    column_sums[i] /= GRADIENT_SCALE;
//#endif
    finish_bias(column_sums[i], m + 4u * i);
    //#endrepeat
  }
//#endif
  //#repeat j VECTORS
  let column = n + 4u * j;
  if (column < N) {
    let bias4 = load_bias(column);
    //#repeat i TILE
    if (m + i < M) {
//#if HALF
      sums[i * VECTORS + j] /= GRADIENT_SCALE;
//#endif
      finish(scaled(sums[i * VECTORS + j], column) + bias4, m + i, column);
    }
    //#endrepeat
  }
  //#endrepeat
}
