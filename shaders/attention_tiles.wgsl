// Attention by tiles; put behind attention.wgsl. A workgroup owns OWN rows of one head (queries, or keys with their values) and walks
// the others WALK at a time. Both lie in workgroup memory, where each vector that a thread reads is used many times: of the OWN x WALK
// scores a thread computes ROWS x 4, and of the OWN x HS results ROWS rows of PARTS vectors. Between the two, probabilities and
// their gradients go through workgroup memory, too. For GPUs: barriers.
//
// Thread (x, y) has the rows y * ROWS + i, the walked rows 4 x + j, and of the channels the vectors x + TX * part. Scores and
// what becomes of them are kept as vectors of four own rows: block b has the rows 4 b to 4 b + 3 of the thread's.
//
// All tiles lie in one array, from these places on: OWN_K and WALKED_K (queries and keys, or the other way round), OWN_V and
// WALKED_V (values, and in the backward pass dout), P (probabilities as they mix values), DS (the scores' gradients) and EACH
// (of each row: in the forward pass what each x has of it, in the backward pass D); ALL is its length. A tile's vectors are kept
// where those that neighbours read at a time lie in banks of their own (SWIZZLE and MIX: powers of two less one).
//
// The backward pass is one dispatch: the first GROUPS workgroups of a head own queries, and as many more keys and values.
//
// Workgroup (TX * TY) along the rows of one head; workgroup_id.y is the head, z the batch row. OWN = TY * ROWS, WALK = 4 * TX,
// ROWS4 = ROWS / 4, PARTS = ceil(HS4 / TX), KEPT = ROWS * PARTS; four divides HS.

const THREADS = TX * TY;
const OWN4 = TY * ROWS4;
const OWN = 4u * OWN4;
const WALK = 4u * TX;
const NEVER = -3.4e38;

var<workgroup> tiles: array<vec4f, ALL>;

fn place(row: u32, vector: u32) -> u32 {
  return row * HS4 + (vector ^ ((row >> 2u) & SWIZZLE));
}

// Of what belongs to a walked row and four own ones.
fn pair_place(row: u32, vector: u32) -> u32 {
  return row * OWN4 + (vector ^ ((row >> 2u) & MIX));
}

alias Pairs = array<vec4f, ROWS>;    // block b, walked row j at 4 b + j
alias Results = array<vec4f, KEPT>;  // row i, part p at i * PARTS + p

// The products of a thread's rows of the tile at `own` with its walked rows of that at `walked`.
fn products(own: u32, walked: u32, x: u32, y: u32) -> Pairs {
  var s = Pairs();
  for (var c = 0u; c < HS4; c++) {
    var rows: array<mat4x4f, ROWS4>; // as columns: of the four rows the first channel, the second, ...
    //#repeat b ROWS4
    let at = own + place(y * ROWS + 4u * b, c);
    rows[b] = transpose(mat4x4f(tiles[at], tiles[at + HS4], tiles[at + 2u * HS4], tiles[at + 3u * HS4]));
    //#endrepeat
    let first = walked + place(4u * x, c);
    //#repeat j 4
    let other = tiles[first + j * HS4];
    //#repeat b ROWS4
    s[4u * b + j] += rows[b][0] * other.x;
    s[4u * b + j] += rows[b][1] * other.y;
    s[4u * b + j] += rows[b][2] * other.z;
    s[4u * b + j] += rows[b][3] * other.w;
    //#endrepeat
    //#endrepeat
  }
  return s;
}

// Adds to a thread's results the walked rows of the tile at `walked`, each times what the tile at `pairs` has for it and the own row.
fn mix_rows(results: ptr<function, Results>, pairs: u32, walked: u32, x: u32, y: u32) {
  for (var u = 0u; u < WALK; u += 4u) {
    //#repeat j 4
    var values: array<vec4f, PARTS>;
    //#repeat part PARTS
    values[part] = tiles[walked + place(u, x + TX * part) + j * HS4];
    //#endrepeat
    //#repeat b ROWS4
    let p = tiles[pairs + pair_place(u, y * ROWS4 + b) + j * OWN4];
    //#repeat part PARTS
    (*results)[4u * b * PARTS + part] += p.x * values[part];
    (*results)[(4u * b + 1u) * PARTS + part] += p.y * values[part];
    (*results)[(4u * b + 2u) * PARTS + part] += p.z * values[part];
    (*results)[(4u * b + 3u) * PARTS + part] += p.w * values[part];
    //#endrepeat
    //#endrepeat
    //#endrepeat
  }
}

