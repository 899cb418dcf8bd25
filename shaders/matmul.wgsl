// Matrix product with everything that a linear layer wants done to it on the way out.
//
//   out[m, n] (= or +=) finish( sum over k of  a(m, k) * b(k, n) )
//
// Three layouts, all from row-major memory:
//   forward   Y  = X W^T    a = X  (M, K)   b = W  (N, K)   B_TRANSPOSED
//   d input   dX = dY W     a = dY (M, K)   b = W  (K, N)
//   d weight  dW = dY^T X   a = dY (K, M)   b = X  (K, N)   A_TRANSPOSED
//
// finish, in this order, each where its constant is set:
//   BIAS        + bias[n]
//   ACTIVATION  act(z), and with KEEP_SLOPE slope[m, n] = act'(z), which is all that the backward needs of z
//   DERIVATIVE  * slope[m, n]                        (turns d act(z) into dz)
//   RESIDUAL    + residual[m, n]
//   ACCUMULATE  + out[m, n]                          (`+=`; otherwise `=`)
// PACKED (forward only): b holds words, see packed.wgsl, in rows of B_WIDTH numbers, and every sum is multiplied by
// b_scale[n] before anything else is done to it.
// BIAS_GRADIENT (d weight only): dbias[m] (= or += by BIAS_ACCUMULATE) sum over k of a(m, k), by the threads of the
// first column; zero for the m from IDLE_FROM to IDLE_TO, where the sum is known to be zero (see linear.ts).
//
// With A_HALF, B_HALF and OUT_HALF that operand, or the result, is stored in f16; sums are in f32 always. A number that
// f16 cannot hold is stored as the largest that it can (`narrow`).
//
// This file has the operands and the way out. How the sums are computed stands in matmul_register.wgsl, matmul_shared.wgsl and
// matmul_matrix.wgsl, one of which is put behind it. Where sums are split (SPLIT, in the last two), out is (SLICES, M, N) and
// dbias (SLICES, M), and combine.wgsl adds them up, idle parts as zero. Sizes: M, N, K.

//#if HALF
enable f16;
//#endif
//#if A_HALF
alias A1 = f16;
alias A4 = vec4h;
//#else
alias A1 = f32;
alias A4 = vec4f;
//#endif
//#if B_HALF
alias B1 = f16;
alias B4 = vec4h;
//#else
alias B1 = f32;
alias B4 = vec4f;
//#endif
//#if OUT_HALF
alias Out1 = f16;
alias Out4 = vec4h;
//#else
alias Out1 = f32;
alias Out4 = vec4f;
//#endif

//#if A_VEC4
@group(0) @binding(0) var<storage, read> a: array<A4>;
//#else
@group(0) @binding(0) var<storage, read> a: array<A1>;
//#endif
//#if PACKED
@group(0) @binding(1) var<storage, read> b: array<u32>;
@group(0) @binding(8) var<storage, read> b_scale: array<f32>;           // (N)
//#else
//#if B_VEC4
@group(0) @binding(1) var<storage, read> b: array<B4>;
//#else
@group(0) @binding(1) var<storage, read> b: array<B1>;
//#endif
//#endif
//#if OUT_VEC4
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;            // (N)
@group(0) @binding(3) var<storage, read> residual: array<vec4f>;        // (M, N)
@group(0) @binding(4) var<storage, read_write> slope: array<vec4f>;     // (M, N)
@group(0) @binding(5) var<storage, read_write> out: array<Out4>;        // (M, N)
@group(0) @binding(7) var<storage, read> saved_slope: array<vec4f>;     // (M, N)
//#else
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<f32>;
@group(0) @binding(4) var<storage, read_write> slope: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<Out1>;
@group(0) @binding(7) var<storage, read> saved_slope: array<f32>;
//#endif
@group(0) @binding(6) var<storage, read_write> dbias: array<f32>;       // (M)

// Which block of the outputs a workgroup computes, along n and m, and of how many terms their sums are.
fn share(workgroup: vec3u) -> vec3u {
  return vec3u(workgroup.xy, K);
}

// Four numbers of the row of `a` that begins at `row`. Past the row's end they are zero, so that they add nothing to a
// product; where rows are read whole vectors at a time, what lies past the end is in columns that are never stored.
fn load_a(row: u32, column: u32) -> vec4f {
//#if A_VEC4
  return vec4f(a[(row + column) >> 2u]);
//#else
  let at = row + min(column + vec4u(0u, 1u, 2u, 3u), vec4u(A_WIDTH - 1u));
  let v = vec4f(f32(a[at.x]), f32(a[at.y]), f32(a[at.z]), f32(a[at.w]));
  return select(vec4f(), v, column + vec4u(0u, 1u, 2u, 3u) < vec4u(A_WIDTH));
//#endif
}

