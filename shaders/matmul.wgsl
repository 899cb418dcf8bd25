// Matrix product with everything that a linear layer wants done to it on the way out.
//
//   out[m, n] (= or +=) finish( sum over k of  a(m, k) * b(k, n) )
//
// Three layouts, all from row-major memory:
//   forward   Y  = X W^T    a = X  (M, K)   b = W  (N, K)   B_TRANSPOSED
//   d input   dX = dY W     a = dY (M, K)   b = W  (K, N)
//   d weight  dW = dY^T X   a = dY (K, M)   b = X  (K, N)   A_TRANSPOSED
//
// finish, in this order, each where its constant is set:
//   BIAS        + bias[n]
//   ACTIVATION  act(z), and with KEEP_SLOPE slope[m, n] = act'(z), which is all that the backward needs of z
//   DERIVATIVE  * slope[m, n]                        (turns d act(z) into dz)
//   RESIDUAL    + residual[m, n]
//   ACCUMULATE  + out[m, n]                          (`+=`; otherwise `=`)
// BIAS_GRADIENT (d weight only): dbias[m] (= or += by BIAS_ACCUMULATE) sum over k of a(m, k), by the threads of the
// first column; zero for the m from IDLE_FROM to IDLE_TO, where the sum is known to be zero (see linear.ts).
//
// A thread owns TILE x TILE outputs in registers and reads its operands straight from memory, four numbers at a time:
// no workgroup memory and no barrier. A larger tile reads each operand less often, a smaller one keeps more threads busy.
// Each output's sum runs over k in order, whatever the tile and the shape: the tile never changes a bit of a result.
// Workgroup (TX, TY): thread x along n, y along m. Sizes: M, N, K; VECTORS = TILE / 4.

//#if A_VEC4
@group(0) @binding(0) var<storage, read> a: array<vec4f>;
//#else
@group(0) @binding(0) var<storage, read> a: array<f32>;
//#endif
//#if B_VEC4
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
//#else
@group(0) @binding(1) var<storage, read> b: array<f32>;
//#endif
//#if OUT_VEC4
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;            // (N)
@group(0) @binding(3) var<storage, read> residual: array<vec4f>;        // (M, N)
@group(0) @binding(4) var<storage, read_write> slope: array<vec4f>;     // (M, N)
@group(0) @binding(5) var<storage, read_write> out: array<vec4f>;       // (M, N)
@group(0) @binding(7) var<storage, read> saved_slope: array<vec4f>;     // (M, N)
//#else
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<f32>;
@group(0) @binding(4) var<storage, read_write> slope: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(7) var<storage, read> saved_slope: array<f32>;
//#endif
@group(0) @binding(6) var<storage, read_write> dbias: array<f32>;       // (M)

// Four numbers of the row of `a` that begins at `row`. Past the row's end they are zero, so that they add nothing to a
// product; where rows are read whole vectors at a time, what lies past the end is in columns that are never stored.
fn load_a(row: u32, column: u32) -> vec4f {
//#if A_VEC4
  return a[(row + column) / 4u];
//#else
  var v = vec4f();
  for (var i = 0u; i < 4u; i++) {
    if (column + i < A_WIDTH) {
      v[i] = a[row + column + i];
    }
  }
  return v;
//#endif
}

fn load_b(row: u32, column: u32) -> vec4f {
//#if B_VEC4
  return b[(row + column) / 4u];
//#else
  var v = vec4f();
  for (var i = 0u; i < 4u; i++) {
    if (column + i < B_WIDTH) {
      v[i] = b[row + column + i];
    }
  }
  return v;
//#endif
}

// Four numbers of the bias; past the end they repeat the last one, and are never stored.
fn load_bias(n: u32) -> vec4f {
//#if BIAS
//#if OUT_VEC4
  return bias[n / 4u];
//#else
  return vec4f(bias[n], bias[min(n + 1u, N - 1u)], bias[min(n + 2u, N - 1u)], bias[min(n + 3u, N - 1u)]);
//#endif
//#else
  return vec4f();
//#endif
}