// Brings `count` rows from `first` on into the tiles at `k` and `v`: keys and values.
fn bring_keys(k: u32, v: u32, count: u32, first: u32, q_at: u32, index: u32) {
  for (var i = index; i < count * HS4; i += THREADS) {
    let row = i / HS4;
    let vector = i % HS4;
    let at = q_at + C + min(first + row, T - 1u) * 3u * C;
    tiles[k + place(row, vector)] = load_qkv(at, vector);
    tiles[v + place(row, vector)] = load_qkv(at + C, vector);
  }
}

//#if DROP
// The masks of four rows, as `mask_row` made them, for element i.
fn masks(rows: vec4u, i: u32) -> vec4f {
  return vec4f(mask(rows.x, i), mask(rows.y, i), mask(rows.z, i), mask(rows.w, i));
}

fn mask_rows(row: u32) -> vec4u {
  let key = mask_key();
  return vec4u(mask_row(key, row), mask_row(key, row + 1u), mask_row(key, row + 2u), mask_row(key, row + 3u));
}
//#endif

// The four own rows of a block, of those from `first` on.
fn block_rows(first: u32, y: u32, b: u32) -> vec4u {
  return vec4u(first + y * ROWS + 4u * b) + vec4u(0u, 1u, 2u, 3u);
}

//#if FORWARD
@compute @workgroup_size(THREADS)
fn attention(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32) {
  let x = index % TX;
  let y = index / TX;
  let t0 = workgroup.x * OWN;
  let first = workgroup.z * T;                    // the sequence's first token
  let q_at = first * 3u * C + workgroup.y * HS;   // of token 0; a token further is 3 C further
  let row_at = (workgroup.z * NH + workgroup.y) * T;

  for (var i = index; i < OWN * HS4; i += THREADS) {
    let row = i / HS4;
    let vector = i % HS4;
    tiles[OWN_K + place(row, vector)] = load_qkv(q_at + min(t0 + row, T - 1u) * 3u * C, vector) * SCALE;
  }
  var sum = Results();
  var highest: array<vec4f, ROWS4>;
  var total = array<vec4f, ROWS4>(); // over the walked rows of this x
//#if DROP
  var rows: array<vec4u, ROWS4>;
//#endif
  //#repeat b ROWS4
  highest[b] = vec4f(NEVER);
//#if DROP
  rows[b] = mask_rows(row_at + t0 + y * ROWS + 4u * b);
//#endif
  //#endrepeat

  let end = min(t0 + OWN, T);
  for (var u0 = 0u; u0 < end; u0 += WALK) {
    workgroupBarrier();
    bring_keys(WALKED_K, WALKED_V, WALK, u0, q_at, index);
    workgroupBarrier();
    var s = products(OWN_K, WALKED_K, x, y);
    //#repeat b ROWS4
    //#repeat j 4
    s[4u * b + j] = select(s[4u * b + j], vec4f(NEVER), vec4u(u0 + 4u * x + j) > block_rows(t0, y, b));
    //#endrepeat
    let high = max(max(s[4u * b], s[4u * b + 1u]), max(s[4u * b + 2u], s[4u * b + 3u]));
    tiles[EACH + x * OWN4 + y * ROWS4 + b] = high;
    //#endrepeat
    workgroupBarrier();
    //#repeat b ROWS4
    var higher = highest[b];
    for (var i = 0u; i < TX; i++) {
      higher = max(higher, tiles[EACH + i * OWN4 + y * ROWS4 + b]);
    }
    let rescale = exp(highest[b] - higher);
    highest[b] = higher;
    total[b] *= rescale;
    //#repeat r 4
    //#repeat part PARTS
    sum[(4u * b + r) * PARTS + part] *= rescale[r];
    //#endrepeat
    //#endrepeat
    //#repeat j 4
    var p = exp(s[4u * b + j] - higher);
    total[b] += p;
//#if DROP
    p *= masks(rows[b], u0 + 4u * x + j);
//#endif
    tiles[P + pair_place(4u * x, y * ROWS4 + b) + j * OWN4] = p;
    //#endrepeat
    //#endrepeat
    workgroupBarrier();
    mix_rows(&sum, P, WALKED_V, x, y);
  }

  workgroupBarrier();
  //#repeat b ROWS4
  tiles[EACH + x * OWN4 + y * ROWS4 + b] = total[b];
  //#endrepeat
  workgroupBarrier();
  //#repeat b ROWS4
  var whole = vec4f();
  for (var i = 0u; i < TX; i++) {
    whole += tiles[EACH + i * OWN4 + y * ROWS4 + b];
  }
  //#repeat r 4
  let t = t0 + y * ROWS + 4u * b + r;
  if (t < T) {
    let out_at = ((first + t) * C + workgroup.y * HS) >> 2u;
    //#repeat part PARTS
    if (x + TX * part < HS4) {
      out[out_at + x + TX * part] = Out4(sum[(4u * b + r) * PARTS + part] / whole[r]);
    }
    //#endrepeat
//#if TRAINING
    if (x == 0u) {
      lse[row_at + t] = highest[b][r] + log(whole[r]);
    }
//#endif
  }
  //#endrepeat
  //#endrepeat
}
//#else
// The same with queries and dout.
fn bring_queries(k: u32, v: u32, count: u32, first: u32, q_at: u32, out_at: u32, index: u32) {
  for (var i = index; i < count * HS4; i += THREADS) {
    let row = i / HS4;
    let vector = i % HS4;
    let t = min(first + row, T - 1u);
    tiles[k + place(row, vector)] = load_qkv(q_at + t * 3u * C, vector) * SCALE;
    tiles[v + place(row, vector)] = load_dout(out_at + t * C, vector);
  }
}

