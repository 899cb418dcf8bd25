// Muon's direction for the hidden matrices (Jordan, 2024): momentum, made orthogonal by Newton and Schulz's iteration.
//
//   g = g clip + L2 p,   m = MOMENTUM m + g,   X = g + MOMENTUM m   (NESTEROV; otherwise X = m)
//   X = X / |X|, then five times:   A = X X^T,   B = b A + c A A,   X = a X + B X
//   direction = 0.2 sqrt(max(rows, columns)) X
// with (a, b, c) = (3.4445, -4.7750, 2.0315), which drive every singular value to somewhere about 1. Of a matrix with
// more rows than columns the smaller Gram matrix A = X^T X is taken, and X = a X + X B. |X| is Frobenius's norm, whose
// square is the trace of the first A: the first iteration divides by it, and no pass of its own is needed.
// The factor makes the root mean square of the direction about 0.2, as AdamW's is, so that both share one learning rate
// and one weight decay (Liu et al., 2025, arXiv 2502.16982).
//
// One dispatch treats all matrices of the model, whatever their shapes: `matrices` says where each lies and which
// workgroups are its own. A thread owns 4 x 4 numbers of a product, a workgroup 32 x 32.
// Sizes: MATRICES; HIDDEN elements in the part of the flat buffers that holds them, from HIDDEN_FROM on.

struct Matrix {
  at: u32,           // first element, counted from HIDDEN_FROM
  rows: u32,
  columns: u32,
  gram_at: u32,      // first element of its Gram matrix, of min(rows, columns) squared
  gram_first: u32,   // its first workgroup in a product that makes a Gram matrix
  first: u32,        // its first workgroup in a product that makes a matrix like itself
}

struct Update {
  lr: f32,
  clip: f32,
  correction1: f32,
  correction2: f32,
  average_rate: f32,
  sound: u32,
}

@group(0) @binding(0) var<storage, read> matrices: array<Matrix, MATRICES>;
@group(0) @binding(1) var<storage, read> gradients: array<f32>;      // flat
@group(0) @binding(2) var<storage, read> this_update: Update;
@group(0) @binding(3) var<storage, read> parameters: array<f32>;     // flat
@group(0) @binding(4) var<storage, read_write> moment1: array<f32>;  // flat: m
@group(0) @binding(5) var<storage, read_write> begun: array<f32>;    // (HIDDEN): X before the iteration
@group(0) @binding(6) var<storage, read_write> spare: array<f32>;    // (HIDDEN): zeroed, so that the gaps are zero
@group(0) @binding(7) var<storage, read> x: array<f32>;              // (HIDDEN): X
@group(0) @binding(8) var<storage, read> gram: array<f32>;           // A
@group(0) @binding(9) var<storage, read> polynomial: array<f32>;     // B
@group(0) @binding(10) var<storage, read_write> out: array<f32>;     // A, B or the next X

const A_FACTOR = 3.4445;
const B_FACTOR = -4.7750;
const C_FACTOR = 2.0315;
const EDGE = 32u;  // of a workgroup's part of a product

// A thread for each element.
@compute @workgroup_size(64)
fn muon_momentum(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (workgroup.x + workgroup.y * workgroups.x) * 64u + local;
  if (i >= HIDDEN || this_update.sound == 0u) {
    return;
  }
  let at = HIDDEN_FROM + i;
  let g = gradients[at] * this_update.clip + L2 * parameters[at];
  let m = MOMENTUM * moment1[at] + g;
  moment1[at] = m;
//#if NESTEROV
  begun[i] = g + MOMENTUM * m;
//#else
  begun[i] = m;
//#endif
  spare[i] = 0.0;
}

// The matrix that a workgroup works on, by the first workgroups of all.
fn find(workgroup: u32, is_gram: bool) -> Matrix {
  var i = MATRICES - 1u;
  while (i > 0u && select(matrices[i].first, matrices[i].gram_first, is_gram) > workgroup) {
    i--;
  }
  return matrices[i];
}

// Where a thread's 4 x 4 numbers begin in a product of `columns` columns.
fn corner(workgroup: u32, columns: u32, local: vec3u) -> vec2u {
  let across = (columns + EDGE - 1u) / EDGE;
  return vec2u(workgroup / across, workgroup % across) * EDGE + 4u * vec2u(local.y, local.x);
}

// Frobenius's norm of the X whose Gram matrix is `gram`, plus what keeps a zero from being divided by zero.
fn norm_of(matrix: Matrix) -> f32 {
  let n = min(matrix.rows, matrix.columns);
  var trace = 0.0;
  for (var i = 0u; i < n; i++) {
    trace += gram[matrix.gram_at + i * (n + 1u)];
  }
  return sqrt(trace) + 1e-7;
}

