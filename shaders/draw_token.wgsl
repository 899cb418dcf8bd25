// Draws the token that follows each sequence, and moves the sequence on by it.
//
// From the logits l of a sequence, in this order:
//   penalty      l / penalty where l > 0, l * penalty otherwise, for each token of the model's present window
//                (Keskar et al., 2019, arXiv 1909.05858)
//   never        the token `never` is out of the question
//   temperature  w = exp((l - max l) / temperature); at 0 the token with the largest l is taken, and nothing below happens
//   top_k        only the k tokens with the largest w keep it; 0 for all
//   top_p        of these only the likeliest that together have the share top_p of their sum (nucleus sampling, Holtzman et
//                al., 2020, arXiv 1904.09751); 1 for all
//   draw         token i with probability w[i] / sum of w, by a hash of (seed, number of the token, sequence)
// Of equal tokens the one with the lower id comes first, everywhere. Softmax is monotone, so that w decides for l; its bits,
// taken as a whole number, have the same order, and a bound between the kept and the others is found bit by bit.
//
// weights = w at the end, zero where a token may not be drawn. Then, for the token drawn (all `=`):
//   history[b, count % T] = token;   latest[b, token] = count + 1;   state[b] moves on
//   drawn[count % RING, b] = token, p[token], q, the ids of the TOP tokens with the largest p, and their p
// p = exp(l - max l) / sum of exp(l - max l): the plain softmax of the logits as they are, at temperature 1, with no penalty and
// nothing left out. q = w[token] / sum of w: the probability with which it was drawn; 1 at temperature 0. Floats stand in
// `drawn` by their bits. Where there are fewer tokens than TOP, the last ones are token 0 with p = 0.
// When the window is full it slides: it goes on with its last KEEP tokens, which are read again from position 0 on.
//
// Put behind lanes.wgsl. One workgroup of LANES threads for each sequence; a thread has CHUNK tokens, one after the other. Sums are
// added in the same order in every run. With LANES 1 there is no barrier. Some barriers depend on the options: FXC, an older compiler
// for Windows, allows that of no numbers but those of a uniform buffer. Sizes: B sequences, V tokens, T places of the window.

struct Options {
  temperature: f32,
  top_p: f32,
  penalty: f32,
  top_k: u32,
  seed: u32,
  never: u32,
}

struct State {
  position: u32,
  count: u32,
  first: u32,
  unused: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;          // (B, V)
@group(0) @binding(1) var<uniform> options: Options;
@group(0) @binding(2) var<storage, read_write> state: array<State>;   // (B)
@group(0) @binding(3) var<storage, read_write> history: array<u32>;   // (B, T)
@group(0) @binding(4) var<storage, read_write> latest: array<u32>;    // (B, V): 1 + number of the token's last occurrence
@group(0) @binding(5) var<storage, read_write> weights: array<f32>;   // (B, V)
@group(0) @binding(6) var<storage, read_write> drawn: array<u32>;     // (RING, B, RECORD)

const LOWEST = -3.4e38;
const TWO = 0x40000000u;  // the bits of 2.0; no w is much above 1

alias Shared = vec2f;

// The sum over the threads before this one, that up to this one, and that over all. Where one thread's part ends, the next
// one's begins, to the last bit, however a compiler adds: both are the same sum. All threads must call it.
fn sum_before(value: f32, lane: u32) -> vec3f {
//#if REDUCE
  workgroupBarrier();
  scratch[lane].x = value;
  workgroupBarrier();
  var sums = vec3f();
  for (var i = 0u; i < LANES; i++) {
    if (i == lane) {
      sums.x = sums.z;
    }
    sums.z += scratch[i].x;
    if (i == lane) {
      sums.y = sums.z;
    }
  }
  return sums;
//#else
  return vec3f(0.0, value, value);
//#endif
}

// The largest value with the lowest id among the threads' own; `id` below 2^24. All threads must call it.
fn best_of_lanes(value: f32, id: u32, lane: u32) -> vec2f {
//#if REDUCE
  workgroupBarrier();
  scratch[lane] = vec2f(value, f32(id));
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      let a = scratch[lane];
      let c = scratch[lane + half];
      if (c.x > a.x || (c.x == a.x && c.y < a.y)) {
        scratch[lane] = c;
      }
    }
  }
  workgroupBarrier();
  return scratch[0];
