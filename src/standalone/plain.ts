import { keptTokens } from '../generation/window.ts';
import { LAYER_NORM_EPSILON } from '../graph/operators/layer-norm.ts';
import { PackedLayout } from '../graph/packed.ts';
import type { GPTConfig } from '../model/config.ts';
import { layoutOf } from '../model/parameters.ts';
import { dequantize } from '../model/quantization.ts';
import type { StandaloneModel, Writing, WritingRequest } from './model.ts';

/** Milliseconds of work after which the page may draw and listen again. */
const BREATH_MS = 30;

/** The same model in plain JavaScript, for where there is no WebGPU: one token at a time, keys and values kept. */
class PlainModel {
  readonly #config: GPTConfig;
  readonly #tensor: (name: string) => Float32Array | undefined;
  /** Of each layer: keys and values (T, C) of the rows so far. */
  readonly #keys: Float32Array[];
  readonly #values: Float32Array[];

  constructor(config: GPTConfig, flat: Float32Array) {
    const { slots } = layoutOf(config);
    const { n_layer, block_size, n_embd } = config;
    const cache = () => Array.from({ length: n_layer }, () => new Float32Array(block_size * n_embd));
    this.#config = config;
    this.#tensor = (name) => {
      const slot = slots.get(name);
      return slot && flat.subarray(slot.offset / 4, slot.offset / 4 + slot.size);
    };
    this.#keys = cache();
    this.#values = cache();
  }

  /** Reads a token at a position. Returns the logits of what may follow it; empty where they are not `wanted`. */
  read(token: number, position: number, wanted: boolean): Float32Array {
    const { n_embd: C, n_layer, n_inner, tied, vocab_size } = this.#config;
    const wte = this.#tensor('transformer.wte.weight')!;
    const wpe = this.#tensor('transformer.wpe.weight')!;
    const x = Float32Array.from({ length: C }, (_, c) => wte[token * C + c]! + wpe[position * C + c]!);
    const add = (more: Float32Array) => {
      for (let c = 0; c < C; c++) x[c]! += more[c]!;
    };
    for (let layer = 0; layer < n_layer; layer++) {
      const name = `transformer.h.${layer}`;
      const qkv = this.#linear(`${name}.attn.c_attn`, this.#norm(`${name}.ln_1`, x), 3 * C);
      add(this.#linear(`${name}.attn.c_proj`, this.#attention(qkv, layer, position), C));
      const hidden = this.#linear(`${name}.mlp.c_fc`, this.#norm(`${name}.ln_2`, x), n_inner);
      add(this.#linear(`${name}.mlp.c_proj`, hidden.map(ACTIVATIONS[this.#config.activation]), C));
    }
    if (!wanted) return new Float32Array(0);
    const last = this.#norm('transformer.ln_f', x);
    return multiply(tied ? wte : this.#tensor('lm_head.weight')!, last, vocab_size);
  }

  #linear(name: string, x: Float32Array, rows: number): Float32Array {
    const y = multiply(this.#tensor(`${name}.weight`)!, x, rows);
    const bias = this.#tensor(`${name}.bias`);
    return bias ? y.map((value, i) => value + bias[i]!) : y;
  }

  #norm(name: string, x: Float32Array): Float32Array {
    const gain = this.#tensor(`${name}.weight`)!;
    const bias = this.#tensor(`${name}.bias`);
    const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
    const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
    const scale = 1 / Math.sqrt(variance + LAYER_NORM_EPSILON);
    return x.map((value, c) => (value - mean) * scale * gain[c]! + (bias?.[c] ?? 0));
  }

  #attention(qkv: Float32Array, layer: number, position: number): Float32Array {
    const { n_embd: C, n_head } = this.#config;
    const [keys, values] = [this.#keys[layer]!, this.#values[layer]!];
    keys.set(qkv.subarray(C, 2 * C), position * C);
    values.set(qkv.subarray(2 * C), position * C);
    const size = C / n_head;
    const out = new Float32Array(C);
    const weights = new Float64Array(position + 1);
    for (let from = 0; from < C; from += size) {
      let highest = Number.NEGATIVE_INFINITY;
      for (let u = 0; u <= position; u++) {
        let dot = 0;
        for (let c = from; c < from + size; c++) dot += qkv[c]! * keys[u * C + c]!;
        weights[u] = dot / Math.sqrt(size);
        highest = Math.max(highest, weights[u]!);
      }
      let total = 0;
      for (let u = 0; u <= position; u++) {
        weights[u] = Math.exp(weights[u]! - highest);
        total += weights[u]!;
      }
      for (let u = 0; u <= position; u++) {
        const share = weights[u]! / total;
        for (let c = from; c < from + size; c++) out[c]! += share * values[u * C + c]!;
      }
    }
    return out;
  }
}

/** y = W x, W (rows, x.length). */
function multiply(matrix: Float32Array, x: Float32Array, rows: number): Float32Array {
  const y = new Float32Array(rows);
  const width = x.length;
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let i = 0, at = row * width; i < width; i++) sum += matrix[at + i]! * x[i]!;
    y[row] = sum;
  }
  return y;
}

