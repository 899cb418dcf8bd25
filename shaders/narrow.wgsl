// Copies f32 numbers as f16: what products read, made anew from the f32 weights in every step.
//
//   narrowed[i'] = original[i], at most the largest number of f16 in size
//
// With PLACES block b of 64 numbers goes to block places[b] of the result, whose tensors lie closer; without it all stay
// where they are. One thread takes four numbers; VECTORS of four in all. Writes with `=`.

enable f16;

@group(0) @binding(0) var<storage, read> original: array<vec4f>;
@group(0) @binding(1) var<storage, read> places: array<u32>;
@group(0) @binding(2) var<storage, read_write> narrowed: array<vec4h>;

const LARGEST_HALF = vec4f(65504.0);

@compute @workgroup_size(64)
fn narrow(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let i = (workgroup.x + workgroup.y * workgroups.x) * 64u + local.x;
  if (i >= VECTORS) {
    return;
  }
//#if PLACES
  let to = places[i / 16u] * 16u + i % 16u;
//#else
  let to = i;
//#endif
  narrowed[to] = vec4h(clamp(original[i], -LARGEST_HALF, LARGEST_HALF));
}
