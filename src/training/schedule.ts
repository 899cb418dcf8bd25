import type { ScheduleName, TrainingConfig } from '../model/config.ts';

/** Rates from the end of the warm-up (`done` 0) to `lr_decay_iters` (`done` 1). None ever rises. */
const FALLS: Record<ScheduleName, (config: TrainingConfig, done: number) => number> = {
  constant: ({ learning_rate }) => learning_rate,
  linear: (config, done) => between(config, 1 - done),
  /** nanoGPT's: half a cosine. */
  cosine: (config, done) => between(config, 0.5 * (1 + Math.cos(Math.PI * done))),
  /** `lr_drops` falls, evenly spread, each by the same factor. */
  step: (config, done) =>
    geometric(config, Math.min(config.lr_drops, Math.floor(done * (config.lr_drops + 1))) / config.lr_drops),
  exponential: geometric,
  /** Warm-up, stable, decay (Hu et al., 2024, arXiv 2404.06395): the highest rate, and a straight fall at the end. */
  wsd: (config, done) => {
    const { warmup_iters, lr_decay_iters, cooldown_iters } = config;
    const fall = Math.min(1, cooldown_iters / Math.max(1, lr_decay_iters - warmup_iters));
    return between(config, fall === 0 ? Number(done < 1) : Math.min(1, (1 - done) / fall));
  },
};

/** `share` 1 is the highest rate, 0 the lowest. */
function between({ learning_rate, min_lr }: TrainingConfig, share: number): number {
  return min_lr + share * (learning_rate - min_lr);
}

/** Equal factors over equal times. */
function geometric({ learning_rate, min_lr }: TrainingConfig, done: number): number {
  return learning_rate === 0 ? 0 : learning_rate * (min_lr / learning_rate) ** done;
}

/**
 * The learning rate for a step counted from 0: nanoGPT's linear warm-up, the schedule's fall from `learning_rate` to
 * `min_lr` at `lr_decay_iters`, and `min_lr` from there on. A constant schedule does not fall.
 */
export function learningRate(config: TrainingConfig, step: number): number {
  const { learning_rate, min_lr, warmup_iters, lr_decay_iters, schedule } = config;
  if (step < warmup_iters) {
    return (learning_rate * (step + 1)) / (warmup_iters + 1);
  }
  if (step > lr_decay_iters && schedule !== 'constant') {
    return min_lr;
  }
  return FALLS[schedule](config, (step - warmup_iters) / Math.max(1, lr_decay_iters - warmup_iters));
}

/**
 * How much of the way to the present weights their moving average goes after step `step`, counted from 0. At first it
 * averages over fewer steps than `ema_decay` says, so that the initial weights are soon forgotten.
 */
export function averageRate({ ema_decay }: TrainingConfig, step: number): number {
  return ema_decay === 0 ? 1 : 1 - Math.min(ema_decay, (step + 2) / (step + 11));
}

/**
 * What optimizer.wgsl reads for each of the run's steps: the learning rate, the two bias corrections 1 / (1 - beta^n),
 * n counted from 1, and the rate of the moving average. Computed here in float64 and for the whole run at once, so that
 * the loop uploads nothing. Shape (max_iters, 4).
 */
export function scheduleTable(config: TrainingConfig): Float32Array<ArrayBuffer> {
  const table = new Float32Array(4 * config.max_iters);
  for (let step = 0; step < config.max_iters; step++) {
    table[4 * step] = learningRate(config, step);
    table[4 * step + 1] = 1 / (1 - config.beta1 ** (step + 1));
    table[4 * step + 2] = 1 / (1 - config.beta2 ** (step + 1));
    table[4 * step + 3] = averageRate(config, step);
  }
  return table;
}
