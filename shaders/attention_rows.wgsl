// Attention by rows; put behind attention.wgsl. One thread owns one row (a query, or a key with its value) and keeps it in
// registers. All threads of a workgroup belong to one head and walk the same rows, four at a time. No barrier. With QUADS the
// four threads of a quad, which own neighbouring rows, read one of the four each and tell each other. Loops over a row's
// channels are written out (#repeat): an array whose indices are not constants would be kept in memory.

//#if QUADS
enable subgroups;
diagnostic(off, subgroup_uniformity); // a quad walks the same rows, which depend on its first thread: WGSL cannot know
//#endif
// A `Four` is the parts i of four rows, from `row` on, in the order `order_of`; past the last token they repeat it. As
// the columns of a matrix (`rows_of`), vector * matrix is their four dot products, matrix * vector their weighted sum.
//#if QUADS
alias Four = vec4f; // the part that this thread has read
//#else
alias Four = mat4x4f;
//#endif

fn four_qkv(at: u32, row: u32, i: u32, lane: u32) -> Four {
//#if QUADS
  return load_qkv(at + min(row + lane, T - 1u) * 3u * C, i);
//#else
  return mat4x4f(
    load_qkv(at + row * 3u * C, i),
    load_qkv(at + min(row + 1u, T - 1u) * 3u * C, i),
    load_qkv(at + min(row + 2u, T - 1u) * 3u * C, i),
    load_qkv(at + min(row + 3u, T - 1u) * 3u * C, i),
  );
//#endif
}

fn four_dout(at: u32, row: u32, i: u32, lane: u32) -> Four {
//#if QUADS
  return load_dout(at + min(row + lane, T - 1u) * C, i);
//#else
  return mat4x4f(
    load_dout(at + row * C, i),
    load_dout(at + min(row + 1u, T - 1u) * C, i),
    load_dout(at + min(row + 2u, T - 1u) * C, i),
    load_dout(at + min(row + 3u, T - 1u) * C, i),
  );
//#endif
}

fn rows_of(four: Four) -> mat4x4f {
//#if QUADS
  return mat4x4f(four, quadSwapX(four), quadSwapY(four), quadSwapDiagonal(four));
//#else
  return four;
//#endif
}

//#if QUADS
// What each thread of a quad has read.
fn four_of(mine: f32) -> vec4f {
  return vec4f(mine, quadSwapX(mine), quadSwapY(mine), quadSwapDiagonal(mine));
}
//#endif

// The order of four rows: a swap leaves each thread of a quad with one of its own.
fn order_of(lane: u32) -> vec4u {
  return vec4u(0u, 1u, 2u, 3u) ^ vec4u(lane);
}

// Where a thread stands: with QUADS a row past the last one still reads for its quad, and stores nothing.
struct Place {
  row: u32,    // the thread's query or key, at most T - 1
  first: u32,  // the first row of its quad
  last: u32,   // the last one
  lane: u32,
}

fn place_of(x: u32) -> Place {
//#if QUADS
  return Place(min(x, T - 1u), x & ~3u, min(x | 3u, T - 1u), x & 3u);
//#else
  return Place(x, x, x, 0u);
//#endif
}

