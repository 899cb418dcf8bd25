// Attention by quads; put behind attention.wgsl. The four threads of a quad share the channels of ROWS rows (queries, or keys with
// their values): thread `lane` has the vectors lane, lane + 4 ... of each, PARTS of them, in registers, and the four add up their
// parts of a dot product. So a thread has registers for several rows, and what it reads serves all of these. For GPUs: many
// threads. With QUADS they tell each other as a quad of a subgroup does, without a barrier; where there are no subgroups
// (Safari, Firefox), through workgroup memory; there of two rows at a time (PAIRED), because each time takes a barrier. The rows that
// a quad walks are read by all quads of a workgroup, and stay in the first cache. PAIRS: half of ROWS, rounded up.
//
// EARLY: values are read before their keys have been computed with, where there are registers for both.
// All of a workgroup walk the same rows, also those that some of its quads do not see: where threads part ways, a GPU takes long
// to let them tell each other anything, and a barrier must be met by all.
//
// Workgroup (64) along the rows of one head; workgroup_id.y is the head, z the batch row. 16 divides HS.

// An array that is declared in a loop and begins at zero is told to: Dawn would keep it from one round to the next.

//#if QUADS
enable subgroups;

// Of all four threads, to the last bit the same in each, and with and without quads.
fn quad_sum2(x: vec2f, index: u32) -> vec2f {
  let pair = x + quadSwapX(x);
  return pair + quadSwapY(pair);
}

fn quad_sum4(x: vec4f, index: u32) -> vec4f {
  let pair = x + quadSwapX(x);
  return pair + quadSwapY(pair);
}

// What each thread has, in the order of the threads.
fn of_quad(mine: f32, index: u32) -> vec4f {
  return vec4f(quadBroadcast(mine, 0u), quadBroadcast(mine, 1u), quadBroadcast(mine, 2u), quadBroadcast(mine, 3u));
}

// Of `x` and `y` each: what each thread has, in the order of the threads.
fn both_of_quad(x: f32, y: f32, index: u32) -> mat2x4f {
  return mat2x4f(of_quad(x, index), of_quad(y, index));
}
//#else
// Two halves that take turns: who writes into one has met all others at the barrier since they have read it.
var<workgroup> exchange: array<vec4f, 128>;
var<private> half_in_use = 0u;

// What each thread of the quad has, as rows.
fn tell(mine: vec4f, index: u32) -> mat4x4f {
  half_in_use = 64u - half_in_use;
  exchange[half_in_use + index] = mine;
  workgroupBarrier();
  let at = half_in_use + (index & ~3u);
  return mat4x4f(exchange[at], exchange[at + 1u], exchange[at + 2u], exchange[at + 3u]);
}

fn quad_sum2(x: vec2f, index: u32) -> vec2f {
  let all = tell(vec4f(x, 0.0, 0.0), index);
  return ((all[0] + all[1]) + (all[2] + all[3])).xy;
}

fn quad_sum4(x: vec4f, index: u32) -> vec4f {
  let all = tell(x, index);
  return (all[0] + all[1]) + (all[2] + all[3]);
}

fn both_of_quad(x: f32, y: f32, index: u32) -> mat2x4f {
  let all = tell(vec4f(x, y, 0.0, 0.0), index);
  return mat2x4f(vec4f(all[0].x, all[1].x, all[2].x, all[3].x), vec4f(all[0].y, all[1].y, all[2].y, all[3].y));
}

fn of_quad(mine: f32, index: u32) -> vec4f {
  return both_of_quad(mine, 0.0, index)[0];
}
//#endif

// The vectors `i` of four keys or values, from `row` on; past the last token they repeat it.
fn four_rows(at: u32, row: u32, i: u32) -> mat4x4f {
  return mat4x4f(
    load_qkv(at + row * 3u * C, i),
    load_qkv(at + min(row + 1u, T - 1u) * 3u * C, i),
    load_qkv(at + min(row + 2u, T - 1u) * 3u * C, i),
    load_qkv(at + min(row + 3u, T - 1u) * 3u * C, i),
  );
}

