// Causal multi-head self-attention, without ever storing the T x T matrix.
//
// For each batch row and head, with q, k, v the rows of the packed input (nanoGPT's order q | k | v):
//   s[t, u] = SCALE * dot(q[t], k[u]) for u <= t,  SCALE = 1 / sqrt(HS)
//   p[t, u] = exp(s[t, u] - lse[t]),  lse[t] = log(sum over u of exp(s[t, u]))
//   out[t]  = sum over u of p[t, u] * v[u]
// The forward pass keeps a running maximum and rescales what it has when the maximum grows (Milakov and Gimelshein,
// 2018, arXiv 1805.02867; Dao et al., 2022, arXiv 2205.14135). Only lse is saved; backward computes p again.
//
// Backward, from dout:
//   D[t]     = dot(dout[t], out[t])        ( = sum over u of p[t, u] * dp[t, u] )
//   dp[t, u] = dot(dout[t], v[u])
//   ds[t, u] = p[t, u] * (dp[t, u] - D[t]) * SCALE
//   dq[t] = sum over u <= t of ds[t, u] * k[u]
//   dk[u] = sum over t >= u of ds[t, u] * q[t]
//   dv[u] = sum over t >= u of p[t, u] * dout[t]
// With DROPOUT each probability is multiplied by its mask (mask.wgsl, row (b, h, t), element u) before v is mixed:
//   out[t] = sum of mask p v,   dp[t, u] = mask dot(dout[t], v[u]),   dv[u] = sum of mask p dout,   the rest as above.
// attention_backward_q writes D and dq, then attention_backward_kv writes dk and dv: together all of dqkv, with `=`.
//
// One thread owns one row (a query, or a key with its value) and keeps it in registers. All threads of a workgroup
// belong to one head and walk the same rows at the same time, so that their reads are shared. No barrier. Loops over a
// row's channels are written out (#repeat): an array whose indices are not constants would be kept in memory.
// Sizes: B batch, T tokens, NH heads, HS channels a head, HS4 = ceil(HS / 4), C = NH * HS.

//#if VEC4
@group(0) @binding(0) var<storage, read> qkv: array<vec4f>;         // (B, T, 3 C)
@group(0) @binding(1) var<storage, read_write> out: array<vec4f>;   // (B, T, C)
@group(0) @binding(3) var<storage, read> saved: array<vec4f>;       // (B, T, C): out, read by the backward
@group(0) @binding(4) var<storage, read> dout: array<vec4f>;        // (B, T, C)
@group(0) @binding(5) var<storage, read_write> dqkv: array<vec4f>;  // (B, T, 3 C)
//#else
@group(0) @binding(0) var<storage, read> qkv: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<storage, read> saved: array<f32>;
@group(0) @binding(4) var<storage, read> dout: array<f32>;
@group(0) @binding(5) var<storage, read_write> dqkv: array<f32>;
//#endif
@group(0) @binding(2) var<storage, read_write> lse: array<f32>;        // (B, NH, T)
@group(0) @binding(6) var<storage, read> saved_lse: array<f32>;        // (B, NH, T)
@group(0) @binding(7) var<storage, read_write> dots: array<f32>;       // (B, NH, T): D, written by backward_q
@group(0) @binding(8) var<storage, read> saved_dots: array<f32>;       // (B, NH, T): D, read by backward_kv

// Four channels of a head's row; channels past the head read as zero and are not stored.
fn load_qkv(at: u32, i: u32) -> vec4f {
//#if VEC4
  return qkv[at / 4u + i];
//#else
  var x = vec4f();
  for (var j = 0u; j < 4u; j++) {
    if (4u * i + j < HS) {
      x[j] = qkv[at + 4u * i + j];
    }
  }
  return x;
//#endif
}

fn load_dout(at: u32, i: u32) -> vec4f {
//#if VEC4
  return dout[at / 4u + i];
//#else
  var x = vec4f();
  for (var j = 0u; j < 4u; j++) {
    if (4u * i + j < HS) {
      x[j] = dout[at + 4u * i + j];
    }
  }
  return x;
//#endif
}

fn load_saved(at: u32, i: u32) -> vec4f {
//#if VEC4
  return saved[at / 4u + i];
//#else
  var x = vec4f();
  for (var j = 0u; j < 4u; j++) {
    if (4u * i + j < HS) {
      x[j] = saved[at + 4u * i + j];
    }
  }
  return x;
//#endif
}

fn store_dqkv(at: u32, i: u32, x: vec4f) {
//#if VEC4
  dqkv[at / 4u + i] = x;
//#else
  for (var j = 0u; j < 4u && 4u * i + j < HS; j++) {
    dqkv[at + 4u * i + j] = x[j];
  }
//#endif
}

