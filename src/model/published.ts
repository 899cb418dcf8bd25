import type { GPTConfig } from './config.ts';

/** A model whose size has been published, to be counted only. */
export interface PublishedModel {
  readonly title: string;
  /** Paper and year. */
  readonly source: string;
  readonly config: GPTConfig;
  /** The published number of parameters, where it is exact. */
  readonly exact: number | null;
  /** As it is called by, rounded. */
  readonly rounded: number;
  /** Published tokens of its training, or null. */
  readonly tokens: number | null;
}

/** GPT-2's byte-pair vocabulary, which GPT-3 took over. */
const GPT2_VOCABULARY = 50257;

function shape(n_layer: number, n_head: number, n_embd: number, block_size: number, rest: Partial<GPTConfig> = {}) {
  const options = { vocab_size: GPT2_VOCABULARY, bias: true, tied: true, activation: 'gelu_tanh' } as const;
  return { n_layer, n_head, n_embd, block_size, n_inner: 4 * n_embd, ...options, ...rest };
}

const GPT2 = 'Radford et al., “Language Models are Unsupervised Multitask Learners”, 2019';
const GPT3 = 'Brown et al., “Language Models are Few-Shot Learners”, 2020';

/** Sizes of GPT-2 as released (the paper's own table rounds some of them otherwise), and the largest GPT-3. */
export const PUBLISHED = {
  'gpt2-124m': {
    title: 'GPT-2, 124M',
    source: GPT2,
    config: shape(12, 12, 768, 1024),
    exact: 124_439_808,
    rounded: 124e6,
    tokens: null,
  },
  'gpt2-355m': {
    title: 'GPT-2, 355M',
    source: GPT2,
    config: shape(24, 16, 1024, 1024),
    exact: 354_823_168,
    rounded: 355e6,
    tokens: null,
  },
  'gpt2-774m': {
    title: 'GPT-2, 774M',
    source: GPT2,
    config: shape(36, 20, 1280, 1024),
    exact: 774_030_080,
    rounded: 774e6,
    tokens: null,
  },
  'gpt2-1.5b': {
    title: 'GPT-2, 1.5B',
    source: GPT2,
    config: shape(48, 25, 1600, 1024),
    exact: 1_557_611_200,
    rounded: 1.5e9,
    tokens: null,
  },
  'gpt3-175b': {
    title: 'GPT-3, 175B',
    source: GPT3,
    config: shape(96, 96, 12288, 2048),
    exact: null,
    rounded: 175e9,
    tokens: 300e9,
  },
} as const satisfies Record<string, PublishedModel>;

export type PublishedName = keyof typeof PUBLISHED;

/** The textbook's numbers: a vocabulary of 50,000 and 768 dimensions, in 12 layers of 12 heads. */
export const WORKED = {
  tied: shape(12, 12, 768, 1024, { vocab_size: 50_000 }),
  untied: shape(12, 12, 768, 1024, { vocab_size: 50_000, tied: false }),
} as const satisfies Record<string, GPTConfig>;
