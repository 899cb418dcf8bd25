import { choiceFault, type Fault, type Limits, numberFaults, real, refuseFirst, switchFault, whole } from './checks.ts';

export const OPTIMIZERS = ['adamw', 'adam', 'sgd', 'lion', 'muon'] as const;
export type OptimizerName = (typeof OPTIMIZERS)[number];

export const SCHEDULES = ['cosine', 'linear', 'constant', 'step', 'exponential', 'wsd'] as const;
export type ScheduleName = (typeof SCHEDULES)[number];

/** What matrix products read in training: f32; f16, where the adapter can; or whatever is quicker on the adapter. */
export const PRECISIONS = ['f32', 'f16', 'auto'] as const;
export type PrecisionChoice = (typeof PRECISIONS)[number];

/** How a run trains: batch, schedule, optimizer, regularisation, evaluation. Under nanoGPT's names where it has one. */
export interface TrainingConfig {
  /** Sequences of one forward and backward pass. */
  batch_size: number;
  /** Passes whose mean gradient makes one optimizer step. */
  gradient_accumulation_steps: number;
  /** Optimizer steps in the whole run. */
  max_iters: number;

  /** What the learning rate does between the warm-up and `lr_decay_iters`. */
  schedule: ScheduleName;
  /** The highest rate, where the warm-up ends. */
  learning_rate: number;
  /** Where the schedule ends; `constant` does not look at it. */
  min_lr: number;
  warmup_iters: number;
  /** Step at which the schedule reaches `min_lr`; nanoGPT sets it to `max_iters`. */
  lr_decay_iters: number;
  /** `wsd` only: steps of the fall at its end. */
  cooldown_iters: number;
  /** `step` only: how many times the rate falls, each time by the same factor. */
  lr_drops: number;

  optimizer: OptimizerName;
  beta1: number;
  beta2: number;
  eps: number;
  /** Of `sgd` and, for its matrices, `muon`. */
  momentum: number;
  /** Whether that momentum looks ahead (Nesterov, 1983). */
  nesterov: boolean;
  /** Decoupled: weights shrink by learning rate times this each step. Not for `adam`: that would be `adamw`. */
  weight_decay: number;
  /** Adds this times the weights to the gradient, after clipping: the derivative of l2/2 times the sum of squares. */
  l2: number;
  /** Largest global gradient norm; 0 turns clipping off. */
  grad_clip: number;

  /** Share of the elements that dropout sets to zero, in training only; 0 turns it off. */
  dropout: number;
  /** Share of the target's probability that is spread over the whole vocabulary, in training only; 0 turns it off. */
  label_smoothing: number;
  /** Decay of the moving average of the weights that evaluation and samples then use; 0 turns it off. */
  ema_decay: number;
  /** Whether weights of the matrices that are exactly zero at the start stay zero: fine-tuning after pruning. */
  keep_zeros: boolean;

  /** Steps between evaluations. */
  eval_interval: number;
  /** Batches an evaluation averages over, for each of the two splits. */
  eval_iters: number;
  /** Evaluations without a lower validation loss after which the run ends, on its best weights; 0 turns it off. */
  patience: number;
  /** Steps between samples during training; 0 for none. */
  sample_interval: number;
  seed: number;

  /**
   * What is asked for; what a run does is part of its state, since not every adapter can. Sums, weights, gradients, norms,
   * softmax and loss are in f32 always. Runs of earlier versions lack it: f32.
   */
  precision: PrecisionChoice;
}

type Suited = Pick<TrainingConfig, 'beta1' | 'beta2' | 'momentum' | 'weight_decay'>;

const ADAM: Suited = { beta1: 0.9, beta2: 0.99, momentum: 0.9, weight_decay: 0 };

/**
 * What suits an optimizer: its learning rate as a multiple of AdamW's, and its settings. Tried on the tiny preset with
 * Moby-Dick; Lion wants a short memory there, since between two batches of few tokens most characters are not seen.
 */
const SUITED: Record<OptimizerName, Suited & { rate: number }> = {
  adamw: { ...ADAM, rate: 1, weight_decay: 0.1 },
  adam: { ...ADAM, rate: 1 },
  sgd: { ...ADAM, rate: 100 },
  lion: { ...ADAM, rate: 0.2, beta2: 0.9, weight_decay: 0.1 },
  muon: { ...ADAM, rate: 1, momentum: 0.95, weight_decay: 0.1 },
};

