import type { GPTConfig } from '../model/config.ts';
import { type PortableModel, tensorOf, transpose } from './portable-model.ts';

/** The options of a model that the formats below this line know how to say, or refuse by name. */
type Expressed =
  | 'vocab_size'
  | 'block_size'
  | 'n_layer'
  | 'n_head'
  | 'n_embd'
  | 'n_inner'
  | 'bias'
  | 'tied'
  | 'activation';
/** Fails to compile when a model gets an option that no format has been taught. */
const _everyOption: Exclude<keyof GPTConfig, Expressed> extends never ? true : never = true;
void _everyOption;

/** A tensor as Hugging Face's GPT2LMHeadModel keeps it. */
export interface GPT2Tensor {
  shape: readonly number[];
  data: Float32Array<ArrayBuffer>;
}

/** How one of its tensors comes about from ours. */
export interface GPT2Row {
  name: string;
  shape: readonly number[];
  /** A `Conv1D` weight (in, out): the transpose of what nanoGPT and we keep under the same name. */
  transposed: boolean;
}

/** Every tensor of a GPT2LMHeadModel of this shape, with its biases; `lm_head.weight` only where it is not tied. */
export function gpt2Table(config: GPTConfig): GPT2Row[] {
  const { vocab_size: V, block_size: T, n_embd: C, n_inner: H, n_layer } = config;
  const rows: GPT2Row[] = [];
  const plain = (name: string, ...shape: number[]) => rows.push({ name, shape, transposed: false });
  const norm = (name: string) => {
    plain(`${name}.weight`, C);
    plain(`${name}.bias`, C);
  };
  const conv1d = (name: string, inp: number, out: number) => {
    rows.push({ name: `${name}.weight`, shape: [inp, out], transposed: true });
    plain(`${name}.bias`, out);
  };
  plain('transformer.wte.weight', V, C);
  plain('transformer.wpe.weight', T, C);
  for (let layer = 0; layer < n_layer; layer++) {
    const block = `transformer.h.${layer}`;
    norm(`${block}.ln_1`);
    conv1d(`${block}.attn.c_attn`, C, 3 * C);
    conv1d(`${block}.attn.c_proj`, C, C);
    norm(`${block}.ln_2`);
    conv1d(`${block}.mlp.c_fc`, C, H);
    conv1d(`${block}.mlp.c_proj`, H, C);
  }
  norm('transformer.ln_f');
  if (!config.tied) plain('lm_head.weight', V, C);
  return rows;
}

/** A model's tensors as GPT2LMHeadModel keeps them. A bias that the model does not have is zero. */
export function gpt2Tensors(model: PortableModel): Map<string, GPT2Tensor> {
  const find = tensorOf(model);
  const tensors = new Map<string, GPT2Tensor>();
  for (const { name, shape, transposed } of gpt2Table(model.model)) {
    const size = shape.reduce((product, length) => product * length, 1);
    const data = find(name) ?? new Float32Array(size);
    tensors.set(name, { shape, data: transposed ? transpose(data, shape[1]!, shape[0]!) : data });
  }
  return tensors;
}
