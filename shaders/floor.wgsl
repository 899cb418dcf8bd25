// What no kernel of an adapter can beat: the two rates of a step's floor that need a kernel of their own.

@group(0) @binding(0) var<storage, read> original: array<vec4f>;         // (N)
@group(0) @binding(1) var<storage, read_write> duplicate: array<vec4f>;  // (N)
@group(0) @binding(2) var<storage, read_write> counter: array<u32>;      // (1)

// Copies N vectors: PER_THREAD for each thread, neighbouring threads side by side.
@compute @workgroup_size(256)
fn copy(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = workgroup.x * 256u * PER_THREAD + local;
  for (var i = 0u; i < PER_THREAD; i++) {
    duplicate[first + i * 256u] = original[first + i * 256u];
  }
}

// As little as a dispatch can do and still depend on the one before.
@compute @workgroup_size(1)
fn touch() {
  counter[0] += 1u;
}
