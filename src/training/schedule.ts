import type { TrainingConfig } from '../model/config.ts';

/**
 * nanoGPT's learning rate for a step counted from 0: a linear warm-up, a cosine from `learning_rate` down to `min_lr`
 * at `lr_decay_iters`, and `min_lr` from there on.
 */
export function learningRate(config: TrainingConfig, step: number): number {
  const { learning_rate, min_lr, warmup_iters, lr_decay_iters } = config;
  if (step < warmup_iters) {
    return (learning_rate * (step + 1)) / (warmup_iters + 1);
  }
  if (step > lr_decay_iters) {
    return min_lr;
  }
  const done = (step - warmup_iters) / Math.max(1, lr_decay_iters - warmup_iters);
  return min_lr + 0.5 * (1 + Math.cos(Math.PI * done)) * (learning_rate - min_lr);
}

/**
 * What adamw.wgsl reads for each of the run's steps: the learning rate and the two bias corrections 1 / (1 - beta^n),
 * n counted from 1. Computed here in float64 and for the whole run at once, so that the loop uploads nothing.
 * Shape (max_iters, 4); the last column is unused.
 */
export function scheduleTable(config: TrainingConfig): Float32Array<ArrayBuffer> {
  const table = new Float32Array(4 * config.max_iters);
  for (let step = 0; step < config.max_iters; step++) {
    table[4 * step] = learningRate(config, step);
    table[4 * step + 1] = 1 / (1 - config.beta1 ** (step + 1));
    table[4 * step + 2] = 1 / (1 - config.beta2 ** (step + 1));
  }
  return table;
}
