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
// attention_backward_q writes D and dq, then attention_backward_kv writes dk and dv: together all of dqkv, with `=`. By tiles
// attention_backward does all of this.
//
// This file has the operands. How rows are shared out to threads stands in attention_rows.wgsl, attention_quads.wgsl and
// attention_tiles.wgsl, one of which is put behind it.
// Sizes: B batch, T tokens, NH heads, HS channels a head, HS4 = ceil(HS / 4), C = NH * HS.

// The result, in f16 where products read it so (OUT_HALF).
//#if OUT_HALF
enable f16;
alias Out1 = f16;
alias Out4 = vec4h;
//#else
alias Out1 = f32;
alias Out4 = vec4f;
//#endif

//#if VEC4
@group(0) @binding(0) var<storage, read> qkv: array<vec4f>;         // (B, T, 3 C)
@group(0) @binding(1) var<storage, read_write> out: array<Out4>;    // (B, T, C)
@group(0) @binding(3) var<storage, read> saved: array<Out4>;        // (B, T, C): out, read by the backward
@group(0) @binding(4) var<storage, read> dout: array<vec4f>;        // (B, T, C)
@group(0) @binding(5) var<storage, read_write> dqkv: array<vec4f>;  // (B, T, 3 C)
//#else
@group(0) @binding(0) var<storage, read> qkv: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<Out1>;
@group(0) @binding(3) var<storage, read> saved: array<Out1>;
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
  return qkv[(at >> 2u) + i];
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
  return dout[(at >> 2u) + i];
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
  return vec4f(saved[(at >> 2u) + i]);
//#else
  var x = vec4f();
  for (var j = 0u; j < 4u; j++) {
    if (4u * i + j < HS) {
      x[j] = f32(saved[at + 4u * i + j]);
    }
  }
  return x;
//#endif
}

fn store_dqkv(at: u32, i: u32, x: vec4f) {
//#if VEC4
  dqkv[(at >> 2u) + i] = x;
//#else
  for (var j = 0u; j < 4u && 4u * i + j < HS; j++) {
    dqkv[at + 4u * i + j] = x[j];
  }
//#endif
}