// Workgroup (ROWS) along t; workgroup_id.y is the head, z the batch row.
@compute @workgroup_size(ROWS)
fn attention(@builtin(global_invocation_id) thread: vec3u) {
  let t = thread.x;
  if (t >= T) {
    return;
  }
  let head = thread.y;
  let first = thread.z * T;                       // the sequence's first token
  let q_at = (first + t) * 3u * C + head * HS;
  let k_at = first * 3u * C + C + head * HS;      // of token 0; a token further is 3 C further
  let v_at = k_at + C;

  var q: array<vec4f, HS4>;
  var sum: array<vec4f, HS4>;
  //#repeat i HS4
  q[i] = load_qkv(q_at, i) * SCALE;
  //#endrepeat
  var highest = -3.4e38;
  var total = 0.0;
//#if DROP
  let row = mask_row(mask_key(), (thread.z * NH + head) * T + t);
//#endif
  // four keys at a time, so that the running sums are rescaled once for four
  for (var u = 0u; u <= t; u += 4u) {
    let at = vec4u(u, min(u + 1u, t), min(u + 2u, t), min(u + 3u, t)) * (3u * C);
    var s = vec4f();
    //#repeat i HS4
    s += vec4f(
      dot(q[i], load_qkv(k_at + at.x, i)),
      dot(q[i], load_qkv(k_at + at.y, i)),
      dot(q[i], load_qkv(k_at + at.z, i)),
      dot(q[i], load_qkv(k_at + at.w, i)),
    );
    //#endrepeat
    s = select(s, vec4f(-3.4e38), vec4u(u, u + 1u, u + 2u, u + 3u) > vec4u(t));
    let higher = max(max(max(s.x, s.y), max(s.z, s.w)), highest);
    let rescale = exp(highest - higher);
    let p = exp(s - higher);
    highest = higher;
    total = total * rescale + (p.x + p.y + p.z + p.w);
//#if DROP
    let kept = p * vec4f(mask(row, u), mask(row, u + 1u), mask(row, u + 2u), mask(row, u + 3u));
//#else
    let kept = p;
//#endif
    //#repeat i HS4
    sum[i] = sum[i] * rescale
      + kept.x * load_qkv(v_at + at.x, i)
      + kept.y * load_qkv(v_at + at.y, i)
      + kept.z * load_qkv(v_at + at.z, i)
      + kept.w * load_qkv(v_at + at.w, i);
    //#endrepeat
  }

  let out_at = (first + t) * C + head * HS;
  //#repeat i HS4
  let y = sum[i] / total;
//#if VEC4
  out[out_at / 4u + i] = y;
//#else
  for (var j = 0u; j < 4u && 4u * i + j < HS; j++) {
    out[out_at + 4u * i + j] = y[j];
  }
//#endif
  //#endrepeat
//#if TRAINING
  lse[(thread.z * NH + head) * T + t] = highest + log(total);
//#endif
}

// Workgroup (ROWS) along the queries t; workgroup_id.y is the head, z the batch row.
@compute @workgroup_size(ROWS)
fn attention_backward_q(@builtin(global_invocation_id) thread: vec3u) {
  let t = thread.x;
  if (t >= T) {
    return;
  }
  let head = thread.y;
  let first = thread.z * T;
  let q_at = (first + t) * 3u * C + head * HS;
  let out_at = (first + t) * C + head * HS;
  let at_lse = (thread.z * NH + head) * T + t;

  var q: array<vec4f, HS4>;
  var dy: array<vec4f, HS4>;
  var dq: array<vec4f, HS4>;
  var d = 0.0;
  //#repeat i HS4
  q[i] = load_qkv(q_at, i) * SCALE; // as in the forward pass, so that the scores are the same to the last bit
  dy[i] = load_dout(out_at, i);
  d += dot(dy[i], load_saved(out_at, i));
  //#endrepeat
  dots[at_lse] = d;
  let l = saved_lse[at_lse];
//#if DROP
  let row = mask_row(mask_key(), at_lse);
//#endif
  for (var u = 0u; u <= t; u++) {
    let k_at = (first + u) * 3u * C + C + head * HS;
    var s = 0.0;
    var dp = 0.0;
    //#repeat i HS4
    s += dot(q[i], load_qkv(k_at, i));
    dp += dot(dy[i], load_qkv(k_at + C, i));
    //#endrepeat
//#if DROP
    dp *= mask(row, u);
//#endif
    let ds = exp(s - l) * (dp - d) * SCALE;
    //#repeat i HS4
    dq[i] += ds * load_qkv(k_at, i);
    //#endrepeat
  }
  //#repeat i HS4
  store_dqkv(q_at, i, dq[i]);
  //#endrepeat
}

// Workgroup (ROWS) along the keys u; workgroup_id.y is the head, z the batch row.
@compute @workgroup_size(ROWS)
fn attention_backward_kv(@builtin(global_invocation_id) thread: vec3u) {
  let u = thread.x;
  if (u >= T) {
    return;
  }
  let head = thread.y;
  let first = thread.z * T;
  let k_at = (first + u) * 3u * C + C + head * HS;

  var k: array<vec4f, HS4>;
  var v: array<vec4f, HS4>;
  var dk: array<vec4f, HS4>;
  var dv: array<vec4f, HS4>;
  //#repeat i HS4
  k[i] = load_qkv(k_at, i);
  v[i] = load_qkv(k_at + C, i);
  //#endrepeat
//#if DROP
  let key = mask_key();
//#endif
  for (var t = u; t < T; t++) {
    let q_at = (first + t) * 3u * C + head * HS;
    let out_at = (first + t) * C + head * HS;
    let at_lse = (thread.z * NH + head) * T + t;
    var s = 0.0;
    var dp = 0.0;
    //#repeat i HS4
    s += dot(load_qkv(q_at, i) * SCALE, k[i]);
    dp += dot(v[i], load_dout(out_at, i));
    //#endrepeat
    let p = exp(s - saved_lse[at_lse]);
//#if DROP
    let m = mask(mask_row(key, at_lse), u);
    let kept = m * p;
    dp *= m;
//#else
    let kept = p;
//#endif
    let ds = p * (dp - saved_dots[at_lse]) * SCALE;
    //#repeat i HS4
    dk[i] += ds * load_qkv(q_at, i);
    dv[i] += kept * load_dout(out_at, i);
    //#endrepeat
  }
  //#repeat i HS4
  store_dqkv(k_at, i, dk[i]);
  store_dqkv(k_at + C, i, dv[i]);
  //#endrepeat
}
