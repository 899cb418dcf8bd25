// Dropout masks (Srivastava et al., 2014), scaled in training so that nothing is to be scaled afterwards. Put in front
// of a shader, after random.wgsl.
//
//   mask(row, i) = 0 with probability DROPOUT, otherwise 1 / (1 - DROPOUT)
//
// A mask is never stored: it is a hash of (seed, step, SITE, row, i), so the backward pass computes it again. SITE
// tells apart the places of a model that drop, and the batches that are accumulated into one step.

@group(0) @binding(15) var<storage, read> progress: Progress;

// Keeps the masks apart from the draws of batches.
const MASKS = 0x64726f70u;

fn mask_key() -> u32 {
  return hash(hash(hash(progress.seed ^ MASKS) ^ progress.step) ^ SITE);
}

fn mask_row(key: u32, row: u32) -> u32 {
  return hash(key ^ row);
}

// Of element i of a row made by `mask_row`.
fn mask(row: u32, i: u32) -> f32 {
  return select(0.0, 1.0 / (1.0 - DROPOUT), hash(row ^ i) >= DROPPED_BELOW);
}