/** The same training with another optimizer, at the learning rate and with the settings that suit it. */
export function withOptimizer(training: TrainingConfig, optimizer: OptimizerName): TrainingConfig {
  const { rate, ...suited } = SUITED[optimizer];
  const ratio = rate / SUITED[training.optimizer].rate;
  const { learning_rate, min_lr } = training;
  return { ...training, ...suited, optimizer, learning_rate: learning_rate * ratio, min_lr: min_lr * ratio };
}

/** What to try after a run that has diverged. */
export function lowerLearningRate({ learning_rate }: TrainingConfig): number {
  return Number((learning_rate / 3).toPrecision(2));
}

/** The same training in `steps` steps: the schedule ends with them, and the warm-up takes at most a tenth of them. */
export function withSteps(training: TrainingConfig, steps: number): TrainingConfig {
  const warmup_iters = Math.min(training.warmup_iters, Math.floor(steps / 10));
  return { ...training, max_iters: steps, lr_decay_iters: steps, warmup_iters, cooldown_iters: Math.ceil(steps / 5) };
}

/** The numbers of a training, and what each may be. */
export const TRAINING_LIMITS = {
  batch_size: whole(1, 4096, 'batch'),
  gradient_accumulation_steps: whole(1, 4096),
  max_iters: whole(1, 1_000_000, 'steps'),
  learning_rate: real(0, 10),
  min_lr: real(0, 10),
  warmup_iters: whole(0, 1_000_000),
  lr_decay_iters: whole(0, 1_000_000),
  cooldown_iters: whole(0, 1_000_000),
  lr_drops: whole(1, 1000),
  beta1: real(0, 0.99999),
  beta2: real(0, 0.9999999),
  eps: real(1e-12, 1),
  momentum: real(0, 0.99999),
  weight_decay: real(0, 10),
  l2: real(0, 10),
  grad_clip: real(0, 1e6),
  dropout: real(0, 0.9),
  label_smoothing: real(0, 0.9),
  ema_decay: real(0, 0.999999),
  eval_interval: whole(1, 1_000_000),
  eval_iters: whole(1, 10_000),
  patience: whole(0, 1_000_000),
  sample_interval: whole(0, 1_000_000),
  seed: whole(0, 0xffffffff),
} as const satisfies Partial<Record<keyof TrainingConfig, Limits>>;

/** Throws `bad-config` in words a person can act on. */
export function checkTrainingConfig(training: TrainingConfig): void {
  refuseFirst(trainingFaults(training));
}

/** All that is wrong with a training, each fault once, in words a person can act on. */
export function* trainingFaults(training: TrainingConfig): Generator<Fault<keyof TrainingConfig>> {
  yield* choiceFault('schedule', training.schedule, SCHEDULES);
  yield* choiceFault('optimizer', training.optimizer, OPTIMIZERS);
  yield* switchFault('nesterov', training.nesterov);
  yield* switchFault('keep_zeros', training.keep_zeros ?? false);
  yield* choiceFault('precision', training.precision ?? 'f32', PRECISIONS);
  yield* numberFaults(training, TRAINING_LIMITS);
  yield* faultsTogether(training);
}

/** What is sound by itself and not beside the rest. */
function* faultsTogether(training: TrainingConfig): Generator<Fault<keyof TrainingConfig>> {
  const { optimizer, weight_decay, schedule, learning_rate, min_lr, warmup_iters, lr_decay_iters } = training;
  if (optimizer === 'adam' && weight_decay > 0) {
    yield {
      key: 'weight_decay',
      message: `Adam has no decoupled weight decay, so weight_decay must be 0, not ${weight_decay}.`,
      hint: 'Take l2, which goes into the gradient, or the optimizer adamw.',
    };
  }
  if (schedule !== 'constant' && min_lr > learning_rate) {
    yield {
      key: 'min_lr',
      message: `The schedule ends at min_lr, and ${min_lr} is more than the learning_rate ${learning_rate}.`,
      hint: 'Take a min_lr of at most the learning_rate.',
    };
  }
  if (schedule !== 'constant' && warmup_iters > lr_decay_iters && warmup_iters > 0) {
    yield {
      key: 'warmup_iters',
      message: `The warm-up of ${warmup_iters} steps is longer than the schedule of ${lr_decay_iters}.`,
      hint: 'Take a shorter warm-up.',
    };
  }
  if ((schedule === 'step' || schedule === 'exponential') && min_lr === 0 && learning_rate > 0) {
    yield {
      key: 'min_lr',
      message: `The schedule ${schedule} falls by factors and never reaches a min_lr of 0.`,
      hint: 'Take a min_lr above 0, or the schedule linear or cosine.',
    };
  }
}
