// Dropout, with what comes after it in a residual branch. Behind random.wgsl and mask.wgsl.
//
//   out[n, c] (= or +=, ACCUMULATE) mask(n, c) * inp[n, c]  (+ residual[n, c], RESIDUAL)
//
// Backward is the same kernel on dout: dinp[n, c] (= or +=) mask(n, c) * dout[n, c].
// Sizes: SIZE elements in rows of C.

@group(0) @binding(0) var<storage, read> inp: array<f32>;         // (N, C)
@group(0) @binding(1) var<storage, read> residual: array<f32>;    // (N, C)
@group(0) @binding(2) var<storage, read_write> out: array<f32>;   // (N, C)

// A thread for each element.
@compute @workgroup_size(64)
fn dropout(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (workgroup.x + workgroup.y * workgroups.x) * 64u + local;
  if (i >= SIZE) {
    return;
  }
  var y = mask(mask_row(mask_key(), i / C), i % C) * inp[i];
//#if RESIDUAL
  y += residual[i];
//#endif
//#if ACCUMULATE
  y += out[i];
//#endif
  out[i] = y;
}
