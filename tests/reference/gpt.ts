import type { ActivationName } from './activation.ts';
import { add, type Numbers, type Random } from './arrays.ts';
import { type AttentionMask, type AttentionShape, attention, attentionBackward } from './attention.ts';
import { crossEntropy } from './cross_entropy.ts';
import { type MaskPlace, maskAt, maskOf } from './dropout.ts';
import { embedding, embeddingBackward } from './embedding.ts';
import { layerNorm, layerNormBackward } from './layer_norm.ts';
import { linear, linearBackward } from './linear.ts';
import {
  type AdamWState,
  adamW,
  clipCoefficient,
  globalNorm,
  learningRate,
  type ScheduleSettings,
} from './optimizer.ts';

export interface ModelSettings {
  n_layer: number;
  n_head: number;
  n_embd: number;
  n_inner: number;
  block_size: number;
  vocab_size: number;
  bias: boolean;
  tied: boolean;
  activation: ActivationName;
}

/** Tensors under nanoGPT's state-dict names. */
export type Tensors = Map<string, Float64Array>;

/** What a block keeps for its backward pass: the input of each of its operators. */
interface BlockTrace {
  x: Float64Array;
  norm1: Float64Array;
  qkv: Float64Array;
  mixed: Float64Array;
  middle: Float64Array;
  norm2: Float64Array;
  hidden: Float64Array;
}

export interface ModelResult {
  /** [B, T, V] */
  logits: Float64Array;
  /** [B T] */
  losses: Float64Array;
  /** Mean loss in nats. */
  loss: number;
  /** Gradients of the mean loss. */
  grads: Tensors;
}

const shapeOf = (model: ModelSettings, name: string): number[] => {
  const { n_embd: C, n_inner: H, vocab_size: V, block_size: T } = model;
  if (name.endsWith('wte.weight') || name === 'lm_head.weight') return [V, C];
  if (name.endsWith('wpe.weight')) return [T, C];
  const weight = name.endsWith('.weight');
  if (name.includes('c_attn')) return weight ? [3 * C, C] : [3 * C];
  if (name.includes('attn.c_proj')) return weight ? [C, C] : [C];
  if (name.includes('c_fc')) return weight ? [H, C] : [H];
  if (name.includes('mlp.c_proj')) return weight ? [C, H] : [C];
  return [C];
};

/** Every parameter with its shape, in nanoGPT's order. */
export function parameterShapes(model: ModelSettings): Map<string, number[]> {
  const block = ['ln_1', 'attn.c_attn', 'attn.c_proj', 'ln_2', 'mlp.c_fc', 'mlp.c_proj'];
  const modules = Array.from({ length: model.n_layer }, (_, i) => block.map((part) => `transformer.h.${i}.${part}`));
  const kinds = model.bias ? ['weight', 'bias'] : ['weight'];
  const names = [
    'transformer.wte.weight',
    'transformer.wpe.weight',
    ...[...modules.flat(), 'transformer.ln_f'].flatMap((module) => kinds.map((kind) => `${module}.${kind}`)),
    ...(model.tied ? [] : ['lm_head.weight']),
  ];
  return new Map(names.map((name) => [name, shapeOf(model, name)]));
}

/** N(0, scale) for matrices and biases, N(1, scale) for gains, so that nothing stands at a special value. */
export function randomParameters(model: ModelSettings, random: Random, scale: number): Tensors {
  const params: Tensors = new Map();
  for (const [name, shape] of parameterShapes(model)) {
    const size = shape.reduce((product, length) => product * length);
    const gain = /ln_\w+\.weight$/.test(name);
    params.set(name, Float64Array.from(random.normals(size, scale, gain ? 1 : 0)));
  }
  return params;
}