//#else
  return vec2f(value, f32(id));
//#endif
}

// How many tokens have a w of at least these bits, and their sum.
fn measure(bits: u32, from_id: u32, to_id: u32, base: u32, lane: u32) -> vec2f {
  var found = vec2f();
  for (var i = from_id; i < to_id; i++) {
    let w = weights[base + i];
    if (bitcast<u32>(w) >= bits) {
      found += vec2f(1.0, w);
    }
  }
  return sum_lanes(found, lane, 0u);
}

// Sets w to zero for all but the first tokens, in descending order, that together reach `need`: of the count (x) or of the
// sum (y), as `which` has it.
fn cut(need: f32, which: vec2f, from_id: u32, to_id: u32, base: u32, lane: u32) {
  var bound = 0u;  // the largest for which the tokens at or above it reach what is needed
  for (var bit = 1u << 29u; bit > 0u; bit >>= 1u) {  // no w has a higher bit: all are below 2
    let tried = bound | bit;
    if (dot(measure(tried, from_id, to_id, base, lane), which) >= need) {
      bound = tried;
    }
  }
  let above = dot(measure(bound + 1u, from_id, to_id, base, lane), which);
  // of those on the bound itself, only as many as are still needed, the lowest ids first
  let each = max(dot(vec2f(1.0, bitcast<f32>(bound)), which), 1e-38);
  let kept = max(1.0, ceil((need - above) / each));
  var on_bound = 0.0;
  for (var i = from_id; i < to_id; i++) {
    on_bound += select(0.0, 1.0, bitcast<u32>(weights[base + i]) == bound);
  }
  var rank = sum_before(on_bound, lane).x;
  for (var i = from_id; i < to_id; i++) {
    let bits = bitcast<u32>(weights[base + i]);
    if (bits < bound) {
      weights[base + i] = 0.0;
    } else if (bits == bound) {
      if (rank >= kept) {
        weights[base + i] = 0.0;
      }
      rank += 1.0;
    }
  }
}

// The output function of a permuted congruential generator (O'Neill, 2014), used as a hash of 32 bits.
fn hash(input: u32) -> u32 {
  let word_state = input * 747796405u + 2891336453u;
  let word = ((word_state >> ((word_state >> 28u) + 4u)) ^ word_state) * 277803737u;
  return (word >> 22u) ^ word;
}

// Where the record of the token after `count` begins in `drawn`.
fn record_of(count: u32, b: u32) -> u32 {
  return ((count % RING) * B + b) * RECORD;
}

// Records the TOP likeliest tokens; returns the largest logit, and the sum of exp(l - that). All threads must call it.
fn tell_likeliest(b: u32, count: u32, from_id: u32, to_id: u32, lane: u32) -> vec2f {
  let base = b * V;
  let record = record_of(count, b);
  // the thread's own, in descending order, as (logit, id)
  var own: array<vec2f, TOP>;
  for (var n = 0u; n < TOP; n++) {
    own[n] = vec2f(LOWEST, 0.0);
  }
  for (var i = from_id; i < to_id; i++) {
    let l = logits[base + i];
    if (l > own[TOP - 1u].x) {
      var at = TOP - 1u;
      while (at > 0u && l > own[at - 1u].x) {
        own[at] = own[at - 1u];
        at--;
      }
      own[at] = vec2f(l, f32(i));
    }
  }
  var highest = 0.0;
  var total = 1.0;
  var next = 0u;
  for (var n = 0u; n < TOP; n++) {
    // each thread offers the likeliest of its own that has not been taken
    var offer = vec2f(LOWEST, 0.0);
    if (next < TOP) {
      offer = own[next];
    }
    let best = best_of_lanes(offer.x, u32(offer.y), lane);
    if (best.x == offer.x && best.y == offer.y) {
      next++;
    }
    if (n == 0u) {
      highest = best.x;
      var part = 0.0;
      for (var i = from_id; i < to_id; i++) {
        part += exp(logits[base + i] - highest);
      }
      total = sum_lanes(vec2f(part, 0.0), lane, 0u).x;
    }
    if (lane == 0u) {
      drawn[record + 3u + n] = u32(best.y);
      drawn[record + 3u + TOP + n] = bitcast<u32>(exp(best.x - highest) / total);
    }
  }
  return vec2f(highest, total);
}