/** The normal distribution's integral; see activation.wgsl. */
function normalIntegral(z: number): number {
  const x = Math.abs(z) * Math.SQRT1_2;
  const t = 1 / (1 + 0.5 * x);
  const fit = [
    0.170872778, -0.822152235, 1.48851589, -1.135204, 0.278868086, -0.186288062, 0.0967841896, 0.37409196, 1.00002368,
    -1.26551223,
  ];
  const tail = 0.5 * t * Math.exp(fit.reduce((p, factor) => p * t + factor, 0) - x * x);
  return z < 0 ? tail : 1 - tail;
}

const ACTIVATIONS: Record<GPTConfig['activation'], (z: number) => number> = {
  relu: (z) => Math.max(z, 0),
  gelu: (z) => z * normalIntegral(z),
  gelu_tanh: (z) => z / (1 + Math.exp(-1.5957691216057308 * (z + 0.044715 * z ** 3))),
};

/** draw_token.wgsl's hash. */
function hash(input: number): number {
  const state = (Math.imul(input, 747796405) + 2891336453) >>> 0;
  const word = Math.imul((state >>> ((state >>> 28) + 4)) ^ state, 277803737) >>> 0;
  return ((word >>> 22) ^ word) >>> 0;
}

/** Draws token number `count` as draw_token.wgsl does. */
function draw(logits: Float32Array, { temperature, top_k, seed, never }: WritingRequest, count: number): number {
  let best = -1;
  logits.forEach((value, id) => {
    if (id !== never && (best < 0 || value > logits[best]!)) best = id;
  });
  if (temperature === 0) return best;
  const weights = Float64Array.from(logits, (value, id) =>
    id === never ? 0 : Math.exp((value - logits[best]!) / temperature),
  );
  if (top_k > 0 && top_k < weights.length) {
    const order = [...weights.keys()].sort((a, b) => weights[b]! - weights[a]! || a - b);
    for (const id of order.slice(top_k)) weights[id] = 0;
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const target = ((hash(hash(hash(seed) ^ count)) >>> 9) / 8388608) * total;
  let sum = 0;
  let token = best;
  for (const [id, weight] of weights.entries()) {
    if (weight === 0) continue;
    token = id;
    sum += weight;
    if (target < sum) break;
  }
  return token;
}

/** Writes on the processor, one thread, and lets the page breathe. */
export function openPlain({ config, bits }: StandaloneModel, weights: ArrayBuffer): Writing {
  const layout = layoutOf(config);
  const flat =
    bits === 32
      ? new Float32Array(weights)
      : dequantize(layout, { layout: new PackedLayout(layout, bits), data: new Uint32Array(weights) });
  const model = new PlainModel(config, flat);
  const T = config.block_size;
  return async function* write(request) {
    let window = request.ids.slice(-T);
    let count = window.length;
    let read = 0;
    let rested = performance.now();
    for (let written = 0; written < request.length; written++) {
      let logits = new Float32Array(0);
      while (read < window.length) {
        logits = model.read(window[read]!, read, read === window.length - 1) as Float32Array<ArrayBuffer>;
        read++;
        if (performance.now() - rested > BREATH_MS) {
          await new Promise((resolve) => setTimeout(resolve));
          rested = performance.now();
        }
      }
      const token = draw(logits, request, count++);
      window.push(token);
      if (window.length > T) {
        window = window.slice(-keptTokens(T)); // it slides: what stays is read again
        read = 0;
      }
      yield token;
    }
  };
}
