// Muon's direction for the hidden matrices (Jordan, 2024): momentum, made orthogonal by Newton and Schulz's iteration.
//
//   g = g clip + L2 p,   m = MOMENTUM m + g,   X = g + MOMENTUM m   (NESTEROV; otherwise X = m)
//   X = X / |X|, then five times:   A = X X^T,   B = b A + c A A,   X = a X + B X
//   direction = 0.2 sqrt(max(rows, columns)) X
// with (a, b, c) = (3.4445, -4.7750, 2.0315), which drive every singular value to somewhere about 1. A matrix with more rows
// than columns is transposed on the way in and out, so that A is the smaller Gram matrix of the two. |X| is Frobenius's norm,
// whose square is the trace of the first A: the first iteration divides by it, and no pass over X is needed.
// The factor makes the root mean square of the direction about 0.2, as AdamW's is, so that both share one learning rate
// and one weight decay (Liu et al., 2025, arXiv 2502.16982).
//
// One dispatch treats all matrices of the model, whatever their shapes: `matrices` says where each lies and which workgroups are
// its own. This file has what comes before the products, and their norms; muon_product.wgsl the products. Put behind
// muon_matrices.wgsl. Sizes: HIDDEN elements in the part of the flat buffers that holds the matrices, from HIDDEN_FROM on.

struct Update {
  lr: f32,
  clip: f32,
  correction1: f32,
  correction2: f32,
  average_rate: f32,
  sound: u32,
}

@group(0) @binding(1) var<storage, read> gradients: array<f32>;      // flat
@group(0) @binding(2) var<storage, read> this_update: Update;
@group(0) @binding(3) var<storage, read> parameters: array<f32>;     // flat
@group(0) @binding(4) var<storage, read_write> moment1: array<f32>;  // flat: m
@group(0) @binding(5) var<storage, read_write> begun: array<f32>;    // (HIDDEN): X before the iteration
@group(0) @binding(6) var<storage, read_write> spare: array<f32>;    // (HIDDEN): zeroed between the matrices
@group(0) @binding(7) var<storage, read> gram: array<f32>;           // A
@group(0) @binding(8) var<storage, read_write> scales: array<f32>;   // (MATRICES): 1 / |X|
@group(0) @binding(9) var<storage, read_write> ones: array<f32>;     // (MATRICES): what divides an X that has been divided

alias Shared = f32;

const THREADS = 64u;

// A workgroup for each block of EDGE x EDGE numbers of the matrices as they lie in memory.
@compute @workgroup_size(THREADS)
fn muon_momentum(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let number = workgroup.x + workgroup.y * ACROSS;
  if (number >= WORKGROUPS || this_update.sound == 0u) {
    return;
  }
  let matrix = matrix_of(number, false);
  let is_tall = matrix.rows > matrix.columns;
  let block = number - matrix.first[WHICH];
  let across = blocks(matrix.columns);
  let corner = EDGE * vec2u(block / across, block % across);
  for (var i = local; i < EDGE * EDGE; i += THREADS) {
    let row = corner.x + i / EDGE;
    let column = corner.y + i % EDGE;
    if (row < matrix.rows && column < matrix.columns) {
      let at = HIDDEN_FROM + matrix.at + row * matrix.columns + column;
      let g = gradients[at] * this_update.clip + L2 * parameters[at];
      let m = MOMENTUM * moment1[at] + g;
      moment1[at] = m;
      let place = matrix.at + select(row * matrix.columns + column, column * matrix.rows + row, is_tall);
//#if NESTEROV
      begun[place] = g + MOMENTUM * m;
//#else
      begun[place] = m;
//#endif
    }
  }
  // what lies between this matrix and the next is no direction to go in
  let end = matrix.at + matrix.rows * matrix.columns;
  if (block == 0u && end + local < HIDDEN && local < (ALIGNMENT - end % ALIGNMENT) % ALIGNMENT) {
    spare[end + local] = 0.0;
  }
}

// A workgroup of LANES threads for each matrix: one over Frobenius's norm of the X whose Gram matrix is `gram`; what is added keeps
// a zero from being divided by zero. Put behind lanes.wgsl.
@compute @workgroup_size(LANES)
fn muon_norm(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let matrix = matrices[workgroup.x];
  let n = min(matrix.rows, matrix.columns);
  var part = 0.0;
  for (var i = lane; i < n; i += LANES) {
    part += gram[matrix.gram_at + i * (n + 1u)];
  }
  let trace = sum_lanes(part, lane, 0u);
  if (lane == 0u) {
    scales[workgroup.x] = 1.0 / (sqrt(trace) + 1e-7);
    ones[workgroup.x] = 1.0;
  }
}