// A = X X^T, or X^T X where there are more rows than columns.
@compute @workgroup_size(8, 8)
fn muon_gram(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) ids: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let workgroup = id.x + id.y * ids.x;
  if (workgroup >= GRAM_WORKGROUPS) {
    return;
  }
  let matrix = find(workgroup, true);
  let tall = matrix.rows > matrix.columns;
  let n = min(matrix.rows, matrix.columns);
  let inner = max(matrix.rows, matrix.columns);
  let across = select(matrix.columns, 1u, tall);  // between the rows of X that are multiplied
  let along = select(1u, matrix.columns, tall);   // between two numbers of such a row
  let at = corner(workgroup - matrix.gram_first, n, local);
  if (at.x >= n || at.y >= n) {
    return;
  }
  // rows past the end repeat the last one: read, never stored
  let i = matrix.at + min(at.x + vec4u(0u, 1u, 2u, 3u), vec4u(n - 1u)) * across;
  let j = matrix.at + min(at.y + vec4u(0u, 1u, 2u, 3u), vec4u(n - 1u)) * across;
  var sums: array<vec4f, 4>;
  for (var k = 0u; k < inner; k++) {
    let step = k * along;
    let q = vec4f(x[j.x + step], x[j.y + step], x[j.z + step], x[j.w + step]);
    sums[0] += x[i.x + step] * q;
    sums[1] += x[i.y + step] * q;
    sums[2] += x[i.z + step] * q;
    sums[3] += x[i.w + step] * q;
  }
  for (var r = 0u; r < 4u && at.x + r < n; r++) {
    for (var c = 0u; c < 4u && at.y + c < n; c++) {
      out[matrix.gram_at + (at.x + r) * n + at.y + c] = sums[r][c];
    }
  }
}

// B = b A + c A A; A is symmetric, and divided by the square of the norm in the FIRST iteration.
@compute @workgroup_size(8, 8)
fn muon_polynomial(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) ids: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let workgroup = id.x + id.y * ids.x;
  if (workgroup >= GRAM_WORKGROUPS) {
    return;
  }
  let matrix = find(workgroup, true);
  let n = min(matrix.rows, matrix.columns);
  let at = corner(workgroup - matrix.gram_first, n, local);
  if (at.x >= n || at.y >= n) {
    return;
  }
  let i = matrix.gram_at + min(at.x + vec4u(0u, 1u, 2u, 3u), vec4u(n - 1u));
  let j = matrix.gram_at + min(at.y + vec4u(0u, 1u, 2u, 3u), vec4u(n - 1u));
  var sums: array<vec4f, 4>;
  for (var k = 0u; k < n; k++) {
    let step = k * n;
    let q = vec4f(gram[j.x + step], gram[j.y + step], gram[j.z + step], gram[j.w + step]);
    sums[0] += gram[i.x + step] * q;
    sums[1] += gram[i.y + step] * q;
    sums[2] += gram[i.z + step] * q;
    sums[3] += gram[i.w + step] * q;
  }
//#if FIRST
  let norm = norm_of(matrix);
  let scale = 1.0 / (norm * norm);
//#else
  let scale = 1.0;
//#endif
  for (var r = 0u; r < 4u && at.x + r < n; r++) {
    for (var c = 0u; c < 4u && at.y + c < n; c++) {
      let place = matrix.gram_at + (at.x + r) * n + at.y + c;
      out[place] = scale * (B_FACTOR * gram[place] + C_FACTOR * scale * sums[r][c]);
    }
  }
}

// X = a X + B X, or a X + X B; divided by the norm in the FIRST iteration, and brought to AdamW's size in the LAST.
@compute @workgroup_size(8, 8)
fn muon_apply(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) ids: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let workgroup = id.x + id.y * ids.x;
  if (workgroup >= WORKGROUPS) {
    return;
  }
  let matrix = find(workgroup, false);
  let M = matrix.rows;
  let N = matrix.columns;
  let at = corner(workgroup - matrix.first, N, local);
  if (at.x >= M || at.y >= N) {
    return;
  }
  let i = min(at.x + vec4u(0u, 1u, 2u, 3u), vec4u(M - 1u));
  let j = min(at.y + vec4u(0u, 1u, 2u, 3u), vec4u(N - 1u));
  var sums: array<vec4f, 4>;
  if (M > N) {
    let row = matrix.at + i * N;
    let column = matrix.gram_at + j;
    for (var k = 0u; k < N; k++) {
      let step = k * N;
      let q = vec4f(
        polynomial[column.x + step],
        polynomial[column.y + step],
        polynomial[column.z + step],
        polynomial[column.w + step],
      );
      sums[0] += x[row.x + k] * q;
      sums[1] += x[row.y + k] * q;
      sums[2] += x[row.z + k] * q;
      sums[3] += x[row.w + k] * q;
    }
  } else {
    let row = matrix.gram_at + i * M;
    let column = matrix.at + j;
    for (var k = 0u; k < M; k++) {
      let step = k * N;
      let q = vec4f(x[column.x + step], x[column.y + step], x[column.z + step], x[column.w + step]);
      sums[0] += polynomial[row.x + k] * q;
      sums[1] += polynomial[row.y + k] * q;
      sums[2] += polynomial[row.z + k] * q;
      sums[3] += polynomial[row.w + k] * q;
    }
  }
  var scale = 1.0;
//#if FIRST
  scale /= norm_of(matrix);
//#endif
//#if LAST
  scale *= 0.2 * sqrt(f32(max(M, N)));
//#endif
  for (var r = 0u; r < 4u && at.x + r < M; r++) {
    for (var c = 0u; c < 4u && at.y + c < N; c++) {
      let place = matrix.at + (at.x + r) * N + at.y + c;
      out[place] = scale * (A_FACTOR * x[place] + sums[r][c]);
    }
  }
}
