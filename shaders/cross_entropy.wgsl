// Softmax cross-entropy of each row against its target, in nats, and its gradient in the same kernel.
//
//   loss[FIRST_LOSS + n] = log(sum over v of exp(logits[n, v])) - logits[n, targets[n]]
//   TRAINING: logits[n, v] = (softmax(logits[n])[v] - [v = targets[n]]) / LOSSES, the gradient of the mean over all
//             LOSSES rows of a step, of which these are N; written over the logits, which nobody needs any more.
//   SMOOTH:   the target is (1 - SMOOTHING) [v = targets[n]] + SMOOTHING / V instead (Szegedy et al., 2016, arXiv
//             1512.00567), in the gradient only: the loss that is told stays the plain one.
//
// The row's maximum is subtracted first, so that no exponential overflows.
// Workgroup (LANES, GROUPS): each y is a row, its x share the row's logits; with LANES 1 there is no barrier.
// Put behind lanes.wgsl. Each thread reads and writes its own logits only. Sizes: N rows, V logits a row.

@group(0) @binding(0) var<storage, read_write> logits: array<f32>;  // (N, V)
@group(0) @binding(1) var<storage, read> targets: array<u32>;       // (N)
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;    // (LOSSES)

alias Shared = f32;

@compute @workgroup_size(LANES, GROUPS)
fn cross_entropy(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let row = (workgroup.x + workgroup.y * workgroups.x) * GROUPS + local.y;
  let lane = local.x;
  // threads past the last row read it again and store nothing: all of a workgroup must meet at the barriers
  let n = min(row, N - 1u);
  let base = n * V;
  let target_ = targets[n];

  var highest = -3.4e38;
  for (var v = lane; v < V; v += LANES) {
    highest = max(highest, logits[base + v]);
  }
  highest = max_lanes(highest, lane, local.y);

  var sum = 0.0;
  var at_target = 0.0;
  for (var v = lane; v < V; v += LANES) {
    let shifted = logits[base + v] - highest;
    at_target = select(at_target, shifted, v == target_);
    sum += exp(shifted);
  }
  sum = sum_lanes(sum, lane, local.y);
  if (row >= N) {
    return;
  }
  if (lane == target_ % LANES) {
    loss[FIRST_LOSS + row] = log(sum) - at_target;
  }
//#if TRAINING
  let scale = 1.0 / (sum * f32(LOSSES));
  for (var v = lane; v < V; v += LANES) {
    let p = exp(logits[base + v] - highest) * scale;
//#if SMOOTH
    logits[base + v] = p - (SMOOTHING / f32(V) + select(0.0, 1.0 - SMOOTHING, v == target_)) / f32(LOSSES);
//#else
    logits[base + v] = select(p, p - 1.0 / f32(LOSSES), v == target_);
//#endif
  }
//#endif
}