fn store_results(results: Results, at: u32, row: u32, x: u32) {
  //#repeat i ROWS
  if (row + i < T) {
    //#repeat part PARTS
    if (x + TX * part < HS4) {
      store_dqkv(at + (row + i) * 3u * C, x + TX * part, results[i * PARTS + part]);
    }
    //#endrepeat
  }
  //#endrepeat
}

// D of some rows from `first` on, whose dout is the tile at `dout`. To be read behind a barrier.
fn keep_dots(dout: u32, count: u32, first: u32, out_at: u32, index: u32) {
  for (var row = index; row < count; row += THREADS) {
    let t = min(first + row, T - 1u);
    var d = 0.0;
    for (var c = 0u; c < HS4; c++) {
      d += dot(tiles[dout + place(row, c)], load_saved(out_at + t * C, c));
    }
    tiles[EACH + row] = vec4f(d);
  }
}

fn backward_q(group: vec3u, index: u32) {
  let x = index % TX;
  let y = index / TX;
  let t0 = group.x * OWN;
  let first = group.z * T;
  let q_at = first * 3u * C + group.y * HS;
  let out_at = first * C + group.y * HS;
  let row_at = (group.z * NH + group.y) * T;

  bring_queries(OWN_K, OWN_V, OWN, t0, q_at, out_at, index);
  workgroupBarrier();
  keep_dots(OWN_V, OWN, t0, out_at, index);
  workgroupBarrier();
  var d: array<vec4f, ROWS4>;
  var l: array<vec4f, ROWS4>;
//#if DROP
  var rows: array<vec4u, ROWS4>;
//#endif
  //#repeat b ROWS4
  let own = EACH + y * ROWS + 4u * b;
  d[b] = vec4f(tiles[own].x, tiles[own + 1u].x, tiles[own + 2u].x, tiles[own + 3u].x);
  let at = vec4u(row_at) + min(block_rows(t0, y, b), vec4u(T - 1u));
  l[b] = vec4f(saved_lse[at.x], saved_lse[at.y], saved_lse[at.z], saved_lse[at.w]);
//#if DROP
  rows[b] = mask_rows(row_at + t0 + y * ROWS + 4u * b);
//#endif
  //#endrepeat

  var dq = Results();
  let end = min(t0 + OWN, T);
  for (var u0 = 0u; u0 < end; u0 += WALK) {
    workgroupBarrier();
    bring_keys(WALKED_K, WALKED_V, WALK, u0, q_at, index);
    workgroupBarrier();
    let s = products(OWN_K, WALKED_K, x, y);
    let dp = products(OWN_V, WALKED_V, x, y);
    //#repeat b ROWS4
    //#repeat j 4
    let u = u0 + 4u * x + j;
    var dprobability = dp[4u * b + j];
//#if DROP
    dprobability *= masks(rows[b], u);
//#endif
    let ds = exp(s[4u * b + j] - l[b]) * (dprobability - d[b]) * SCALE;
    let seen = vec4u(u) <= block_rows(t0, y, b);
    tiles[DS + pair_place(4u * x, y * ROWS4 + b) + j * OWN4] = select(vec4f(), ds, seen);
    //#endrepeat
    //#endrepeat
    workgroupBarrier();
    mix_rows(&dq, DS, WALKED_K, x, y);
  }
  store_results(dq, q_at, t0 + y * ROWS, x);
}

