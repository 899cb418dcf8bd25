// Adds up what a kernel has left in parts, always in the same order, because no two of its workgroups may add to one number.
//
//   out[i] (= or +=, ACCUMULATE) sum over the PARTS of parts[part, i]
//
// and the same for a second, shorter array with SECOND, which the threads past the first's end take (a weight's gradient and
// its bias's). The second is zero for the i from IDLE_FROM to IDLE_TO (see linear.ts).
// Sizes: SIZE and SECOND_SIZE pieces: vectors of four where four divides the array, otherwise numbers.

//#if VEC4
alias Piece = vec4f;
//#else
alias Piece = f32;
//#endif
@group(0) @binding(0) var<storage, read> parts: array<Piece>;              // (PARTS, SIZE)
@group(0) @binding(1) var<storage, read_write> out: array<Piece>;          // (SIZE)
@group(0) @binding(2) var<storage, read> second_parts: array<f32>;         // (PARTS, SECOND_SIZE)
@group(0) @binding(3) var<storage, read_write> second_out: array<f32>;     // (SECOND_SIZE)

@compute @workgroup_size(64)
fn combine(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (workgroup.x + workgroup.y * workgroups.x) * 64u + local;
  if (i < SIZE) {
    var sum = parts[i];
    for (var part = 1u; part < PARTS; part++) {
      sum += parts[part * SIZE + i];
    }
//#if ACCUMULATE
    out[i] += sum;
//#else
    out[i] = sum;
//#endif
    return;
  }
//#if SECOND
  let j = i - SIZE;
  if (j < SECOND_SIZE) {
    var sum = second_parts[j];
    for (var part = 1u; part < PARTS; part++) {
      sum += second_parts[part * SECOND_SIZE + j];
    }
    sum = select(sum, 0.0, j >= IDLE_FROM && j < IDLE_TO);
//#if SECOND_ACCUMULATE
    second_out[j] += sum;
//#else
    second_out[j] = sum;
//#endif
  }
//#endif
}
