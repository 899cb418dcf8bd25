// How far each learnable tensor is moved by one step, or has been moved since the first one.
//
//   norms of a tensor = sum of g^2,  sum of (w - before)^2,  sum of w^2
// with g its gradient before clipping, w its weights and `before` what they were. The square roots are left to the reader.
//
// A tensor begins at a multiple of 64 elements of the flat buffers and the gaps behind it are zero, so a chunk of 64
// belongs to one tensor. First each thread adds up a chunk, then LANES threads the chunks of a tensor: no sum depends on
// who comes first. A piece is a part of the flat buffers, so that what is remembered fits into memory that lies free.
// Sizes: n vectors of four in a piece.

@group(0) @binding(0) var<storage, read> weights: array<vec4f>;         // (n)
@group(0) @binding(1) var<storage, read_write> copy: array<vec4f>;      // (n) = weights
@group(0) @binding(2) var<storage, read> before: array<vec4f>;          // (n)
@group(0) @binding(3) var<storage, read> gradients: array<vec4f>;       // (n)
@group(0) @binding(4) var<storage, read_write> sums: array<vec4f>;      // (n / 16) = by chunk: g, w - before, w, unused
@group(0) @binding(5) var<storage, read> all_sums: array<vec4f>;        // the same of all pieces
@group(0) @binding(6) var<storage, read> tensors: array<vec2u>;         // (tensors): first chunk, number of chunks
@group(0) @binding(7) var<storage, read_write> norms: array<vec4f>;     // (tensors) = as in sums

alias Shared = vec4f;

// A thread for every four elements.
@compute @workgroup_size(64)
fn remember(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (workgroup.x + workgroup.y * workgroups.x) * 64u + local;
  if (i < arrayLength(&weights)) {
    copy[i] = weights[i];
  }
}

// A thread for every chunk.
@compute @workgroup_size(64)
fn sum_chunks(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let chunk = (workgroup.x + workgroup.y * workgroups.x) * 64u + local;
  if (chunk >= arrayLength(&weights) / 16u) {
    return;
  }
  var sum = vec4f();
  for (var i = 16u * chunk; i < 16u * chunk + 16u; i++) {
    let g = gradients[i];
    let w = weights[i];
    let moved = w - before[i];
    sum += vec4f(dot(g, g), dot(moved, moved), dot(w, w), 0.0);
  }
  sums[chunk] = sum;
}

// A workgroup of LANES threads for every tensor.
@compute @workgroup_size(LANES, GROUPS)
fn sum_tensors(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let tensor = tensors[workgroup.x];
  var sum = vec4f();
  for (var chunk = local.x; chunk < tensor.y; chunk += LANES) {
    sum += all_sums[tensor.x + chunk];
  }
  let total = sum_lanes(sum, local.x, local.y);
  if (local.x == 0u) {
    norms[workgroup.x] = total;
  }
}
