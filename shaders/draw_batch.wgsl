// Draws a batch of windows from the corpus on the GPU: x the tokens of a window, y the ones that follow each.
//
//   start = FIRST + pick(b);   x[b, t] = corpus[start + t];   y[b, t] = corpus[start + t + 1]
//
// Behind random.wgsl. Training picks at random: a hash of (seed, step, FIRST_ROW + b), so the same step draws the same batch in every run, and a
// resumed run goes on as if it had never stopped. Evaluation (FIXED) picks windows spread evenly over its part of the
// corpus: the same ones at every evaluation. FIRST_ROW counts the rows of the batches that one step draws before this.
// Sizes: B windows of T tokens; WINDOWS places where a window may start; tokens are packed PER_WORD to a u32.

@group(0) @binding(0) var<storage, read> corpus: array<u32>;
@group(0) @binding(1) var<storage, read> progress: Progress;
@group(0) @binding(2) var<storage, read_write> x: array<u32>;  // (B, T)
@group(0) @binding(3) var<storage, read_write> y: array<u32>;  // (B, T)

fn token(at: u32) -> u32 {
  let bits = 32u / PER_WORD;
  return (corpus[at / PER_WORD] >> ((at % PER_WORD) * bits)) & ((1u << bits) - 1u);
}

// A thread for each number of x.
@compute @workgroup_size(64)
fn draw_batch(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (workgroup.x + workgroup.y * workgroups.x) * 64u + local;
  if (i >= B * T) {
    return;
  }
  let b = i / T;
//#if FIXED
  let start = FIRST + ((progress.step * B + b) * STRIDE) % WINDOWS;
//#else
  let start = FIRST + hash(hash(hash(progress.seed) ^ progress.step) ^ (FIRST_ROW + b)) % WINDOWS;
//#endif
  x[i] = token(start + i % T);
  y[i] = token(start + i % T + 1u);
}
