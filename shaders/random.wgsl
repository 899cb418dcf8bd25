// What is random on the GPU is a hash of a counter, and so the same in every run: put in front of a shader.

// How far a run has come: what the counters are made of.
struct Progress {
  step: u32,
  seed: u32,
}

// The output function of a permuted congruential generator (O'Neill, 2014), used as a hash of 32 bits.
fn hash(input: u32) -> u32 {
  let state = input * 747796405u + 2891336453u;
  let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
  return (word >> 22u) ^ word;
}