@compute @workgroup_size(64)
fn attention(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32) {
  let lane = index & 3u;
  let t0 = (workgroup.x * 16u + index / 4u) * ROWS;
  let head = workgroup.y;
  let first = workgroup.z * T;                  // the sequence's first token
  let q_at = first * 3u * C + head * HS;        // of token 0; a token further is 3 C further
  let k_at = q_at + C;
  let v_at = k_at + C;
  let row_at = (workgroup.z * NH + head) * T;

  var q: array<vec4f, ROWS * PARTS>;
  var sum: array<vec4f, ROWS * PARTS>;
  var highest: array<f32, ROWS>;
  var total: array<f32, ROWS>;
//#if DROP
  var mask_rows: array<u32, ROWS>;
//#endif
  //#repeat r ROWS
  highest[r] = -3.4e38;
  //#repeat i PARTS
  q[r * PARTS + i] = load_qkv(q_at + min(t0 + r, T - 1u) * 3u * C, 4u * i + lane) * SCALE;
  //#endrepeat
//#if DROP
  mask_rows[r] = mask_row(mask_key(), row_at + t0 + r);
//#endif
  //#endrepeat

  // four keys at a time; the running sums are rescaled once for the four
  let last = min((workgroup.x + 1u) * 16u * ROWS, T) - 1u;
  for (var u = 0u; u <= last; u += 4u) {
    var s = array<vec4f, ROWS>();
//#if EARLY
    var values: array<mat4x4f, PARTS>;
    //#repeat i PARTS
    values[i] = four_rows(v_at, u, 4u * i + lane);
    //#endrepeat
//#endif
    //#repeat i PARTS
    let keys = four_rows(k_at, u, 4u * i + lane);
    //#repeat r ROWS
    s[r] += q[r * PARTS + i] * keys;
    //#endrepeat
    //#endrepeat
    let at = vec4u(u, u + 1u, u + 2u, u + 3u);
    var kept: array<vec4f, ROWS>;
    var rescale: array<f32, ROWS>;
    //#repeat r ROWS
    let scores = select(quad_sum4(s[r], index), vec4f(-3.4e38), at > vec4u(t0 + r));
    let higher = max(max(max(scores.x, scores.y), max(scores.z, scores.w)), highest[r]);
    rescale[r] = exp(highest[r] - higher);
    let p = exp(scores - higher);
    highest[r] = higher;
    total[r] = total[r] * rescale[r] + (p.x + p.y + p.z + p.w);
//#if DROP
    kept[r] = p * of_quad(mask(mask_rows[r], u + lane), index);
//#else
    kept[r] = p;
//#endif
    //#endrepeat
    //#repeat i PARTS
//#if EARLY
    let value = values[i];
//#else
    let value = four_rows(v_at, u, 4u * i + lane);
//#endif
    //#repeat r ROWS
    sum[r * PARTS + i] = sum[r * PARTS + i] * rescale[r] + value * kept[r];
    //#endrepeat
    //#endrepeat
  }

  //#repeat r ROWS
  let t = t0 + r;
  if (t < T) {
    let out_at = ((first + t) * C + head * HS) >> 2u;
    //#repeat i PARTS
    out[out_at + 4u * i + lane] = Out4(sum[r * PARTS + i] / total[r]);
    //#endrepeat
//#if TRAINING
    if (lane == 0u) {
      lse[row_at + t] = highest[r] + log(total[r]);
    }
//#endif
  }
  //#endrepeat
}

@compute @workgroup_size(64)
fn attention_backward_q(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32) {
  let lane = index & 3u;
  let t0 = (workgroup.x * 16u + index / 4u) * ROWS;
  let head = workgroup.y;
  let first = workgroup.z * T;
  let q_at = first * 3u * C + head * HS;
  let k_at = q_at + C;
  let v_at = k_at + C;
  let out_at = first * C + head * HS;
  let row_at = (workgroup.z * NH + head) * T;

  var q: array<vec4f, ROWS * PARTS>;
  var dy: array<vec4f, ROWS * PARTS>;
  var dq: array<vec4f, ROWS * PARTS>;
  var d: array<f32, ROWS>;
  var l: array<f32, ROWS>;
//#if DROP
  var mask_rows: array<u32, ROWS>;
//#endif
  //#repeat r ROWS
  let t = min(t0 + r, T - 1u);
  var part_of_d = 0.0;
  //#repeat i PARTS
  q[r * PARTS + i] = load_qkv(q_at + t * 3u * C, 4u * i + lane) * SCALE; // the same expression as in the forward pass
  dy[r * PARTS + i] = load_dout(out_at + t * C, 4u * i + lane);
  part_of_d += dot(dy[r * PARTS + i], load_saved(out_at + t * C, 4u * i + lane));
  //#endrepeat
  d[r] = quad_sum2(vec2f(part_of_d, 0.0), index).x;
  l[r] = saved_lse[row_at + t];
//#if DROP
  mask_rows[r] = mask_row(mask_key(), row_at + t);
//#endif
  //#endrepeat

  let last = min((workgroup.x + 1u) * 16u * ROWS, T) - 1u;
  for (var u0 = 0u; u0 <= last; u0 += 4u) {
//#if DROP
    var masks: array<vec4f, ROWS>;
    //#repeat r ROWS
    masks[r] = of_quad(mask(mask_rows[r], u0 + lane), index);
    //#endrepeat
//#endif
    //#repeat j 4
    let u = min(u0 + j, T - 1u);
    var key: array<vec4f, PARTS>;
    var parts = array<vec2f, 2u * PAIRS>(); // of each row's score, and of the gradient of its probability
    //#repeat i PARTS
    key[i] = load_qkv(k_at + u * 3u * C, 4u * i + lane);
    let value = load_qkv(v_at + u * 3u * C, 4u * i + lane);
    //#repeat r ROWS
    parts[r] += vec2f(dot(q[r * PARTS + i], key[i]), dot(dy[r * PARTS + i], value));
    //#endrepeat
    //#endrepeat
    var row_sums: array<vec2f, 2u * PAIRS>;
//#if PAIRED
    //#repeat p PAIRS
    let both = quad_sum4(vec4f(parts[2u * p], parts[2u * p + 1u]), index);
    row_sums[2u * p] = both.xy;
    row_sums[2u * p + 1u] = both.zw;
    //#endrepeat
//#else
    //#repeat r ROWS
    row_sums[r] = quad_sum2(parts[r], index);
    //#endrepeat
//#endif
    //#repeat r ROWS
    let sums = row_sums[r];
//#if DROP
    let dprobability = sums.y * masks[r][j];
//#else
    let dprobability = sums.y;
//#endif
    let ds = select(exp(sums.x - l[r]) * (dprobability - d[r]) * SCALE, 0.0, u0 + j > t0 + r);
    //#repeat i PARTS
    dq[r * PARTS + i] += key[i] * ds;
    //#endrepeat
    //#endrepeat
    //#endrepeat
  }

  //#repeat r ROWS
  let t = t0 + r;
  if (t < T) {
    if (lane == 0u) {
      dots[row_at + t] = d[r];
    }
    //#repeat i PARTS
    store_dqkv(q_at + t * 3u * C, 4u * i + lane, dq[r * PARTS + i]);
    //#endrepeat
  }
  //#endrepeat
}

