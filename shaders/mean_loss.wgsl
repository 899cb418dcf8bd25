// Ends one batch of an evaluation: writes its mean loss and counts it.
//
//   records[progress.step] = mean over n of losses[n];   progress.step += 1
// Behind random.wgsl, which declares Progress. Sizes: N rows of losses. One workgroup.

@group(0) @binding(0) var<storage, read> losses: array<f32>;         // (N)
@group(0) @binding(1) var<storage, read_write> progress: Progress;
@group(0) @binding(2) var<storage, read_write> records: array<f32>;  // (batches)

var<workgroup> scratch: array<f32, 64>;

@compute @workgroup_size(64)
fn mean_loss(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var i = lane; i < N; i += 64u) {
    sum += losses[i];
  }
  scratch[lane] = sum;
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      scratch[lane] += scratch[lane + half];
    }
  }
  if (lane == 0u) {
    records[progress.step] = scratch[0] / f32(N);
    progress.step += 1u;
  }
}
