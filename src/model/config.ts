import { choiceFault, type Fault, type Limits, numberFaults, refuseFirst, switchFault, whole } from './checks.ts';
import { type TrainingConfig, trainingFaults, withSteps } from './training-config.ts';

export type { Fault, Limits } from './checks.ts';

export {
  checkTrainingConfig,
  lowerLearningRate,
  OPTIMIZERS,
  type OptimizerName,
  PRECISIONS,
  type PrecisionChoice,
  SCHEDULES,
  type ScheduleName,
  TRAINING_LIMITS,
  type TrainingConfig,
  withOptimizer,
  withSteps,
} from './training-config.ts';

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
    training: withSteps(
      {
        batch_size,
        gradient_accumulation_steps: 1,
        max_iters,
        schedule: 'cosine',
        learning_rate,
        min_lr: learning_rate / 10,
        warmup_iters: 100,
        lr_decay_iters: max_iters,
        cooldown_iters: 0,
        lr_drops: 3,
        optimizer: 'adamw',
        beta1: 0.9,
        beta2: 0.99,
        eps: 1e-8,
        momentum: 0.9,
        nesterov: true,
        weight_decay: 0.1,
        l2: 0,
        grad_clip: 1,
        dropout: name === 'nanogpt-gpu' ? 0.2 : 0,
        label_smoothing: 0,
        ema_decay: 0,
        keep_zeros: false,
        eval_interval: name === 'tiny' ? 100 : 250,
        eval_iters: 20,
        patience: 0,
        sample_interval: name === 'tiny' ? 100 : 250,
        seed: 1337,
        precision: 'f32',
      },
      max_iters,
    ),
  };
}

/** Tokens that one optimizer step learns from. */
export function tokensPerStep({ model, training }: RunConfig): number {
  return training.gradient_accumulation_steps * training.batch_size * model.block_size;
}

/** The sizes of a model, and what each may be. */
export const MODEL_LIMITS = {
  n_layer: whole(1, 96, 'layers'),
  n_head: whole(1, 128, 'heads'),
  n_embd: whole(1, 16384, 'width'),
  n_inner: whole(1, 65536, 'hidden width'),
  block_size: whole(1, 4096, 'context'),
} as const satisfies Partial<Record<keyof ModelShape, Limits>>;

/** A name of something that a person may choose. */
export type ConfigKey = keyof ModelShape | keyof TrainingConfig;

/** Throws `bad-config` in words a person can act on. */
export function checkRunConfig(config: RunConfig): void {
  refuseFirst(configFaults(config));
}

/** All that is wrong with a configuration, each fault once, in words a person can act on. */
export function* configFaults({ model, training }: RunConfig): Generator<Fault<ConfigKey>> {
  yield* modelFaults(model);
  yield* trainingFaults(training);
}

function* modelFaults(model: ModelShape): Generator<Fault<keyof ModelShape>> {
  const unsound = [...numberFaults(model, MODEL_LIMITS)];
  yield* unsound;
  // What follows compares the two.
  if (!unsound.some(({ key }) => key === 'n_head' || key === 'n_embd')) yield* headFaults(model);
  yield* switchFault('bias', model.bias);
  yield* switchFault('tied', model.tied);
  yield* choiceFault('activation', model.activation, ACTIVATIONS);
}

function* headFaults({ n_embd, n_head }: ModelShape): Generator<Fault<keyof ModelShape>> {
  if (n_embd % n_head !== 0) {
    const lower = Math.floor(n_embd / n_head) * n_head;
    const choice = lower > 0 ? `${lower} or ${lower + n_head}` : `${n_head}`;
    yield {
      key: 'n_embd',
      message: `The width ${n_embd} is not divisible by ${n_head} heads.`,
      hint: `Take a width of ${choice}, or another number of heads.`,
    };
  } else if (n_embd / n_head > 128) {
    yield {
      key: 'n_head',
      message: `A head of ${n_embd / n_head} channels is larger than 128.`,
      hint: `Take at least ${Math.ceil(n_embd / 128)} heads.`,
    };
  }
}