// Workgroup (ROWS) along t; workgroup_id.y is the head, z the batch row.
@compute @workgroup_size(ROWS)
fn attention(@builtin(global_invocation_id) thread: vec3u) {
  let place = place_of(thread.x);
  if (place.first >= T) {
    return;
  }
  let t = place.row;
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
  let order = order_of(place.lane);
  var highest = -3.4e38;
  var total = 0.0;
//#if DROP
  let row = mask_row(mask_key(), (thread.z * NH + head) * T + t);
//#endif
  // the running sums are rescaled once for four keys
  for (var u = 0u; u <= place.last; u += 4u) {
    var s = vec4f();
    //#repeat i HS4
    s += q[i] * rows_of(four_qkv(k_at, u, i, place.lane));
    //#endrepeat
    let at = u + order;
    s = select(s, vec4f(-3.4e38), at > vec4u(t));
    let higher = max(max(max(s.x, s.y), max(s.z, s.w)), highest);
    let rescale = exp(highest - higher);
    let p = exp(s - higher);
    highest = higher;
    total = total * rescale + (p.x + p.y + p.z + p.w);
//#if DROP
    let kept = p * vec4f(mask(row, at.x), mask(row, at.y), mask(row, at.z), mask(row, at.w));
//#else
    let kept = p;
//#endif
    //#repeat i HS4
    sum[i] = sum[i] * rescale + rows_of(four_qkv(v_at, u, i, place.lane)) * kept;
    //#endrepeat
  }

  if (thread.x >= T) {
    return;
  }
  let out_at = (first + t) * C + head * HS;
  //#repeat i HS4
  let y = sum[i] / total;
//#if VEC4
  out[(out_at >> 2u) + i] = Out4(y);
//#else
  for (var j = 0u; j < 4u && 4u * i + j < HS; j++) {
    out[out_at + 4u * i + j] = Out1(y[j]);
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
  let place = place_of(thread.x);
  if (place.first >= T) {
    return;
  }
  let t = place.row;
  let head = thread.y;
  let first = thread.z * T;
  let q_at = (first + t) * 3u * C + head * HS;
  let out_at = (first + t) * C + head * HS;
  let k_at = first * 3u * C + C + head * HS;
  let at_lse = (thread.z * NH + head) * T + t;

  var q: array<vec4f, HS4>;
  var dy: array<vec4f, HS4>;
  var dq: array<vec4f, HS4>;
  var d = 0.0;
  //#repeat i HS4
  q[i] = load_qkv(q_at, i) * SCALE; // the same expression as in the forward pass
  dy[i] = load_dout(out_at, i);
  d += dot(dy[i], load_saved(out_at, i));
  //#endrepeat
  let l = saved_lse[at_lse];
//#if DROP
  let row = mask_row(mask_key(), at_lse);
//#endif
  let order = order_of(place.lane);
//#if QUADS
  var read: array<vec4f, HS4>; // kept, as reading again costs a processor more
//#endif
  for (var u = 0u; u <= place.last; u += 4u) {
    let at = u + order;
    var s = vec4f();
    var dp = vec4f();
    //#repeat i HS4
    let keys = four_qkv(k_at, u, i, place.lane);
//#if QUADS
    read[i] = keys;
//#endif
    s += q[i] * rows_of(keys);
    dp += dy[i] * rows_of(four_qkv(k_at + C, u, i, place.lane));
    //#endrepeat
//#if DROP
    dp *= vec4f(mask(row, at.x), mask(row, at.y), mask(row, at.z), mask(row, at.w));
//#endif
    let ds = select(exp(s - l) * (dp - d) * SCALE, vec4f(), at > vec4u(t));
    //#repeat i HS4
//#if QUADS
    dq[i] += rows_of(read[i]) * ds;
//#else
    dq[i] += four_qkv(k_at, u, i, place.lane) * ds;
//#endif
    //#endrepeat
  }
  if (thread.x >= T) {
    return;
  }
  dots[at_lse] = d;
  //#repeat i HS4
  store_dqkv(q_at, i, dq[i]);
  //#endrepeat
}

// Workgroup (ROWS) along the keys u; workgroup_id.y is the head, z the batch row.
@compute @workgroup_size(ROWS)
fn attention_backward_kv(@builtin(global_invocation_id) thread: vec3u) {
  let place = place_of(thread.x);
  if (place.first >= T) {
    return;
  }
  let u = place.row;
  let head = thread.y;
  let first = thread.z * T;
  let q_at = first * 3u * C + head * HS;
  let out_at = first * C + head * HS;
  let k_at = q_at + u * 3u * C + C;
  let lse_at = (thread.z * NH + head) * T;

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
  let order = order_of(place.lane);
//#if QUADS
  var read: array<vec4f, HS4>;
  var read_dout: array<vec4f, HS4>;
//#endif
  for (var t = place.first; t < T; t += 4u) {
    let at = lse_at + min(t + order, vec4u(T - 1u));
//#if QUADS
    let mine = lse_at + min(t + place.lane, T - 1u);
    let l = four_of(saved_lse[mine]);
    let d = four_of(saved_dots[mine]);
//#else
    let l = vec4f(saved_lse[at.x], saved_lse[at.y], saved_lse[at.z], saved_lse[at.w]);
    let d = vec4f(saved_dots[at.x], saved_dots[at.y], saved_dots[at.z], saved_dots[at.w]);
//#endif
    var s = vec4f();
    var dp = vec4f();
    //#repeat i HS4
    let queries = four_qkv(q_at, t, i, place.lane);
    let douts = four_dout(out_at, t, i, place.lane);
//#if QUADS
    read[i] = queries;
    read_dout[i] = douts;
//#endif
    s += k[i] * rows_of(queries * SCALE);
    dp += v[i] * rows_of(douts);
    //#endrepeat
    let outside = (t + order < vec4u(u)) | (t + order >= vec4u(T));
    let p = select(exp(s - l), vec4f(), outside);
//#if DROP
    let m = vec4f(
      mask(mask_row(key, at.x), u),
      mask(mask_row(key, at.y), u),
      mask(mask_row(key, at.z), u),
      mask(mask_row(key, at.w), u),
    );
    let kept = m * p;
    dp *= m;
//#else
    let kept = p;
//#endif
    let ds = p * (dp - d) * SCALE;
    //#repeat i HS4
//#if QUADS
    dk[i] += rows_of(read[i]) * ds;
    dv[i] += rows_of(read_dout[i]) * kept;
//#else
    dk[i] += four_qkv(q_at, t, i, place.lane) * ds;
    dv[i] += four_dout(out_at, t, i, place.lane) * kept;
//#endif
    //#endrepeat
  }
  if (thread.x >= T) {
    return;
  }
  //#repeat i HS4
  store_dqkv(k_at, i, dk[i]);
  store_dqkv(k_at + C, i, dv[i]);
  //#endrepeat
}
