import type { Numbers } from '../reference/arrays.ts';
import { add } from '../reference/arrays.ts';
import { attention } from '../reference/attention.ts';
import { embedding } from '../reference/embedding.ts';
import type { ModelSettings, Tensors } from '../reference/gpt.ts';
import { layerNorm } from '../reference/layer_norm.ts';
import { linear } from '../reference/linear.ts';

/** What one sequence makes of itself on its way through a model, in float64. */
export interface Passage {
  embedding: Float64Array;
  blocks: {
    qkv: Float64Array;
    mixed: Float64Array;
    middle: Float64Array;
    hidden: Float64Array;
    out: Float64Array;
    /** By head: (T, T). */
    patterns: number[][];
  }[];
}

/** The forward pass of one sequence, written apart from the reference model: every number on the way is kept. */
export function passage(model: ModelSettings, params: Tensors, ids: Numbers): Passage {
  const { n_embd: C, n_inner: H, n_head: NH, activation } = model;
  const T = ids.length;
  const get = (name: string) => params.get(name)!;
  const bias = (name: string) => (model.bias ? get(`${name}.bias`) : null);
  const norm = (x: Numbers, name: string) => layerNorm(x, get(`${name}.weight`), bias(name));
  const apply = (x: Numbers, name: string, K: number, M: number, options = {}) =>
    linear(x, get(`${name}.weight`), { N: T, C: K, M }, { bias: bias(name), ...options });
  const start = embedding(ids, get('transformer.wte.weight'), get('transformer.wpe.weight'), { B: 1, T, C });
  let x = start;
  const blocks = Array.from({ length: model.n_layer }, (_, layer) => {
    const name = `transformer.h.${layer}`;
    const qkv = apply(norm(x, `${name}.ln_1`), `${name}.attn.c_attn`, C, 3 * C);
    const mixed = attention(qkv, { B: 1, T, NH, HS: C / NH });
    const middle = add(x, apply(mixed, `${name}.attn.c_proj`, C, C));
    const hidden = apply(norm(middle, `${name}.ln_2`), `${name}.mlp.c_fc`, C, H, { activation });
    x = add(middle, apply(hidden, `${name}.mlp.c_proj`, H, C));
    return { qkv, mixed, middle, hidden, out: x, patterns: patterns(qkv, T, C, NH) };
  });
  return { embedding: start, blocks };
}

/** softmax(q k / √HS) of each head, row by row. */
function patterns(qkv: Numbers, T: number, C: number, NH: number): number[][] {
  const HS = C / NH;
  return Array.from({ length: NH }, (_, head) => {
    const pattern: number[] = new Array(T * T).fill(0);
    for (let t = 0; t < T; t++) {
      const weights = Array.from({ length: t + 1 }, (_, u) => {
        let score = 0;
        for (let c = head * HS; c < (head + 1) * HS; c++) score += qkv[t * 3 * C + c]! * qkv[u * 3 * C + C + c]!;
        return Math.exp(score / Math.sqrt(HS));
      });
      const sum = weights.reduce((a, b) => a + b);
      weights.forEach((w, u) => {
        pattern[t * T + u] = w / sum;
      });
    }
    return pattern;
  });
}

/** (n_layer, n_head, T, T), nested by layer and head. */
export function patternsOf(model: ModelSettings, params: Tensors, ids: Numbers): number[] {
  return passage(model, params, ids).blocks.flatMap((block) => block.patterns.flat());
}
