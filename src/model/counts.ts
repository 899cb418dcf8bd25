import type { GPTConfig } from './config.ts';
import { parameterTable } from './parameters.ts';
import type { TrainingConfig } from './training-config.ts';

/** Where a length in a tensor's shape comes from: the vocabulary, the context, the width, the hidden width. */
export type SizeSymbol = 'V' | 'T' | 'C' | 'H';

/** One length of a shape: a multiple of a size, as 3 C. */
export interface Factor {
  readonly times: number;
  readonly symbol: SizeSymbol;
}

export interface CountedTensor {
  /** nanoGPT's state-dict name; in a block, that of the first one. */
  readonly name: string;
  readonly shape: readonly number[];
  /** The same lengths as symbols. */
  readonly factors: readonly Factor[];
  /** Learnable numbers. */
  readonly size: number;
}

/** What the model is drawn of, by nanoGPT's names where it has one. */
export type PartId =
  | 'wte'
  | 'wpe'
  | 'ln_1'
  | 'attn'
  | 'attn.c_attn'
  | 'attn.heads'
  | 'attn.c_proj'
  | 'attn.add'
  | 'ln_2'
  | 'mlp'
  | 'mlp.c_fc'
  | 'mlp.activation'
  | 'mlp.c_proj'
  | 'mlp.add'
  | 'ln_f'
  | 'lm_head'
  | 'softmax';

export interface Part {
  readonly id: PartId;
  readonly tensors: readonly CountedTensor[];
  readonly parameters: number;
  /** Multiplications and additions of its products for one token, forward; attention's as the mean over the context. */
  readonly forward: number;
  /** Numbers that it remembers of the whole context while it writes: attention's keys and values. */
  readonly cached: number;
  /** What it is made of. */
  readonly parts: readonly Part[];
}

/** A model taken apart: every learnable number stands in exactly one part. */
export interface Anatomy {
  readonly config: GPTConfig;
  readonly embedding: readonly Part[];
  /** Of one block; there are `n_layer` of them, all alike. */
  readonly block: readonly Part[];
  /** Of one block. */
  readonly blockParameters: number;
  readonly output: readonly Part[];
  /** N: all learnable numbers. */
  readonly parameters: number;
  /** By what they are: elements of matrices, biases, and gains of the norms. */
  readonly kinds: { readonly weights: number; readonly biases: number; readonly gains: number };
  /** As that of a part, for the whole model. */
  readonly forward: number;
  readonly cached: number;
}

const sizesOf = ({ vocab_size: V, block_size: T, n_embd: C, n_inner: H }: GPTConfig) => ({ V, T, C, H });

/** The lengths of each tensor by the end of its name. `parameterTable` has the numbers; a test holds the two together. */
const FACTORS: Record<string, readonly string[]> = {
  'wte.weight': ['V', 'C'],
  'wpe.weight': ['T', 'C'],
  'c_attn.weight': ['3C', 'C'],
  'c_attn.bias': ['3C'],
  'attn.c_proj.weight': ['C', 'C'],
  'attn.c_proj.bias': ['C'],
  'c_fc.weight': ['H', 'C'],
  'c_fc.bias': ['H'],
  'mlp.c_proj.weight': ['C', 'H'],
  'mlp.c_proj.bias': ['C'],
  'lm_head.weight': ['V', 'C'],
};
const VECTOR = ['C'];

function factorsOf(name: string): Factor[] {
  const ending = Object.keys(FACTORS).find((end) => name.endsWith(end));
  return (ending === undefined ? VECTOR : FACTORS[ending]!).map((written) => ({
    times: written.length > 1 ? Number(written[0]) : 1,
    symbol: written.at(-1) as SizeSymbol,
  }));
}

const sumOf = (parts: readonly Part[], value: (part: Part) => number) =>
  parts.reduce((sum, part) => sum + value(part), 0);

/**
 * Takes a model apart, in the order in which data flows through it.
 *
 * Only products count as arithmetic, as in `training/work.ts`: 2 for each weight of a matrix and token forward, twice that
 * backward. Looking an embedding up multiplies nothing; a tied head multiplies by the embedding's weights.
 */