fn load_b(row: u32, column: u32) -> vec4f {
//#if PACKED
  return unpack4(b[(row + column) / PER_WORD], (column % PER_WORD) >> 2u);
//#else
//#if B_VEC4
  return vec4f(b[(row + column) >> 2u]);
//#else
  let at = row + min(column + vec4u(0u, 1u, 2u, 3u), vec4u(B_WIDTH - 1u));
  let v = vec4f(f32(b[at.x]), f32(b[at.y]), f32(b[at.z]), f32(b[at.w]));
  return select(vec4f(), v, column + vec4u(0u, 1u, 2u, 3u) < vec4u(B_WIDTH));
//#endif
//#endif
}

// A sum of products, in the units of what b stands for.
fn scaled(sum: vec4f, n: u32) -> vec4f {
//#if PACKED
  let last = N - 1u;
  return sum * vec4f(b_scale[n], b_scale[min(n + 1u, last)], b_scale[min(n + 2u, last)], b_scale[min(n + 3u, last)]);
//#else
  return sum;
//#endif
}

// Four numbers of the bias; past the end they repeat the last one, and are never stored.
fn load_bias(n: u32) -> vec4f {
//#if BIAS
//#if OUT_VEC4
  return bias[n >> 2u];
//#else
  return vec4f(bias[n], bias[min(n + 1u, N - 1u)], bias[min(n + 2u, N - 1u)], bias[min(n + 3u, N - 1u)]);
//#endif
//#else
  return vec4f();
//#endif
}

//#if HALF
const LARGEST_HALF = vec4f(65504.0);

fn narrow(v: vec4f) -> vec4h {
  return vec4h(clamp(v, -LARGEST_HALF, LARGEST_HALF));
}
//#endif

// Four numbers each of what the way out reads, apart from it, so that a kernel may ask for many before it stores any: what is read
// behind a store waits for it.
struct Beside {
  factor: vec4f,  // the slope
  addend: vec4f,  // the residual
  before: vec4f,
}

fn beside(m: u32, n: u32) -> Beside {
  var found: Beside;
//#if OUT_VEC4
  let at = (m * N + n) >> 2u;
//#if DERIVATIVE
  found.factor = saved_slope[at];
//#endif
//#if RESIDUAL
  found.addend = residual[at];
//#endif
//#if ACCUMULATE
  found.before = vec4f(out[at]);
//#endif
//#else
  //#repeat j 4
  let at = m * N + min(n + j, N - 1u);
//#if DERIVATIVE
  found.factor[j] = saved_slope[at];
//#endif
//#if RESIDUAL
  found.addend[j] = residual[at];
//#endif
//#if ACCUMULATE
  found.before[j] = f32(out[at]);
//#endif
  //#endrepeat
//#endif
  return found;
}

fn finish(z: vec4f, found: Beside, m: u32, n: u32) {
  var v = z;
//#if ACTIVATION
  v = activation(z);
//#if KEEP_SLOPE
  let dv = activation_slope(z);
//#endif
//#endif
//#if DERIVATIVE
  v *= found.factor;
//#endif
//#if RESIDUAL
  v += found.addend;
//#endif
//#if ACCUMULATE
  v += found.before;
//#endif
//#if OUT_VEC4
  let at = (m * N + n) >> 2u;
//#if KEEP_SLOPE
  slope[at] = dv;
//#endif
//#if OUT_HALF
  out[at] = narrow(v);
//#else
  out[at] = v;
//#endif
//#else
  //#repeat j 4
  if (n + j < N) {
    let at = m * N + n + j;
//#if KEEP_SLOPE
    slope[at] = dv[j];
//#endif
//#if OUT_HALF
    out[at] = narrow(vec4f(v[j])).x;
//#else
    out[at] = v[j];
//#endif
  }
  //#endrepeat
//#endif
}

// Four of the column sums of `a`, which are the bias's gradient.
fn finish_bias(sums: vec4f, m: u32) {
//#if BIAS_GRADIENT
  for (var i = 0u; i < 4u && m + i < M; i++) {
    let sum = select(sums[i], 0.0, m + i >= IDLE_FROM && m + i < IDLE_TO);
//#if BIAS_ACCUMULATE
    dbias[m + i] += sum;
//#else
    dbias[m + i] = sum;
//#endif
  }
//#endif
}
