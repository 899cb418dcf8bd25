// The three products of Muon's iteration (see muon.wgsl), of all matrices at once; X has no more rows than columns.
//
//   GRAM        A = X X^T
//   POLYNOMIAL  B = b A + c A A            A is symmetric, so that A A^T is taken for A A
//   APPLY       X = a X + B X
// A and B are symmetric: workgroups compute the blocks on and above the diagonal, and write those above it below it as well.
// In the first iteration what is read has not been divided by X's norm yet: `scales` has 1 / |X|, and later ones. The LAST iteration
// brings X to the size of an AdamW step, and transposes a matrix back that has more rows than columns.
//
// This file stands in for matmul.wgsl: it has the operands and the way out. One of matmul_register.wgsl and matmul_shared.wgsl is
// put behind it, and muon_matrices.wgsl in front. Their sizes M, N and K are of the matrix that a workgroup works on.

//#if VEC4
@group(0) @binding(1) var<storage, read> a: array<vec4f>;         // X, A or B
@group(0) @binding(2) var<storage, read> b: array<vec4f>;         // X (APPLY)
//#else
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
//#endif
//#if OUT_VEC4
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>; // A, B or the next X
//#else
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
//#endif
@group(0) @binding(4) var<storage, read> scales: array<f32>;      // (MATRICES)

const A_FACTOR = 3.4445;
const B_FACTOR = -4.7750;
const C_FACTOR = 2.0315;

var<private> M: u32;
var<private> N: u32;
var<private> K: u32;
var<private> A_WIDTH: u32;
var<private> B_WIDTH: u32;
// Where the operands and the result begin, by what X and what the product's way out is multiplied.
var<private> a_at: u32;
var<private> b_at: u32;
var<private> out_at: u32;
var<private> scale: f32;
var<private> last_scale: f32;
var<private> is_tall: bool;
var<private> is_mirrored: bool;

fn share(workgroup: vec3u) -> vec3u {
  let number = workgroup.x + workgroup.y * ACROSS;
  if (number >= WORKGROUPS) {
    return vec3u(); // of a product without rows
  }
  let index = number_of(number, !APPLY);
  let matrix = matrices[index];
  let n = min(matrix.rows, matrix.columns);
  let inner = max(matrix.rows, matrix.columns);
  is_tall = matrix.rows > matrix.columns;
  M = n;
//#if !GRAM
  scale = scales[index];
//#endif
//#if LAST
  last_scale = 0.2 * sqrt(f32(inner));
//#else
  last_scale = 1.0;
//#endif
  N = select(n, inner, APPLY);
  K = select(n, inner, GRAM);
  A_WIDTH = K;
  B_WIDTH = select(K, inner, APPLY);
  a_at = select(matrix.gram_at, matrix.at, GRAM);
  b_at = select(matrix.at, matrix.gram_at, POLYNOMIAL);
  out_at = select(matrix.gram_at, matrix.at, APPLY);
//#if APPLY
  let block = number - matrix.first[WHICH];
  let across = blocks(inner);
  return vec3u(block % across, block / across, n);
//#else
  var column = number - matrix.gram_first[WHICH]; // counted from the diagonal
  var row = 0u;
  for (var across = blocks(n); column >= across; across--) {
    column -= across;
    row++;
  }
  is_mirrored = column > 0u;
  return vec3u(row + column, row, select(n, inner, GRAM));
//#endif
}

// As in matmul.wgsl.
fn load_a(row: u32, column: u32) -> vec4f {
//#if VEC4
  return a[(a_at + row + column) >> 2u];
//#else
  let at = a_at + row + min(column + vec4u(0u, 1u, 2u, 3u), vec4u(A_WIDTH - 1u));
  return select(vec4f(), vec4f(a[at.x], a[at.y], a[at.z], a[at.w]), column + vec4u(0u, 1u, 2u, 3u) < vec4u(A_WIDTH));
//#endif
}

fn load_b(row: u32, column: u32) -> vec4f {
//#if VEC4
//#if APPLY
  return b[(b_at + row + column) >> 2u];
//#else
  return a[(b_at + row + column) >> 2u];
//#endif
//#else
  let at = b_at + row + min(column + vec4u(0u, 1u, 2u, 3u), vec4u(B_WIDTH - 1u));
//#if APPLY
  let v = vec4f(b[at.x], b[at.y], b[at.z], b[at.w]);
//#else
  let v = vec4f(a[at.x], a[at.y], a[at.z], a[at.w]);
//#endif
  return select(vec4f(), v, column + vec4u(0u, 1u, 2u, 3u) < vec4u(B_WIDTH));
//#endif
}

fn scaled(sum: vec4f, n: u32) -> vec4f {
  return sum;
}

fn load_bias(n: u32) -> vec4f {
  return vec4f();
}

fn finish_bias(sums: vec4f, m: u32) {}

// What lies in the result's place, from the row of `a` or `b` that has the result's width.
alias Beside = vec4f;

fn beside(m: u32, n: u32) -> Beside {
//#if POLYNOMIAL
  return load_a(m * N, n);
//#else
//#if APPLY
  return load_b(m * N, n);
//#else
  return vec4f();
//#endif
//#endif
}

fn finish(sum: vec4f, found: Beside, m: u32, n: u32) {
//#if GRAM
  let y = sum;
//#endif
//#if POLYNOMIAL
  let y = scale * scale * (B_FACTOR * found + C_FACTOR * scale * scale * sum);
//#endif
//#if APPLY
  let y = last_scale * scale * (A_FACTOR * found + sum);
//#endif
//#if OUT_VEC4
  out[(out_at + m * N + n) >> 2u] = y;
//#else
  for (var j = 0u; j < 4u && n + j < N; j++) {
//#if LAST
    out[out_at + select(m * N + n + j, (n + j) * M + m, is_tall)] = y[j];
//#else
    out[out_at + m * N + n + j] = y[j];
//#endif
//#if !APPLY
    if (is_mirrored) {
      out[out_at + (n + j) * N + m] = y[j];
    }
//#endif
  }
//#endif
}
