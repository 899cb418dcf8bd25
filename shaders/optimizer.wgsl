// The end of a training step over the flat buffers: global gradient norm, clipping, the optimizer's update, and the
// moving average of the weights.
//
//   norm = sqrt(sum of g^2),   clip = min(1, MAX_NORM / (norm + 1e-6))   (1 where CLIP is off)
//   g = g clip + L2 p                                                    (the second term for decayed elements)
//   p = p (1 - lr WEIGHT_DECAY) - lr direction                           (the decay for decayed elements)
//   p = 0 where mask = 0                                                 (MASKED; decayed elements)
//   average += average_rate (p - average)                                (AVERAGE)
// Decayed are the first DECAYED elements: nanoGPT decays the tensors of two or more dimensions, and the layout puts
// these first. The direction, by optimizer:
//   ADAM  m = BETA1 m + (1 - BETA1) g,   v = BETA2 v + (1 - BETA2) g^2
//         (m / (1 - BETA1^step)) / (sqrt(v / (1 - BETA2^step)) + EPSILON)
//         Kingma and Ba, 2015, arXiv 1412.6980; with WEIGHT_DECAY instead of L2 it is AdamW, Loshchilov and Hutter,
//         2019, arXiv 1711.05101.
//   SGD   m = MOMENTUM m + g;   m, or with NESTEROV g + MOMENTUM m, or without MOMENTUM g
//         Sutskever et al., 2013, in PyTorch's form: the first step is g itself.
//   LION  sign(BETA1 m + (1 - BETA1) g), and then m = BETA2 m + (1 - BETA2) g
//         Chen et al., 2023, arXiv 2302.06675.
//   MUON  for the elements from HIDDEN_FROM to HIDDEN_TO what muon.wgsl has written; for the others ADAM.
//
// Three dispatches: partial sums of squares, then one workgroup that adds them up and records the step, then the
// update. The step number lives on the GPU and the schedule is a table, so nothing is uploaded between steps.
// A step whose loss or norm is not finite changes nothing and is not counted, so that it is the same step again for as
// long as it is replayed: the weights stay the last good ones, and the gradients show where it went wrong.
// Sizes: P elements in each flat buffer; SQUARERS threads in the first pass, each of which, or with REDUCE each workgroup of
// which, leaves one of PARTIALS sums; GATHERERS threads in the second; N rows of losses; RING records.

// What the update needs to know of its step.
struct Update {
  lr: f32,
  clip: f32,
  correction1: f32,   // 1 / (1 - BETA1^step)
  correction2: f32,   // 1 / (1 - BETA2^step)
  average_rate: f32,
  sound: u32,         // 0 where nothing may be changed
}

@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;       // (P)
@group(0) @binding(1) var<storage, read_write> partials: array<f32>;    // (PARTIALS)
@group(0) @binding(2) var<storage, read> partial_sums: array<f32>;      // (PARTIALS), the same, read
@group(0) @binding(3) var<storage, read> losses: array<f32>;            // (N)
@group(0) @binding(4) var<storage, read> schedule: array<vec4f>;        // (steps): lr, corrections, average_rate
@group(0) @binding(5) var<storage, read_write> progress: Progress;
@group(0) @binding(6) var<storage, read_write> update: Update;
@group(0) @binding(7) var<storage, read_write> records: array<vec4f>;   // (RING): loss, gradient norm, lr, step from 1
@group(0) @binding(8) var<storage, read> this_update: Update;
@group(0) @binding(9) var<storage, read_write> parameters: array<vec4f>; // (P)
@group(0) @binding(10) var<storage, read_write> moment1: array<vec4f>;   // (P): m
@group(0) @binding(11) var<storage, read_write> moment2: array<vec4f>;   // (P): v
@group(0) @binding(12) var<storage, read_write> average: array<vec4f>;   // (P)
@group(0) @binding(13) var<storage, read> orthogonal: array<vec4f>;     // (HIDDEN_TO - HIDDEN_FROM), by muon.wgsl
@group(0) @binding(14) var<storage, read> mask: array<vec4f>;           // (P): 0 for a weight that stays zero

// By the bits: a compiler may take it that floating-point numbers are finite.
fn is_finite(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u;
}

var<workgroup> scratch: array<vec2f, GATHERERS>;

