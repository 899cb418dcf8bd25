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

const LOWEST = -3.4e38;

// The tokens of a thread's next four logits; and these, of which those past the last one repeat it.
fn four_from(v: u32) -> vec4u {
  return v + LANES * vec4u(0u, 1u, 2u, 3u);
}

fn load(base: u32, tokens: vec4u) -> vec4f {
  let at = base + min(tokens, vec4u(V - 1u));
  return vec4f(logits[at.x], logits[at.y], logits[at.z], logits[at.w]);
}

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

  // Four logits at a time, in one pass: the sum is brought to a new maximum when that grows, as in attention.
  var own_highest = LOWEST;
  var sum = 0.0;
  for (var v = lane; v < V; v += 4u * LANES) {
    let at = four_from(v);
    let l = select(vec4f(LOWEST), load(base, at), at < vec4u(V));
    let higher = max(own_highest, max(max(l.x, l.y), max(l.z, l.w)));
    sum = sum * exp(own_highest - higher) + dot(exp(l - higher), vec4f(1.0));
    own_highest = higher;
  }
  let highest = max_lanes(own_highest, lane, local.y);
  // a lane without logits has the sum zero
  sum = sum_lanes(sum * exp(own_highest - highest), lane, local.y);
  if (row >= N) {
    return;
  }
  if (lane == target_ % LANES) {
    loss[FIRST_LOSS + row] = log(sum) + (highest - logits[base + target_]);
  }
//#if TRAINING
  let scale = 1.0 / (sum * f32(LOSSES));
  for (var v = lane; v < V; v += 4u * LANES) {
    let at = four_from(v);
    let p = exp(load(base, at) - highest) * scale;
    let is_target = at == vec4u(target_);
//#if SMOOTH
    let share = vec4f(SMOOTHING / f32(V)) + select(vec4f(), vec4f(1.0 - SMOOTHING), is_target);
    let gradient = p - share / f32(LOSSES);
//#else
    let gradient = select(p, p - 1.0 / f32(LOSSES), is_target);
//#endif
    //#repeat i 4
    if (at[i] < V) {
      logits[base + at[i]] = gradient[i];
    }
    //#endrepeat
  }
//#endif
}
