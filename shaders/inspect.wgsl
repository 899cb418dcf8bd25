// What is computed only for somebody who looks: training and generation keep none of this in memory.
//
//   copy_sequence            out[i] = inp[chosen SIZE + i]: one sequence of a batch, before its memory is used again;
//                            from f16 with HALF, which matrix products may read
//   attention_probabilities  out[h, t, u] = exp(s[t, u]) / (sum over u <= t of exp(s[t, u])), 0 for u > t,
//                            s[t, u] = SCALE dot(q[t], k[u]), of one sequence of a batch, as attention.wgsl mixes values
//                            with them (before dropout, where a training step drops some)
//   softmax                  out[n, v] = exp(inp[n, v]) / (sum over v of exp(inp[n, v]))
//
// The highest number of a row is subtracted first, so that no exponential overflows. A thread owns a row and walks it
// three times; it is not meant to be fast. All outputs are written with `=`.
// Sizes: SIZE numbers a sequence; T tokens, NH heads, HS channels a head, C = NH HS; N rows of V numbers.

@group(0) @binding(0) var<storage, read> chosen: array<u32>;      // (1): which sequence of the batch
//#if HALF
@group(0) @binding(1) var<storage, read> inp: array<u32>;         // (B, SIZE) of f16, two a word
//#else
@group(0) @binding(1) var<storage, read> inp: array<f32>;         // (B, SIZE); (N, V)
//#endif
@group(0) @binding(2) var<storage, read> qkv: array<f32>;         // (B, T, 3 C)
@group(0) @binding(3) var<storage, read_write> out: array<f32>;   // (SIZE); (NH, T, T); (N, V)

//#if COPY
@compute @workgroup_size(64)
fn copy_sequence(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (workgroup.x + workgroup.y * workgroups.x) * 64u + local;
  if (i < SIZE) {
    let at = chosen[0] * SIZE + i;
//#if HALF
    out[i] = unpack2x16float(inp[at / 2u])[at % 2u];
//#else
    out[i] = inp[at];
//#endif
  }
}
//#endif

//#if PROBABILITIES
fn score(t: u32, u: u32, head: u32) -> f32 {
  let q_at = (chosen[0] * T + t) * 3u * C + head * HS;
  let k_at = (chosen[0] * T + u) * 3u * C + C + head * HS;
  var sum = 0.0;
  for (var c = 0u; c < HS; c++) {
    sum += qkv[q_at + c] * qkv[k_at + c];
  }
  return SCALE * sum;
}

// A thread for each row (h, t).
@compute @workgroup_size(64)
fn attention_probabilities(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let row = (workgroup.x + workgroup.y * workgroups.x) * 64u + local;
  if (row >= NH * T) {
    return;
  }
  let head = row / T;
  let t = row % T;
  var highest = -3.4e38;
  for (var u = 0u; u <= t; u++) {
    let s = score(t, u, head);
    out[row * T + u] = s;
    highest = max(highest, s);
  }
  var sum = 0.0;
  for (var u = 0u; u <= t; u++) {
    sum += exp(out[row * T + u] - highest);
  }
  for (var u = 0u; u < T; u++) {
    if (u <= t) {
      out[row * T + u] = exp(out[row * T + u] - highest) / sum;
    } else {
      out[row * T + u] = 0.0;
    }
  }
}
//#endif

//#if SOFTMAX
// A thread for each row.
@compute @workgroup_size(64)
fn softmax(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let row = (workgroup.x + workgroup.y * workgroups.x) * 64u + local;
  if (row >= N) {
    return;
  }
  var highest = -3.4e38;
  for (var v = 0u; v < V; v++) {
    highest = max(highest, inp[row * V + v]);
  }
  var sum = 0.0;
  for (var v = 0u; v < V; v++) {
    sum += exp(inp[row * V + v] - highest);
  }
  for (var v = 0u; v < V; v++) {
    out[row * V + v] = exp(inp[row * V + v] - highest) / sum;
  }
}
//#endif
