// Layer normalisation over the channels of each row (Ba, Kiros and Hinton, 2016, arXiv 1607.06450).
//
//   xhat = (x - mean) * rstd,   rstd = 1 / sqrt(var + EPSILON)
//   out  = xhat * weight + bias
//
// Backward, with dxhat = dout * weight and the means taken over the channels of the row:
//   dx      = rstd * (dxhat - mean(dxhat) - xhat * mean(dxhat * xhat))     = or += (ACCUMULATE)
//   dweight = sum over rows of dout * xhat                                 = or += (ACCUMULATE_PARAMETERS)
//   dbias   = sum over rows of dout                                        = or += (ACCUMULATE_PARAMETERS)
//
// Where there are many rows, the last two are left in CHUNKS parts (CHUNKS, C), each over CHUNK rows, for combine.wgsl.
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
@group(0) @binding(5) var<storage, read> dout: array<Piece>;         // (N, C)
@group(0) @binding(6) var<storage, read_write> dinp: array<Piece>;   // (N, C)
@group(0) @binding(7) var<storage, read_write> dweight: array<Piece>;  // (CHUNKS, C)
@group(0) @binding(8) var<storage, read_write> dbias: array<Piece>;  // (CHUNKS, C)
@group(0) @binding(9) var<storage, read> saved: array<vec2f>;        // (N) the statistics, read by the backward

alias Shared = vec2f;

//#if REDUCE_COLUMNS
var<workgroup> gains: array<Piece, LANES * GROUPS>;
var<workgroup> shifts: array<Piece, LANES * GROUPS>;
//#endif

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

// One dispatch for both parts of the backward: the first COLUMN_WORKGROUPS workgroups compute dweight and dbias, which take
// longest, and the others dx, as the forward is shared out.
@compute @workgroup_size(LANES, GROUPS)
fn layer_norm_backward(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let group = workgroup.x + workgroup.y * workgroups.x;
//#if REDUCE
  let lane = local.x;
//#else
  let lane = 0u; // a constant
//#endif
  if (group < COLUMN_WORKGROUPS) {
    let thread = local.x + LANES * local.y;
    let groups = COLUMN_WORKGROUPS / CHUNKS;
    backward_column(group % groups * COLUMN_GROUPS, thread % COLUMN_GROUPS, thread / COLUMN_GROUPS, group / groups);
  } else {
    backward_row((group - COLUMN_WORKGROUPS) * GROUPS + local.y, lane, local.y);
  }
}

fn backward_row(row: u32, lane: u32, group: u32) {
  let first = min(row, N - 1u) * WIDTH + lane;
  let mean_rstd = saved[min(row, N - 1u)];
  var xhat: array<Piece, OWN>;
  var dxhat: array<Piece, OWN>;
  var sum = Piece();         // of dxhat
  var projection = Piece();  // of dxhat * xhat
  //#repeat i OWN
//#if RAGGED
  if (lane + LANES * i < WIDTH)
//#endif
  {
    xhat[i] = (inp[first + LANES * i] - mean_rstd.x) * mean_rstd.y;
    dxhat[i] = dout[first + LANES * i] * weight[lane + LANES * i];
    sum += dxhat[i];
    projection += dxhat[i] * xhat[i];
  }
  //#endrepeat
  let means = sum_lanes(vec2f(total(sum), total(projection)), lane, group) / f32(C);
  if (row >= N) {
    return;
  }
  //#repeat i OWN
//#if RAGGED
  if (lane + LANES * i < WIDTH)
//#endif
  {
    let dx = mean_rstd.y * (dxhat[i] - means.x - xhat[i] * means.y);
//#if ACCUMULATE
    dinp[first + LANES * i] += dx;
//#else
    dinp[first + LANES * i] = dx;
//#endif
  }
  //#endrepeat
}

// COLUMN_GROUPS pieces of the channels, from `first` on, whose rows COLUMN_LANES threads share; neighbouring threads read
// neighbouring channels.
fn backward_column(first: u32, column: u32, lane: u32, chunk: u32) {
//#if REDUCE_COLUMNS
  let c = min(first + column, WIDTH - 1u); // past the end they compute it again: all must meet at the barriers
//#else
  let c = first + column;
  if (c >= WIDTH || lane > 0u) { // a workgroup may have more threads than columns
    return;
  }
//#endif
  var gain = Piece();   // sum of dout * xhat
  var shift = Piece();  // sum of dout
  for (var row = chunk * CHUNK + lane; row < min((chunk + 1u) * CHUNK, N); row += COLUMN_LANES) {
    let dy = dout[row * WIDTH + c];
    let mean_rstd = saved[row];
    gain += dy * ((inp[row * WIDTH + c] - mean_rstd.x) * mean_rstd.y);
    shift += dy;
  }
//#if REDUCE_COLUMNS
  let at = column * COLUMN_LANES + lane;
  gains[at] = gain;
  shifts[at] = shift;
  for (var half = COLUMN_LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      gains[at] += gains[at + half];
      shifts[at] += shifts[at + half];
    }
  }
  gain = gains[at];
  shift = shifts[at];
//#endif
  if (first + column >= WIDTH || lane > 0u) {
    return;
  }
  let out_at = chunk * WIDTH + c;
//#if ACCUMULATE_PARAMETERS
  gain += dweight[out_at];
//#endif
  dweight[out_at] = gain;
//#if BIAS
//#if ACCUMULATE_PARAMETERS
  shift += dbias[out_at];
//#endif
  dbias[out_at] = shift;
//#endif
}