fn finish(z: vec4f, m: u32, n: u32) {
  var v = z;
//#if ACTIVATION
  v = activation(z);
//#if KEEP_SLOPE
  let dv = activation_slope(z);
//#endif
//#endif
//#if OUT_VEC4
  let at = (m * N + n) / 4u;
//#if KEEP_SLOPE
  slope[at] = dv;
//#endif
//#if DERIVATIVE
  v *= saved_slope[at];
//#endif
//#if RESIDUAL
  v += residual[at];
//#endif
//#if ACCUMULATE
  v += out[at];
//#endif
  out[at] = v;
//#else
  for (var j = 0u; j < 4u && n + j < N; j++) {
    let at = m * N + n + j;
    var y = v[j];
//#if KEEP_SLOPE
    slope[at] = dv[j];
//#endif
//#if DERIVATIVE
    y *= saved_slope[at];
//#endif
//#if RESIDUAL
    y += residual[at];
//#endif
//#if ACCUMULATE
    y += out[at];
//#endif
    out[at] = y;
  }
//#endif
}

@compute @workgroup_size(TX, TY)
fn matmul(@builtin(global_invocation_id) thread: vec3u) {
  let m = thread.y * TILE;
  let n = thread.x * TILE;
  if (m >= M || n >= N) {
    return;
  }
  var sums: array<vec4f, TILE * VECTORS>;  // row i, vector j of the tile at i * VECTORS + j

//#if A_TRANSPOSED
  var column_sums: array<vec4f, VECTORS>;
  var av: array<vec4f, VECTORS>;
  for (var k = 0u; k < K; k++) {
    //#repeat i VECTORS
    av[i] = load_a(k * A_WIDTH, m + 4u * i);
    //#endrepeat
    //#repeat j VECTORS
    let bv = load_b(k * B_WIDTH, n + 4u * j);
    //#repeat i VECTORS
    sums[4u * i * VECTORS + j] += av[i].x * bv;
    sums[(4u * i + 1u) * VECTORS + j] += av[i].y * bv;
    sums[(4u * i + 2u) * VECTORS + j] += av[i].z * bv;
    sums[(4u * i + 3u) * VECTORS + j] += av[i].w * bv;
    //#endrepeat
    //#endrepeat
//#if BIAS_GRADIENT
    if (n == 0u) {
      //#repeat i VECTORS
      column_sums[i] += av[i];
      //#endrepeat
    }
//#endif
  }
//#if BIAS_GRADIENT
  if (n == 0u) {
    for (var i = 0u; i < TILE && m + i < M; i++) {
      let sum = select(column_sums[i / 4u][i % 4u], 0.0, m + i >= IDLE_FROM && m + i < IDLE_TO);
//#if BIAS_ACCUMULATE
      dbias[m + i] += sum;
//#else
      dbias[m + i] = sum;
//#endif
    }
  }
//#endif
//#else
  // rows past the end repeat the last one: read, never stored
  var rows: array<u32, TILE>;
  var av: array<vec4f, TILE>;
  //#repeat i TILE
  rows[i] = min(m + i, M - 1u) * A_WIDTH;
  //#endrepeat
//#if B_TRANSPOSED
  var columns: array<u32, TILE>;
  //#repeat j TILE
  columns[j] = min(n + j, N - 1u) * B_WIDTH;
  //#endrepeat
//#endif
  for (var k = 0u; k < K; k += 4u) {
    //#repeat i TILE
    av[i] = load_a(rows[i], k);
    //#endrepeat
    //#repeat j VECTORS
//#if B_TRANSPOSED
    let b0 = load_b(columns[4u * j], k);
    let b1 = load_b(columns[4u * j + 1u], k);
    let b2 = load_b(columns[4u * j + 2u], k);
    let b3 = load_b(columns[4u * j + 3u], k);
    //#repeat i TILE
    sums[i * VECTORS + j] += vec4f(dot(av[i], b0), dot(av[i], b1), dot(av[i], b2), dot(av[i], b3));
    //#endrepeat
//#else
    let b0 = load_b(k * B_WIDTH, n + 4u * j);
    let b1 = load_b(min(k + 1u, K - 1u) * B_WIDTH, n + 4u * j);
    let b2 = load_b(min(k + 2u, K - 1u) * B_WIDTH, n + 4u * j);
    let b3 = load_b(min(k + 3u, K - 1u) * B_WIDTH, n + 4u * j);
    //#repeat i TILE
    sums[i * VECTORS + j] += av[i].x * b0 + av[i].y * b1 + av[i].z * b2 + av[i].w * b3;
    //#endrepeat
//#endif
    //#endrepeat
  }
//#endif

  //#repeat j VECTORS
  let column = n + 4u * j;
  if (column < N) {
    let bias4 = load_bias(column);
    //#repeat i TILE
    if (m + i < M) {
      finish(sums[i * VECTORS + j] + bias4, m + i, column);
    }
    //#endrepeat
  }
  //#endrepeat
}
