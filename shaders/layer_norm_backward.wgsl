// The backward pass of layer normalisation. Put behind lanes.wgsl and layer_norm.wgsl, whose names and shapes it has.
//
// With dxhat = dout * weight and the means taken over the channels of the row:
//   dx      = rstd * (dxhat - mean(dxhat) - xhat * mean(dxhat * xhat))     = or += (ACCUMULATE)
//   dweight = sum over rows of dout * xhat                                 = or += (ACCUMULATE_PARAMETERS)
//   dbias   = sum over rows of dout                                        = or += (ACCUMULATE_PARAMETERS)
//
// Where there are many rows, the last two are left in CHUNKS parts (CHUNKS, C), each over CHUNK rows, for combine.wgsl.

@group(0) @binding(5) var<storage, read> dout: array<Piece>;         // (N, C)
@group(0) @binding(6) var<storage, read_write> dinp: array<Piece>;   // (N, C)
@group(0) @binding(7) var<storage, read_write> dweight: array<Piece>;  // (CHUNKS, C)
@group(0) @binding(8) var<storage, read_write> dbias: array<Piece>;  // (CHUNKS, C)
@group(0) @binding(9) var<storage, read> saved: array<vec2f>;        // (N) the statistics, read by the backward

//#if REDUCE_COLUMNS
var<workgroup> gains: array<Piece, LANES * GROUPS>;
var<workgroup> shifts: array<Piece, LANES * GROUPS>;
//#endif

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
  let end = min((chunk + 1u) * CHUNK, N);
//#if REDUCE_COLUMNS
  // four rows at a time: their reads wait together
  for (var row = chunk * CHUNK + lane; row < end; row += 4u * COLUMN_LANES) {
    //#repeat i 4
    let known = row + i * COLUMN_LANES < end;
    let r = min(row + i * COLUMN_LANES, N - 1u);
    let mean_rstd = saved[r];
    let dy = select(Piece(), dout[r * WIDTH + c], known);
    gain += dy * ((inp[r * WIDTH + c] - mean_rstd.x) * mean_rstd.y);
    shift += dy;
    //#endrepeat
  }
//#else
  for (var row = chunk * CHUNK + lane; row < end; row += COLUMN_LANES) {
    let dy = dout[row * WIDTH + c];
    let mean_rstd = saved[row];
    gain += dy * ((inp[row * WIDTH + c] - mean_rstd.x) * mean_rstd.y);
    shift += dy;
  }
//#endif
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
