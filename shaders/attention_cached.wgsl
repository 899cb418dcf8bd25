// Causal multi-head attention of the newest rows of each sequence over the keys and values of all its rows so far.
//
// The first of the R new rows stands at position start = state[b].x. With q, k, v the new rows of the packed input
// (q | k | v), and the cache holding what came before:
//   key(u), value(u) = cache[u] for u < start, row u - start of the input for u >= start
//   s[u]    = SCALE * dot(q[r], key(u)) for u <= start + r,  SCALE = 1 / sqrt(HS)
//   out[r]  = sum over u of softmax(s)[u] * value(u)                                             `=`
//   cache[start + r] = k[r], v[r], where that is below T                                         `=`
// Put behind lanes.wgsl. In one dispatch no place of the cache is both read (u < start) and written (u >= start).
//
// The softmax is taken as attention.wgsl does it, with a running maximum, four keys at a time. LANES threads share a query: each takes
// four keys in turn, and at the end their sums are brought to one maximum and added, in the same order in every run.
// With LANES 1 there is no barrier. Loops over a row's channels are written out (#repeat), as in attention.wgsl.
// Sizes: B sequences, R new rows, T places of a cache, NH heads, HS channels a head, HS4 = ceil(HS / 4), C = NH * HS,
// QUERIES = B * NH * R.

struct State {
  position: u32,
  count: u32,
  first: u32,
  unused: u32,
}

//#if VEC4
@group(0) @binding(0) var<storage, read> qkv: array<vec4f>;           // (B, R, 3 C)
@group(0) @binding(1) var<storage, read_write> keys: array<vec4f>;    // (B, NH, T, HS)
@group(0) @binding(2) var<storage, read_write> values: array<vec4f>;  // (B, NH, T, HS)
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;     // (B, R, C)
//#else
@group(0) @binding(0) var<storage, read> qkv: array<f32>;
@group(0) @binding(1) var<storage, read_write> keys: array<f32>;
@group(0) @binding(2) var<storage, read_write> values: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
//#endif
@group(0) @binding(4) var<storage, read> state: array<State>;         // (B)

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

fn load_key(at: u32, i: u32) -> vec4f {
//#if VEC4
  return keys[(at >> 2u) + i];
//#else
  var x = vec4f();
  for (var j = 0u; j < 4u; j++) {
    if (4u * i + j < HS) {
      x[j] = keys[at + 4u * i + j];
    }
  }
  return x;
//#endif
}

fn load_value(at: u32, i: u32) -> vec4f {
//#if VEC4
  return values[(at >> 2u) + i];
//#else
  var x = vec4f();
  for (var j = 0u; j < 4u; j++) {
    if (4u * i + j < HS) {
      x[j] = values[at + 4u * i + j];
    }
  }
  return x;
//#endif
}

alias Shared = vec4f;

const LOWEST = -3.4e38;

// Workgroup (LANES, GROUPS): each y is a query, its x share the query's keys.
@compute @workgroup_size(LANES, GROUPS)
fn attention_cached(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let number = (workgroup.x + workgroup.y * workgroups.x) * GROUPS + local.y;
  let lane = local.x;
  // threads past the last query compute it again and store nothing: all of a workgroup must meet at the barriers
  let query = min(number, QUERIES - 1u);
  let head = query % NH;
  let row = query / NH;               // of the B * R rows
  let r = row % R;
  let b = row / R;
  let start = min(state[b].position, T);
  let q_at = row * 3u * C + head * HS;
  let new_at = (row - r) * 3u * C + C + head * HS;  // the key of new row 0; a row further is 3 C further
  let cache_at = (b * NH + head) * T * HS;

  var q: array<vec4f, HS4>;
  var sum: array<vec4f, HS4>;
  //#repeat i HS4
  q[i] = load_qkv(q_at, i) * SCALE;
  //#endrepeat
  var highest = LOWEST;
  var total = 0.0;
  // four keys at a time, so that the running sums are rescaled once for four
  for (var u = 4u * lane; u < start; u += 4u * LANES) {
    let at = cache_at + min(vec4u(u, u + 1u, u + 2u, u + 3u), vec4u(start - 1u)) * HS;
    var s = vec4f();
    //#repeat i HS4
    s += vec4f(
      dot(q[i], load_key(at.x, i)),
      dot(q[i], load_key(at.y, i)),
      dot(q[i], load_key(at.z, i)),
      dot(q[i], load_key(at.w, i)),
    );
    //#endrepeat
    s = select(s, vec4f(LOWEST), vec4u(u, u + 1u, u + 2u, u + 3u) >= vec4u(start));
    let higher = max(max(max(s.x, s.y), max(s.z, s.w)), highest);
    let rescale = exp(highest - higher);
    let p = exp(s - higher);
    highest = higher;
    total = total * rescale + (p.x + p.y + p.z + p.w);
    //#repeat i HS4
    let four = mat4x4f(load_value(at.x, i), load_value(at.y, i), load_value(at.z, i), load_value(at.w, i));
    sum[i] = sum[i] * rescale + four * p;
    //#endrepeat
  }
  for (var u = lane; u <= r; u += LANES) {
    let at = new_at + u * 3u * C;
    var s = 0.0;
    //#repeat i HS4
    s += dot(q[i], load_qkv(at, i));
    //#endrepeat
    let higher = max(s, highest);
    let rescale = exp(highest - higher);
    let p = exp(s - higher);
    highest = higher;
    total = total * rescale + p;
    //#repeat i HS4
    sum[i] = sum[i] * rescale + p * load_qkv(at + C, i);
    //#endrepeat
  }
//#if REDUCE
  // a lane without keys has the lowest maximum, and its sums, which are zero, get the factor 0
  let higher = max_lanes(vec4f(highest), lane, local.y).x;
  let rescale = exp(highest - higher);
  total = sum_lanes(vec4f(total * rescale), lane, local.y).x;
  //#repeat i HS4
  sum[i] = sum_lanes(sum[i] * rescale, lane, local.y);
  //#endrepeat
//#endif
  if (lane > 0u || number >= QUERIES) {
    return;
  }

  let out_at = row * C + head * HS;
  let place = start + r;
  let place_at = cache_at + place * HS;
  let k_at = q_at + C;
  //#repeat i HS4
  let y = sum[i] / total;
//#if VEC4
  out[(out_at >> 2u) + i] = y;
  if (place < T) {
    keys[(place_at >> 2u) + i] = qkv[(k_at >> 2u) + i];
    values[(place_at >> 2u) + i] = qkv[((k_at + C) >> 2u) + i];
  }
//#else
  for (var j = 0u; j < 4u && 4u * i + j < HS; j++) {
    out[out_at + 4u * i + j] = y[j];
    if (place < T) {
      keys[place_at + 4u * i + j] = qkv[k_at + 4u * i + j];
      values[place_at + 4u * i + j] = qkv[k_at + C + 4u * i + j];
    }
  }
//#endif
  //#endrepeat
}
