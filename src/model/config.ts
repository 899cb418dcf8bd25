import { InklingError } from '../gpu/errors.ts';

export const ACTIVATIONS = ['gelu', 'gelu_tanh', 'relu'] as const;
export type Activation = (typeof ACTIVATIONS)[number];

/** Shape and options of a GPT-2-style model, under nanoGPT's names. */
export interface GPTConfig {
  /** V: rows of the token embedding, `<|endoftext|>` included. */
  vocab_size: number;
  /** T: the context, in tokens. */
  block_size: number;
  n_layer: number;
  n_head: number;
  /** C: the width of the residual stream; a multiple of `n_head`. */
  n_embd: number;
  /** Hidden width of the feed-forward layers; GPT-2 takes 4 C. */
  n_inner: number;
  /** Whether the linear layers and norms have biases. */
  bias: boolean;
  /** Whether the output head shares the token embedding's weights. */
  tied: boolean;
  activation: Activation;
}

/** What a person chooses; the vocabulary comes from the text. */
export type ModelShape = Omit<GPTConfig, 'vocab_size'>;

/** The step's batch, schedule and optimizer, under nanoGPT's names. */
export interface TrainingConfig {
  batch_size: number;
  /** Optimizer steps in the whole run. */
  max_iters: number;
  learning_rate: number;
  /** Where the cosine ends. */
  min_lr: number;
  warmup_iters: number;
  /** Step at which the cosine reaches `min_lr`; nanoGPT sets it to `max_iters`. */
  lr_decay_iters: number;
  beta1: number;
  beta2: number;
  eps: number;
  weight_decay: number;
  /** Largest global gradient norm; 0 turns clipping off. */
  grad_clip: number;
  /** Steps between evaluations. */
  eval_interval: number;
  /** Batches an evaluation averages over, for each of the two splits. */
  eval_iters: number;
  /** Steps between samples during training; 0 for none. */
  sample_interval: number;
  seed: number;
}

export interface RunConfig {
  model: ModelShape;
  training: TrainingConfig;
}

export const PRESET_NAMES = ['tiny', 'small', 'nanogpt-cpu', 'nanogpt-gpu'] as const;
export type PresetName = (typeof PRESET_NAMES)[number];

interface PresetRow {
  n_layer: number;
  n_head: number;
  n_embd: number;
  block_size: number;
  batch_size: number;
  max_iters: number;
  learning_rate: number;
}

const PRESETS: Record<PresetName, PresetRow> = {
  tiny: { n_layer: 2, n_head: 2, n_embd: 32, block_size: 32, batch_size: 4, max_iters: 1000, learning_rate: 5e-3 },
  small: { n_layer: 4, n_head: 4, n_embd: 64, block_size: 64, batch_size: 8, max_iters: 2000, learning_rate: 3e-3 },
  'nanogpt-cpu': {
    n_layer: 4,
    n_head: 4,
    n_embd: 128,
    block_size: 64,
    batch_size: 12,
    max_iters: 2000,
    learning_rate: 1e-3,
  },
  'nanogpt-gpu': {
    n_layer: 6,
    n_head: 6,
    n_embd: 384,
    block_size: 256,
    batch_size: 64,
    max_iters: 5000,
    learning_rate: 1e-3,
  },
};

/** A complete configuration for a preset, to be changed field by field. */
export function preset(name: PresetName): RunConfig {
  const { batch_size, max_iters, learning_rate, ...shape } = PRESETS[name];
  return {
    model: { ...shape, n_inner: 4 * shape.n_embd, bias: true, tied: true, activation: 'gelu_tanh' },
    training: {
      batch_size,
      max_iters,
      learning_rate,
      min_lr: learning_rate / 10,
      warmup_iters: 100,
      lr_decay_iters: max_iters,
      beta1: 0.9,
      beta2: 0.99,
      eps: 1e-8,
      weight_decay: 0.1,
      grad_clip: 1,
      eval_interval: name === 'tiny' ? 100 : 250,
      eval_iters: 20,
      sample_interval: name === 'tiny' ? 100 : 250,
      seed: 1337,
    },
  };
}

/** The same training in `steps` steps: the cosine ends with them, and the warm-up takes at most a tenth of them. */
export function withSteps(training: TrainingConfig, steps: number): TrainingConfig {
  const warmup_iters = Math.min(training.warmup_iters, Math.floor(steps / 10));
  return { ...training, max_iters: steps, lr_decay_iters: steps, warmup_iters };
}

function refuse(message: string, hint: string): never {
  throw new InklingError('bad-config', message, hint);
}

function requireCount(name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    refuse(`${name} must be a whole number from ${low} to ${high}, not ${value}.`, `Choose another ${name}.`);
  }
}

function requireReal(name: string, value: number, low: number, high: number): void {
  if (!(Number.isFinite(value) && value >= low && value <= high)) {
    refuse(`${name} must be a number from ${low} to ${high}, not ${value}.`, `Choose another ${name}.`);
  }
}

/** Throws `bad-config` in words a person can act on. */
export function checkRunConfig({ model, training }: RunConfig): void {
  checkModelShape(model);
  checkTrainingConfig(training);
}

function checkModelShape(model: ModelShape): void {
  requireCount('n_layer (layers)', model.n_layer, 1, 96);
  requireCount('n_head (heads)', model.n_head, 1, 128);
  requireCount('n_embd (width)', model.n_embd, 1, 16384);
  requireCount('n_inner (hidden width)', model.n_inner, 1, 65536);
  requireCount('block_size (context)', model.block_size, 1, 4096);
  if (model.n_embd % model.n_head !== 0) {
    const lower = Math.floor(model.n_embd / model.n_head) * model.n_head;
    const choice = lower > 0 ? `${lower} or ${lower + model.n_head}` : `${model.n_head}`;
    refuse(
      `The width ${model.n_embd} is not divisible by ${model.n_head} heads.`,
      `Take a width of ${choice}, or another number of heads.`,
    );
  }
  if (model.n_embd / model.n_head > 128) {
    refuse(
      `A head of ${model.n_embd / model.n_head} channels is larger than 128.`,
      `Take at least ${Math.ceil(model.n_embd / 128)} heads.`,
    );
  }
  if (!ACTIVATIONS.includes(model.activation)) {
    refuse(`There is no activation “${model.activation}”.`, `Take one of ${ACTIVATIONS.join(', ')}.`);
  }
}

/** The part of `checkRunConfig` that needs no model. */
export function checkTrainingConfig(training: TrainingConfig): void {
  requireCount('batch_size (batch)', training.batch_size, 1, 4096);
  requireCount('max_iters (steps)', training.max_iters, 1, 1_000_000);
  requireReal('learning_rate', training.learning_rate, 0, 10);
  requireReal('min_lr', training.min_lr, 0, 10);
  requireCount('warmup_iters', training.warmup_iters, 0, 1_000_000);
  requireCount('lr_decay_iters', training.lr_decay_iters, 0, 1_000_000);
  requireReal('beta1', training.beta1, 0, 0.99999);
  requireReal('beta2', training.beta2, 0, 0.9999999);
  requireReal('eps', training.eps, 0, 1);
  requireReal('weight_decay', training.weight_decay, 0, 10);
  requireReal('grad_clip', training.grad_clip, 0, 1e6);
  requireCount('eval_interval', training.eval_interval, 1, 1_000_000);
  requireCount('eval_iters', training.eval_iters, 1, 10_000);
  requireCount('sample_interval', training.sample_interval, 0, 1_000_000);
  requireCount('seed', training.seed, 0, 0xffffffff);
}