// The sum over a workgroup's threads, of which there are `threads`, a power of two: what the first one
// is given. The others get parts of it.
fn sum_of_workgroup(value: vec2f, lane: u32, threads: u32) -> vec2f {
  scratch[lane] = value;
  for (var half = threads / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      scratch[lane] += scratch[lane + half];
    }
  }
  return scratch[lane];
}

// Each thread adds up every SQUARERS-th vector: neighbours read neighbours, and the order is fixed.
@compute @workgroup_size(64)
fn sum_of_squares(@builtin(global_invocation_id) thread: vec3u, @builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var i = thread.x; i < P / 4u; i += SQUARERS) {
    let g = gradients[i];
    sum += dot(g, g);
  }
//#if REDUCE
  let total = sum_of_workgroup(vec2f(sum, 0.0), lane, 64u).x;
  if (lane == 0u) {
    partials[thread.x / 64u] = total;
  }
//#else
  partials[thread.x] = sum;
//#endif
}

// One workgroup. Ends the step: mean loss, norm, clip factor, the optimizer's numbers; then counts the step.
@compute @workgroup_size(GATHERERS)
fn record_step(@builtin(local_invocation_index) lane: u32) {
  var sums = vec2f();  // of the losses and of the squares
  for (var i = lane; i < N; i += GATHERERS) {
    sums.x += losses[i];
  }
  for (var i = lane; i < PARTIALS; i += GATHERERS) {
    sums.y += partial_sums[i];
  }
  sums = sum_of_workgroup(sums, lane, GATHERERS);
  if (lane > 0u) {
    return;
  }
  let loss = sums.x / f32(N);
  let norm = sqrt(sums.y);
  let sound = is_finite(loss) && is_finite(norm);
  let row = schedule[progress.step];
  update.lr = row.x;
  update.correction1 = row.y;
  update.correction2 = row.z;
  update.average_rate = row.w;
  update.sound = select(0u, 1u, sound);
//#if CLIP
  update.clip = min(1.0, MAX_NORM / (norm + 1e-6));
//#else
  update.clip = 1.0;
//#endif
  records[progress.step % RING] = vec4f(loss, norm, row.x, f32(progress.step + 1u));
  progress.step += select(0u, 1u, sound);
}

// A thread for every four elements: tensors begin at multiples of 64, so the four belong together.
@compute @workgroup_size(64)
fn update_parameters(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (workgroup.x + workgroup.y * workgroups.x) * 64u + local;
  if (i >= P / 4u || this_update.sound == 0u) {
    return;
  }
  let lr = this_update.lr;
  var p = parameters[i];
  var g = gradients[i] * this_update.clip;
//#if USE_L2
  if (4u * i < DECAYED) {
    g += L2 * p;
  }
//#endif
  if (4u * i < DECAYED) {
    p *= 1.0 - lr * WEIGHT_DECAY;
  }
//#if MUON
  if (4u * i >= HIDDEN_FROM && 4u * i < HIDDEN_TO) {
    p -= lr * orthogonal[i - HIDDEN_FROM / 4u];
  } else {
//#endif
//#if ADAM
    let m = BETA1 * moment1[i] + ONE_MINUS_BETA1 * g;
    let v = BETA2 * moment2[i] + ONE_MINUS_BETA2 * g * g;
    moment1[i] = m;
    moment2[i] = v;
    p = p - lr * (m * this_update.correction1) / (sqrt(v * this_update.correction2) + EPSILON);
//#endif
//#if MUON
  }
//#endif
//#if SGD
//#if USE_MOMENTUM
  let m = MOMENTUM * moment1[i] + g;
  moment1[i] = m;
//#if NESTEROV
  p -= lr * (g + MOMENTUM * m);
//#else
  p -= lr * m;
//#endif
//#else
  p -= lr * g;
//#endif
//#endif
//#if LION
  let m = moment1[i];
  p -= lr * sign(BETA1 * m + ONE_MINUS_BETA1 * g);
  moment1[i] = BETA2 * m + ONE_MINUS_BETA2 * g;
//#endif
//#if MASKED
  if (4u * i < DECAYED) {
    p = select(p, vec4f(), mask[i] == vec4f());
  }
//#endif
  parameters[i] = p;
//#if AVERAGE
  average[i] += this_update.average_rate * (p - average[i]);
//#endif
}
