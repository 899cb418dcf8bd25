// matvec.wgsl for a matrix of 8 or 4 bits a number: what is read is a quarter or an eighth of it, and what is multiplied
// are the packed numbers themselves; a row's scale comes in once, at the end.
//
//   out[m, n] = act( scale[n] * sum over k of x[m, k] * q[n, k] + bias[n] )  or  that without act, + residual[m, n]  `=`
//
// Put behind lanes.wgsl and packed.wgsl. LANES threads share a row of the matrix, in turns of one word each; a thread has
// COLUMNS rows of it at a time. Sizes: M rows, N results a row, K numbers a sum in WORDS words of PARTS times four.

//#if VEC4
@group(0) @binding(0) var<storage, read> x: array<vec4f>;             // (M, K)
//#else
@group(0) @binding(0) var<storage, read> x: array<f32>;
//#endif
@group(0) @binding(1) var<storage, read> weight: array<u32>;          // (N, WORDS)
@group(0) @binding(2) var<storage, read> weight_scale: array<f32>;    // (N)
@group(0) @binding(3) var<storage, read> bias: array<f32>;            // (N)
@group(0) @binding(4) var<storage, read> residual: array<f32>;        // (M, N)
@group(0) @binding(5) var<storage, read_write> out: array<f32>;       // (M, N)

alias Shared = f32;

// Four numbers of a row, from k on; zero past its end.
fn load_x(m: u32, k: u32) -> vec4f {
//#if VEC4
//#if RAGGED
  return select(vec4f(), x[(m * K + min(k, K - 4u)) >> 2u], k < K);
//#else
  return x[(m * K + k) >> 2u];
//#endif
//#else
  var v = vec4f();
  for (var i = 0u; i < 4u; i++) {
    if (k + i < K) {
      v[i] = x[m * K + k + i];
    }
  }
  return v;
//#endif
}

fn finish(sum: f32, m: u32, n: u32) {
  var v = sum * weight_scale[n];
//#if BIAS
  v += bias[n];
//#endif
//#if ACTIVATION
  v = activation(vec4f(v)).x;
//#endif
//#if RESIDUAL
  v += residual[m * N + n];
//#endif
  out[m * N + n] = v;
}

// Workgroup (LANES, GROUPS): each y has COLUMNS results of every row, its x share their sums.
@compute @workgroup_size(LANES, GROUPS)
fn matvec_packed(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let n = ((workgroup.x + workgroup.y * workgroups.x) * GROUPS + local.y) * COLUMNS;
  var sums: array<f32, M * COLUMNS>;  // row m, column j at m * COLUMNS + j
  var pieces: array<vec4f, M * PARTS>;
  // columns past the end repeat the last one and are not stored: all of a workgroup must meet at the barriers
  var rows: array<u32, COLUMNS>;
  //#repeat j COLUMNS
  rows[j] = min(n + j, N - 1u) * WORDS;
  //#endrepeat
  for (var word = local.x; word < WORDS; word += LANES) {
    //#repeat m M
    //#repeat part PARTS
    pieces[m * PARTS + part] = load_x(m, 4u * (word * PARTS + part));
    //#endrepeat
    //#endrepeat
    //#repeat j COLUMNS
    let packed = weight[rows[j] + word];
    //#repeat part PARTS
    let w = unpack4(packed, part);
    //#repeat m M
    sums[m * COLUMNS + j] += dot(pieces[m * PARTS + part], w);
    //#endrepeat
    //#endrepeat
    //#endrepeat
  }
  //#repeat j COLUMNS
  //#repeat m M
  let sum = sum_lanes(sums[m * COLUMNS + j], local.x, local.y);
  if (local.x == 0u && n + j < N) {
    finish(sum, m, n + j);
  }
  //#endrepeat
  //#endrepeat
}
