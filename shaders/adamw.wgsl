// Global gradient norm, clipping and AdamW (Loshchilov and Hutter, 2019, arXiv 1711.05101) over the flat buffers.
//
//   norm = sqrt(sum of g^2),   clip = min(1, MAX_NORM / (norm + 1e-6))   (1 where CLIP is off)
//   m = BETA1 m + (1 - BETA1) g clip
//   v = BETA2 v + (1 - BETA2) (g clip)^2
//   p = p (1 - lr WEIGHT_DECAY) - lr (m / (1 - BETA1^step)) / (sqrt(v / (1 - BETA2^step)) + EPSILON)
// with the decay, decoupled from the gradient, for the first DECAYED elements only: nanoGPT decays the tensors of two
// or more dimensions, and the layout puts these first.
//
// Three dispatches: partial sums of squares, then one workgroup that adds them up and records the step, then the
// update. The step number lives on the GPU and the schedule is a table, so nothing is uploaded between steps.
// Sizes: P elements in each flat buffer; PARTIALS threads in the first pass; N rows of losses; RING records.

struct Progress {
  step: u32,
  seed: u32,
}

// What the update needs to know of its step.
struct Update {
  lr: f32,
  clip: f32,
  correction1: f32,  // 1 / (1 - BETA1^step)
  correction2: f32,  // 1 / (1 - BETA2^step)
}

@group(0) @binding(0) var<storage, read> gradients: array<f32>;         // (P)
@group(0) @binding(1) var<storage, read_write> partials: array<f32>;    // (PARTIALS)
@group(0) @binding(2) var<storage, read> partial_sums: array<f32>;      // (PARTIALS), the same, read
@group(0) @binding(3) var<storage, read> losses: array<f32>;            // (N)
@group(0) @binding(4) var<storage, read> schedule: array<vec4f>;        // (steps): lr, correction1, correction2, unused
@group(0) @binding(5) var<storage, read_write> progress: Progress;
@group(0) @binding(6) var<storage, read_write> update: Update;
@group(0) @binding(7) var<storage, read_write> records: array<vec4f>;   // (RING): loss, gradient norm, lr, unused
@group(0) @binding(8) var<storage, read> this_update: Update;
@group(0) @binding(9) var<storage, read_write> parameters: array<f32>;  // (P)
@group(0) @binding(10) var<storage, read_write> moment1: array<f32>;    // (P)
@group(0) @binding(11) var<storage, read_write> moment2: array<f32>;    // (P)

// Each thread adds up every PARTIALS-th element: neighbours read neighbours, and the order is fixed.
@compute @workgroup_size(64)
fn sum_of_squares(@builtin(global_invocation_id) thread: vec3u) {
  if (thread.x >= PARTIALS) {
    return;
  }
  var sum = 0.0;
  for (var i = thread.x; i < P; i += PARTIALS) {
    sum += gradients[i] * gradients[i];
  }
  partials[thread.x] = sum;
}

var<workgroup> scratch: array<vec2f, 64>;

// One workgroup. Ends the step: mean loss, norm, clip factor, the optimizer's numbers; then counts the step.
@compute @workgroup_size(64)
fn record_step(@builtin(local_invocation_index) lane: u32) {
  var sums = vec2f();  // of the losses and of the squares
  for (var i = lane; i < N; i += 64u) {
    sums.x += losses[i];
  }
  for (var i = lane; i < PARTIALS; i += 64u) {
    sums.y += partial_sums[i];
  }
  scratch[lane] = sums;
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      scratch[lane] += scratch[lane + half];
    }
  }
  if (lane > 0u) {
    return;
  }
  let norm = sqrt(scratch[0].y);
  let row = schedule[progress.step];
  update.lr = row.x;
  update.correction1 = row.y;
  update.correction2 = row.z;
//#if CLIP
  update.clip = min(1.0, MAX_NORM / (norm + 1e-6));
//#else
  update.clip = 1.0;
//#endif
  records[progress.step % RING] = vec4f(scratch[0].x / f32(N), norm, row.x, 0.0);
  progress.step += 1u;
}

// A thread for each element.
@compute @workgroup_size(64)
fn adamw(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (workgroup.x + workgroup.y * workgroups.x) * 64u + local;
  if (i >= P) {
    return;
  }
  let g = gradients[i] * this_update.clip;
  let m = BETA1 * moment1[i] + ONE_MINUS_BETA1 * g;
  let v = BETA2 * moment2[i] + ONE_MINUS_BETA2 * g * g;
  moment1[i] = m;
  moment2[i] = v;
  var p = parameters[i];
  if (i < DECAYED) {
    p *= 1.0 - this_update.lr * WEIGHT_DECAY;
  }
  parameters[i] = p - this_update.lr * (m * this_update.correction1) / (sqrt(v * this_update.correction2) + EPSILON);
}
