// Dropout, with what comes after it in a residual branch. Behind random.wgsl and mask.wgsl.
//
//   out[n, c] (= or +=, ACCUMULATE) mask(n, c) * inp[n, c]  (+ residual[n, c], RESIDUAL)
//
// Backward is the same kernel on dout: dinp[n, c] (= or +=) mask(n, c) * dout[n, c].
// Sizes: SIZE pieces in rows of WIDTH: of four elements where four divides C (VEC4), otherwise of one.

//#if VEC4
alias Piece = vec4f;
//#else
alias Piece = f32;
//#endif
@group(0) @binding(0) var<storage, read> inp: array<Piece>;         // (N, C)
@group(0) @binding(1) var<storage, read> residual: array<Piece>;    // (N, C)
@group(0) @binding(2) var<storage, read_write> out: array<Piece>;   // (N, C)

// A thread for each piece.
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
  let row = mask_row(mask_key(), i / WIDTH);
//#if VEC4
  let c = i % WIDTH * 4u;
  var y = vec4f(mask(row, c), mask(row, c + 1u), mask(row, c + 2u), mask(row, c + 3u)) * inp[i];
//#else
  var y = mask(row, i % WIDTH) * inp[i];
//#endif
//#if RESIDUAL
  y += residual[i];
//#endif
//#if ACCUMULATE
  y += out[i];
//#endif
  out[i] = y;
}