// Records a token as drawn, with probability q; `softmax` as `tell_likeliest` returns it.
fn move_on(b: u32, token: u32, softmax: vec2f, q: f32) {
  let now = state[b];
  let record = record_of(now.count, b);
  drawn[record] = token;
  drawn[record + 1u] = bitcast<u32>(exp(logits[b * V + token] - softmax.x) / softmax.y);
  drawn[record + 2u] = bitcast<u32>(q);
  history[b * T + now.count % T] = token;
  latest[b * V + token] = now.count + 1u;
  let count = now.count + 1u;
  if (now.position + 1u < T) {
    state[b] = State(now.position + 1u, count, now.first, 0u);
  } else {
    state[b] = State(0u, count, count - KEEP, 0u);
  }
}

@compute @workgroup_size(LANES)
fn draw_token(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let b = workgroup.x;
  let base = b * V;
  let from_id = min(lane * CHUNK, V);
  let to_id = min(from_id + CHUNK, V);
  let count = state[b].count;
  let first = state[b].first;
  let softmax = tell_likeliest(b, count, from_id, to_id, lane);

  var highest = LOWEST;
  var likeliest = from_id;
  for (var i = from_id; i < to_id; i++) {
    var l = logits[base + i];
    if (latest[base + i] > first) {
      l = select(l * options.penalty, l / options.penalty, l > 0.0);
    }
    if (i == options.never) {
      l = LOWEST;
    }
    weights[base + i] = l;
    if (l > highest) {
      highest = l;
      likeliest = i;
    }
  }
  let best = best_of_lanes(highest, likeliest, lane);
  if (options.temperature == 0.0) {
    if (lane == 0u) {
      move_on(b, u32(best.y), softmax, 1.0);
    }
    return;
  }

  for (var i = from_id; i < to_id; i++) {
    let w = exp((weights[base + i] - best.x) / options.temperature);
    // By its bits, since a comparison of numbers says nothing about NaN: that and -0 would spoil the order of the bits.
    weights[base + i] = select(0.0, w, bitcast<u32>(w) < TWO && i != options.never);
  }
  if (options.top_k > 0u && options.top_k < V) {
    cut(f32(options.top_k), vec2f(1.0, 0.0), from_id, to_id, base, lane);
  }
  if (options.top_p < 1.0) {
    let all = measure(0u, from_id, to_id, base, lane).y;
    cut(options.top_p * all, vec2f(0.0, 1.0), from_id, to_id, base, lane);
  }

  var own = 0.0;
  for (var i = from_id; i < to_id; i++) {
    own += weights[base + i];
  }
  let sums = sum_before(own, lane);
//#if REDUCE
  storageBarrier();  // every thread has read the state that one of them is about to move on
//#endif
  // 23 bits, so that the product stays below the sum when it is rounded
  let target_sum = f32(hash(hash(hash(options.seed) ^ count) ^ b) >> 9u) / 8388608.0 * sums.z;
  // The thread within whose tokens the sum passes the target. Where no weight is a positive number, as after a run that has
  // diverged, the first thread takes a token.
  let mine = (sums.x <= target_sum && target_sum < sums.y) || (lane == 0u && !(sums.z > 0.0));
  if (mine) {
    var sum = sums.x;
    var token = from_id;
    for (var i = from_id; i < to_id; i++) {
      let w = weights[base + i];
      if (w > 0.0) {
        token = i;
        sum += w;
        if (target_sum < sum) {
          break;
        }
      }
    }
    move_on(b, token, softmax, weights[base + token] / sums.z);
  }
}