/** Loss, logits and gradients of x, y [B, T]. The gradients can be left out to save time. */
export function gpt(
  model: ModelSettings,
  params: Tensors,
  x: Numbers,
  y: Numbers,
  B: number,
  withGrads = true,
  dropout?: Omit<MaskPlace, 'site'>,
): ModelResult {
  const { n_embd: C, n_inner: H, n_head: NH, vocab_size: V, activation } = model;
  const N = x.length;
  const T = N / B;
  const rows: AttentionShape = { B, T, NH, HS: C / NH };
  const get = (name: string) => {
    const tensor = params.get(name);
    if (!tensor) throw new Error(`There is no parameter ${name}.`);
    return tensor;
  };
  const biasOf = (module: string) => (model.bias ? get(`${module}.bias`) : null);
  const headName = model.tied ? 'transformer.wte.weight' : 'lm_head.weight';
  const norm = (input: Numbers, module: string) => layerNorm(input, get(`${module}.weight`), biasOf(module));

  /** Sites in the order of the forward pass: the embedding; attention, its branch and the other branch of each block. */
  const masked = (values: Float64Array, site: number) =>
    dropout ? maskOf({ ...dropout, site }, N, C).map((m, i) => m * values[i]!) : values;
  const attentionMask = (site: number): AttentionMask | undefined =>
    dropout && ((row, s) => maskAt({ ...dropout, site }, row, s));

  const traces: BlockTrace[] = [];
  let h = masked(embedding(x, get('transformer.wte.weight'), get('transformer.wpe.weight'), { B, T, C }), 0);
  for (let i = 0; i < model.n_layer; i++) {
    const b = `transformer.h.${i}`;
    const apply = (input: Numbers, part: string, widths: [number, number], options = {}) =>
      linear(
        input,
        get(`${b}.${part}.weight`),
        { N, C: widths[0], M: widths[1] },
        { bias: biasOf(`${b}.${part}`), ...options },
      );
    const norm1 = norm(h, `${b}.ln_1`);
    const qkv = apply(norm1, 'attn.c_attn', [C, 3 * C]);
    const mixed = attention(qkv, rows, attentionMask(1 + 3 * i));
    const middle = add(h, masked(apply(mixed, 'attn.c_proj', [C, C]), 2 + 3 * i));
    const norm2 = norm(middle, `${b}.ln_2`);
    const hidden = apply(norm2, 'mlp.c_fc', [C, H], { activation });
    traces.push({ x: h, norm1, qkv, mixed, middle, norm2, hidden });
    h = add(middle, masked(apply(hidden, 'mlp.c_proj', [H, C]), 3 + 3 * i));
  }
  const last = norm(h, 'transformer.ln_f');
  const logits = linear(last, get(headName), { N, C, M: V });
  const { losses, mean, dlogits } = crossEntropy(logits, y);
  const grads: Tensors = new Map();
  const result = { logits, losses, loss: mean, grads };
  if (!withGrads) return result;

  const accumulate = (name: string, grad: Float64Array) => {
    const before = grads.get(name);
    grads.set(name, before ? add(before, grad) : grad);
  };
  const keepBias = (module: string, grad: Float64Array) => {
    if (model.bias) accumulate(`${module}.bias`, grad);
  };
  const normBackward = (input: Numbers, module: string, dout: Numbers) => {
    const { dx, dweight, dbias } = layerNormBackward(input, get(`${module}.weight`), dout);
    accumulate(`${module}.weight`, dweight);
    keepBias(module, dbias);
    return dx;
  };
  const head = linearBackward(last, get(headName), dlogits, { N, C, M: V });
  accumulate(headName, head.dweight);
  let dh = normBackward(h, 'transformer.ln_f', head.dx);
  for (let i = model.n_layer - 1; i >= 0; i--) {
    const b = `transformer.h.${i}`;
    const trace = traces[i]!;
    const back = (input: Numbers, part: string, widths: [number, number], dout: Numbers, options = {}) => {
      const module = `${b}.${part}`;
      const shape = { N, C: widths[0], M: widths[1] };
      const grad = linearBackward(input, get(`${module}.weight`), dout, shape, { bias: biasOf(module), ...options });
      accumulate(`${module}.weight`, grad.dweight);
      keepBias(module, grad.dbias);
      return grad.dx;
    };
    const dhidden = back(trace.hidden, 'mlp.c_proj', [H, C], masked(dh, 3 + 3 * i));
    const dnorm2 = back(trace.norm2, 'mlp.c_fc', [C, H], dhidden, { activation });
    dh = add(dh, normBackward(trace.middle, `${b}.ln_2`, dnorm2));
    const dmixed = back(trace.mixed, 'attn.c_proj', [C, C], masked(dh, 2 + 3 * i));
    const dqkv = attentionBackward(trace.qkv, dmixed, rows, attentionMask(1 + 3 * i));
    const dnorm1 = back(trace.norm1, 'attn.c_attn', [C, 3 * C], dqkv);
    dh = add(dh, normBackward(trace.x, `${b}.ln_1`, dnorm1));
  }
  const tables = { wte: V, wpe: model.block_size };
  const { dwte, dwpe } = embeddingBackward(x, masked(dh, 0), { B, T, C }, tables);
  accumulate('transformer.wte.weight', dwte);
  accumulate('transformer.wpe.weight', dwpe);
  return result;
}

export interface TrainingSettings extends ScheduleSettings {
  beta1: number;
  beta2: number;
  eps: number;
  weight_decay: number;
  grad_clip: number;
}

export interface TrainedStep {
  loss: number;
  lr: number;
  /** Before clipping. */
  grad_norm: number;
}

/** Trains `params` in place, one step for each pair of batches. */
export function trainReference(
  model: ModelSettings,
  settings: TrainingSettings,
  params: Tensors,
  batches: { x: Numbers; y: Numbers; B: number }[],
): TrainedStep[] {
  const states = new Map<string, AdamWState>();
  for (const [name, param] of params) {
    states.set(name, { param, m: new Float64Array(param.length), v: new Float64Array(param.length) });
  }
  const shapes = parameterShapes(model);
  return batches.map(({ x, y, B }, step) => {
    const { loss, grads } = gpt(model, params, x, y, B);
    const grad_norm = globalNorm(grads.values());
    const scale = clipCoefficient(grad_norm, settings.grad_clip);
    const lr = learningRate(step, settings);
    for (const [name, state] of states) {
      const weight_decay = shapes.get(name)!.length >= 2 ? settings.weight_decay : 0;
      const grad = grads.get(name)!.map((g) => g * scale);
      adamW(state, grad, step, { ...settings, lr, weight_decay });
    }
    return { loss, lr, grad_norm };
  });
}
