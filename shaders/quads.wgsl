// Whether quads are what the kernels take them for: four threads with neighbouring numbers in the workgroup, in order.
// WGSL does not promise it, so it is tried once on each device, with every way to swap and to tell. Each thread writes 1 where it
// holds, 0 where not.

enable subgroups;

@group(0) @binding(0) var<storage, read_write> holds: array<u32>;  // (TX * TY)

@compute @workgroup_size(TX, TY)
fn quads(@builtin(local_invocation_index) index: u32, @builtin(subgroup_invocation_id) invocation: u32) {
  let first = index & ~3u;
  let lane = invocation & 3u;
  let seen = vec4u(index, quadSwapX(index), quadSwapY(index), quadSwapDiagonal(index));
  let told = vec4u(
    quadBroadcast(index, 0u),
    quadBroadcast(index, 1u),
    quadBroadcast(index, 2u),
    quadBroadcast(index, 3u),
  );
  let order = vec4u(0u, 1u, 2u, 3u);
  let right = lane == index - first && all(seen == first + (order ^ vec4u(lane))) && all(told == first + order);
  holds[index] = select(0u, 1u, right);
}