export function anatomyOf(config: GPTConfig): Anatomy {
  const { block_size: T, vocab_size: V, n_embd: C, n_layer } = config;
  // blocks are alike: one stands for all
  const tensors = parameterTable({ ...config, n_layer: 1 }).map(
    ({ name, shape }): CountedTensor => ({
      name,
      shape,
      factors: factorsOf(name),
      size: shape.reduce((product, length) => product * length, 1),
    }),
  );
  const part = (id: PartId, prefix: string | null, extra: Partial<Part> = {}): Part => {
    const own = prefix === null ? [] : tensors.filter(({ name }) => name.startsWith(`${prefix}.`));
    const parameters = own.reduce((sum, { size }) => sum + size, 0);
    const weights = own.filter(({ shape }) => shape.length === 2).reduce((sum, { size }) => sum + size, 0);
    return { id, tensors: own, parameters, forward: 2 * weights, cached: 0, parts: [], ...extra };
  };
  const whole = (id: PartId, parts: Part[]): Part => ({
    id,
    tensors: parts.flatMap((inner) => inner.tensors),
    parameters: sumOf(parts, (inner) => inner.parameters),
    forward: sumOf(parts, (inner) => inner.forward),
    cached: sumOf(parts, (inner) => inner.cached),
    parts,
  });

  const h = 'transformer.h.0';
  const embedding = [part('wte', 'transformer.wte', { forward: 0 }), part('wpe', 'transformer.wpe', { forward: 0 })];
  const block = [
    part('ln_1', `${h}.ln_1`),
    whole('attn', [
      part('attn.c_attn', `${h}.attn.c_attn`),
      // q k and p v, each over the (T + 1) / 2 tokens that a token sees on average
      part('attn.heads', null, { forward: 2 * C * (T + 1), cached: 2 * T * C }),
      part('attn.c_proj', `${h}.attn.c_proj`),
    ]),
    part('attn.add', null),
    part('ln_2', `${h}.ln_2`),
    whole('mlp', [
      part('mlp.c_fc', `${h}.mlp.c_fc`),
      part('mlp.activation', null),
      part('mlp.c_proj', `${h}.mlp.c_proj`),
    ]),
    part('mlp.add', null),
  ];
  const output = [
    part('ln_f', 'transformer.ln_f'),
    part('lm_head', 'lm_head', { forward: 2 * V * C }),
    part('softmax', null),
  ];

  const total = (value: (part: Part) => number) =>
    sumOf(embedding, value) + n_layer * sumOf(block, value) + sumOf(output, value);
  const kind = (holds: (tensor: CountedTensor) => boolean) =>
    total((inner) => inner.tensors.filter(holds).reduce((sum, { size }) => sum + size, 0));
  return {
    config,
    embedding,
    block,
    blockParameters: sumOf(block, (inner) => inner.parameters),
    output,
    parameters: total((inner) => inner.parameters),
    kinds: {
      weights: kind(({ shape }) => shape.length === 2),
      biases: kind(({ name }) => name.endsWith('.bias')),
      gains: kind(({ name, shape }) => shape.length === 1 && name.endsWith('.weight')),
    },
    forward: total((inner) => inner.forward),
    cached: total((inner) => inner.cached),
  };
}

/** The sizes that the symbols of `Factor` stand for. */
export function sizeOf(config: GPTConfig, { times, symbol }: Factor): number {
  return times * sizesOf(config)[symbol];
}

/**
 * Operations for one token in training: forward once, backward twice, products only. `estimate` is the usual 6 for every
 * learnable number (Kaplan et al., 2020), multiplied or not, and attention's products: what the bench holds a step against.
 */
export function trainingFlops({ config, parameters, forward }: Anatomy): { products: number; estimate: number } {
  const { n_layer, n_embd: C, block_size: T } = config;
  return { products: 3 * forward, estimate: 6 * parameters + 6 * n_layer * C * (T + 1) };
}

/** What an optimizer remembers of each learnable number: numbers beside weight and gradient. */
export function momentsOf({ optimizer, momentum }: Pick<TrainingConfig, 'optimizer' | 'momentum'>): 0 | 1 | 2 {
  switch (optimizer) {
    case 'adamw':
    case 'adam':
    case 'muon':
      return 2;
    case 'lion':
      return 1;
    case 'sgd':
      return momentum > 0 ? 1 : 0;
    default:
      return optimizer satisfies never;
  }
}
