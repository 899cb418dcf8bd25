// A linear layer for a few rows, as generation has them: a matrix is read once and each number of it used M times, so
// the reading is what it costs.
//
//   out[m, n] = act( sum over k of x[m, k] * weight[n, k] + bias[n] )  or  that without act, + residual[m, n]    `=`
//
// Put behind lanes.wgsl. LANES threads share a row of the matrix, in turns of one piece each, so that neighbours read side by side; a thread
// has COLUMNS rows of it at a time. LANES 1 needs no barrier, and then a sum runs over k as that of matmul.wgsl does.
// Sizes: M rows, N results a row, K numbers a sum in PIECES: of four where four divides K (VEC4), otherwise of one.

//#if VEC4
alias Piece = vec4f;
fn product(a: Piece, b: Piece) -> f32 {
  return dot(a, b);
}
//#else
alias Piece = f32;
fn product(a: Piece, b: Piece) -> f32 {
  return a * b;
}
//#endif
@group(0) @binding(0) var<storage, read> x: array<Piece>;         // (M, K)
@group(0) @binding(1) var<storage, read> weight: array<Piece>;    // (N, K)
@group(0) @binding(2) var<storage, read> bias: array<f32>;        // (N)
@group(0) @binding(3) var<storage, read> residual: array<f32>;    // (M, N)
@group(0) @binding(4) var<storage, read_write> out: array<f32>;   // (M, N)

alias Shared = f32;

fn finish(sum: f32, m: u32, n: u32) {
  var v = sum;
//#if BIAS
  v += bias[n];
//#endif
//#if ACTIVATION
  v = activation(vec4f(v)).x;
//#endif
//#if RESIDUAL
  v += residual[m * N + n];
//#endif
  out[m * N + n] = v;
}

// Workgroup (LANES, GROUPS): each y has COLUMNS results of every row, its x share their sums.
@compute @workgroup_size(LANES, GROUPS)
fn matvec(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let n = ((workgroup.x + workgroup.y * workgroups.x) * GROUPS + local.y) * COLUMNS;
  var sums: array<f32, M * COLUMNS>;  // row m, column j at m * COLUMNS + j
  var pieces: array<Piece, M>;
  // columns past the end repeat the last one and are not stored: all of a workgroup must meet at the barriers
  var rows: array<u32, COLUMNS>;
  //#repeat j COLUMNS
  rows[j] = min(n + j, N - 1u) * PIECES;
  //#endrepeat
  for (var k = local.x; k < PIECES; k += LANES) {
    //#repeat m M
    pieces[m] = x[m * PIECES + k];
    //#endrepeat
    //#repeat j COLUMNS
    let w = weight[rows[j] + k];
    //#repeat m M
    sums[m * COLUMNS + j] += product(pieces[m], w);
    //#endrepeat
    //#endrepeat
  }
  //#repeat j COLUMNS
  //#repeat m M
  let sum = sum_lanes(sums[m * COLUMNS + j], local.x, local.y);
  if (local.x == 0u && n + j < N) {
    finish(sum, m, n + j);
  }
  //#endrepeat
  //#endrepeat
}