@compute @workgroup_size(64)
fn attention_backward_kv(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32) {
  let lane = index & 3u;
  let u0 = (workgroup.x * 16u + index / 4u) * ROWS;
  let head = workgroup.y;
  let first = workgroup.z * T;
  let q_at = first * 3u * C + head * HS;
  let k_at = q_at + C;
  let v_at = k_at + C;
  let out_at = first * C + head * HS;
  let row_at = (workgroup.z * NH + head) * T;

  var k: array<vec4f, ROWS * PARTS>;
  var v: array<vec4f, ROWS * PARTS>;
  var dk: array<vec4f, ROWS * PARTS>;
  var dv: array<vec4f, ROWS * PARTS>;
  //#repeat r ROWS
  let u = min(u0 + r, T - 1u);
  //#repeat i PARTS
  k[r * PARTS + i] = load_qkv(k_at + u * 3u * C, 4u * i + lane);
  v[r * PARTS + i] = load_qkv(v_at + u * 3u * C, 4u * i + lane);
  //#endrepeat
  //#endrepeat
//#if DROP
  let key = mask_key();
//#endif

  for (var t0 = workgroup.x * 16u * ROWS; t0 < T; t0 += 4u) {
    let mine = row_at + min(t0 + lane, T - 1u);
    let of_four = both_of_quad(saved_lse[mine], saved_dots[mine], index);
//#if DROP
    let my_row = mask_row(key, mine);
    var masks: array<vec4f, ROWS>;
    //#repeat r ROWS
    masks[r] = of_quad(mask(my_row, u0 + r), index);
    //#endrepeat
//#endif
    //#repeat j 4
    let t = min(t0 + j, T - 1u);
    var query: array<vec4f, PARTS>;
    var dy: array<vec4f, PARTS>;
    var parts = array<vec2f, 2u * PAIRS>(); // of each row's score, and of the gradient of its probability
    //#repeat i PARTS
    query[i] = load_qkv(q_at + t * 3u * C, 4u * i + lane) * SCALE;
    dy[i] = load_dout(out_at + t * C, 4u * i + lane);
    //#repeat r ROWS
    parts[r] += vec2f(dot(k[r * PARTS + i], query[i]), dot(v[r * PARTS + i], dy[i]));
    //#endrepeat
    //#endrepeat
    var row_sums: array<vec2f, 2u * PAIRS>;
//#if PAIRED
    //#repeat p PAIRS
    let both = quad_sum4(vec4f(parts[2u * p], parts[2u * p + 1u]), index);
    row_sums[2u * p] = both.xy;
    row_sums[2u * p + 1u] = both.zw;
    //#endrepeat
//#else
    //#repeat r ROWS
    row_sums[r] = quad_sum2(parts[r], index);
    //#endrepeat
//#endif
    //#repeat r ROWS
    let outside = t0 + j < u0 + r || t0 + j >= T;
    let sums = row_sums[r];
    let p = select(exp(sums.x - of_four[0][j]), 0.0, outside);
//#if DROP
    let m = masks[r][j];
    let kept = m * p;
    let dprobability = sums.y * m;
//#else
    let kept = p;
    let dprobability = sums.y;
//#endif
    let ds = p * (dprobability - of_four[1][j]); // the query has SCALE in it
    //#repeat i PARTS
    dk[r * PARTS + i] += query[i] * ds;
    dv[r * PARTS + i] += dy[i] * kept;
    //#endrepeat
    //#endrepeat
    //#endrepeat
  }

  //#repeat r ROWS
  let u = u0 + r;
  if (u < T) {
    //#repeat i PARTS
    store_dqkv(k_at + u * 3u * C, 4u * i + lane, dk[r * PARTS + i]);
    store_dqkv(v_at + u * 3u * C, 4u * i + lane, dv[r * PARTS + i]);
    //#endrepeat
  }
  //#endrepeat
}