fn backward_kv(group: vec3u, index: u32) {
  let x = index % TX;
  let y = index / TX;
  let u0 = group.x * OWN;
  let first = group.z * T;
  let q_at = first * 3u * C + group.y * HS;
  let k_at = q_at + C;
  let out_at = first * C + group.y * HS;
  let row_at = (group.z * NH + group.y) * T;

  bring_keys(OWN_K, OWN_V, OWN, u0, q_at, index);

  var dk = Results();
  var dv = Results();
  for (var t0 = u0; t0 < T; t0 += WALK) {
    workgroupBarrier();
    bring_queries(WALKED_K, WALKED_V, WALK, t0, q_at, out_at, index);
    workgroupBarrier();
    keep_dots(WALKED_V, WALK, t0, out_at, index);
    let s = products(OWN_K, WALKED_K, x, y);
    let dp = products(OWN_V, WALKED_V, x, y);
//#if DROP
    let rows = mask_rows(row_at + t0 + 4u * x);
//#endif
    workgroupBarrier();
    //#repeat j 4
    let t = t0 + 4u * x + j;
    let l = saved_lse[row_at + min(t, T - 1u)];
    let d = tiles[EACH + 4u * x + j].x;
    //#repeat b ROWS4
    let u = block_rows(u0, y, b);
    let p = select(vec4f(), exp(s[4u * b + j] - l), (u <= vec4u(t)) & vec4<bool>(t < T));
    var kept = p;
    var dprobability = dp[4u * b + j];
//#if DROP
    let m = vec4f(mask(rows[j], u.x), mask(rows[j], u.y), mask(rows[j], u.z), mask(rows[j], u.w));
    kept *= m;
    dprobability *= m;
//#endif
    let at = pair_place(4u * x, y * ROWS4 + b) + j * OWN4;
    tiles[P + at] = kept;
    tiles[DS + at] = p * (dprobability - d); // the query has SCALE in it
    //#endrepeat
    //#endrepeat
    workgroupBarrier();
    mix_rows(&dv, P, WALKED_V, x, y);
    mix_rows(&dk, DS, WALKED_K, x, y);
  }
  store_results(dk, k_at, u0 + y * ROWS, x);
  store_results(dv, k_at + C, u0 + y * ROWS, x);
}

@compute @workgroup_size(THREADS)
fn attention_backward(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32) {
  if (workgroup.x < GROUPS) {
    backward_q(workgroup, index);
  } else {
    backward_kv(workgroup - vec3u(GROUPS, 0u, 0u), index);
  }
}
//#endif
