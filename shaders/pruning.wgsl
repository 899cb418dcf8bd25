// Keeps pruned weights out of a training step: their gradients are set to zero before anything reads them, so that they
// count neither in the gradient's norm nor in a moment.
//
//   g = 0 where mask = 0       in place, for the decayed elements, which come first and are those of matrices
//
// What Muon makes of a gradient is zero nowhere: optimizer.wgsl sets the weights themselves to zero again.
// Sizes: DECAYED elements, a multiple of 64.

@group(0) @binding(0) var<storage, read> mask: array<vec4f>;             // (P): 1, or 0 for a weight that stays zero
@group(0) @binding(1) var<storage, read_write> gradients: array<vec4f>;  // (P)

// A thread for every four elements.
@compute @workgroup_size(64)
fn mask_gradients(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (workgroup.x + workgroup.y * workgroups.x) * 64u + local;
  if (i < DECAYED / 4u) {
    gradients[i] = select(gradients[i], vec4f(), mask[i] == vec4f());
  }
}
