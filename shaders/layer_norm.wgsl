// Layer normalisation over the channels of each row (Ba, Kiros and Hinton, 2016, arXiv 1607.06450).
//
//   xhat = (x - mean) * rstd,   rstd = 1 / sqrt(var + EPSILON)
//   out  = xhat * weight + bias
//
// Its backward pass is in layer_norm_backward.wgsl.
//
// LANES threads share a sum; with LANES 1 there is no barrier. Each reads its OWN = ceil(WIDTH / LANES) pieces of the row
// once and keeps them. Sizes: N rows, C channels in WIDTH pieces: of four where four divides C (VEC4), otherwise of one.
// RAGGED where LANES does not divide WIDTH.

//#if OUT_HALF
enable f16;
//#endif
//#if VEC4
alias Piece = vec4f;
//#else
alias Piece = f32;
//#endif
// What the forward writes, in f16 where products read it so.
//#if OUT_HALF
//#if VEC4
alias OutPiece = vec4h;
//#else
alias OutPiece = f16;
//#endif
//#else
alias OutPiece = Piece;
//#endif
@group(0) @binding(0) var<storage, read> inp: array<Piece>;          // (N, C)
// Of a fixed size: with LANES 1 the indices are constants, and a processor reads what it knows to be in bounds for less.
@group(0) @binding(1) var<storage, read> weight: array<Piece, WIDTH>;  // (C)
@group(0) @binding(2) var<storage, read> bias: array<Piece, WIDTH>;  // (C)
@group(0) @binding(3) var<storage, read_write> out: array<OutPiece>;  // (N, C)
@group(0) @binding(4) var<storage, read_write> statistics: array<vec2f>;  // (N) mean, rstd; written by the forward

alias Shared = vec2f;

// The sum of a piece's numbers.
fn total(x: Piece) -> f32 {
//#if VEC4
  return (x.x + x.y) + (x.z + x.w);
//#else
  return x;
//#endif
}

// Workgroup (LANES, GROUPS): each y is a row, its x share the row's channels.
@compute @workgroup_size(LANES, GROUPS)
fn layer_norm(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let row = (workgroup.x + workgroup.y * workgroups.x) * GROUPS + local.y;
//#if REDUCE
  let lane = local.x;
//#else
  let lane = 0u; // a constant
//#endif
  // threads past the last row compute it again and store nothing: all of a workgroup must meet at the barriers
  let first = min(row, N - 1u) * WIDTH + lane;
  var x: array<Piece, OWN>;
  var sum = Piece();
  //#repeat i OWN
//#if RAGGED
  if (lane + LANES * i < WIDTH)
//#endif
  {
    x[i] = inp[first + LANES * i];
    sum += x[i];
  }
  //#endrepeat
  let mean = sum_lanes(vec2f(total(sum), 0.0), lane, local.y).x / f32(C);
  var squares = Piece();
  //#repeat i OWN
//#if RAGGED
  if (lane + LANES * i < WIDTH)
//#endif
  {
    x[i] -= mean;
    squares += x[i] * x[i];
  }
  //#endrepeat
  let variance = sum_lanes(vec2f(total(squares), 0.0), lane, local.y).x / f32(C);
  // 1 / sqrt rather than inverseSqrt, which WGSL allows to be off by 2 ulp
  let rstd = 1.0 / sqrt(variance + EPSILON);
  if (row >= N) {
    return;
  }
  //#repeat i OWN
//#if RAGGED
  if (lane + LANES * i < WIDTH)
//#endif
  {
    var y = x[i] * rstd * weight[lane + LANES * i];
//#if BIAS
    y += bias[lane + LANES * i];
//#endif
    out[first + LANES * i] = OutPiece(y);
  }
  //#endrepeat
//#if TRAINING
  if (lane == 0u) {
    statistics[row] = vec2f(mean, rstd);
  }
//#endif
}
