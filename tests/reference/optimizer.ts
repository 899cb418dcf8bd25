import type { Numbers } from './arrays.ts';

/** √ of the sum of the squares of every element of every tensor. */
export function globalNorm(tensors: Iterable<Numbers>): number {
  let total = 0;
  for (const tensor of tensors) {
    for (let i = 0; i < tensor.length; i++) total += tensor[i]! ** 2;
  }
  return Math.sqrt(total);
}

/** What every gradient is multiplied by, so that the global norm stays below `clip`; 0 turns clipping off. */
export function clipCoefficient(norm: number, clip: number): number {
  return clip > 0 ? Math.min(1, clip / (norm + 1e-6)) : 1;
}

export interface AdamWSettings {
  lr: number;
  beta1: number;
  beta2: number;
  eps: number;
  /** Decoupled; 0 for tensors of fewer than two dimensions. */
  weight_decay: number;
}

export interface AdamWState {
  param: Float64Array;
  /** First moment. */
  m: Float64Array;
  /** Second moment. */
  v: Float64Array;
}

/** One update in place (Loshchilov and Hutter, 2019). `step` counts from 0, so that the first bias correction is 1 − β. */
export function adamW(state: AdamWState, grad: Numbers, step: number, settings: AdamWSettings): void {
  const { param, m, v } = state;
  const { lr, beta1, beta2, eps, weight_decay } = settings;
  for (let i = 0; i < param.length; i++) {
    m[i] = beta1 * m[i]! + (1 - beta1) * grad[i]!;
    v[i] = beta2 * v[i]! + (1 - beta2) * grad[i]! ** 2;
    const mhat = m[i]! / (1 - beta1 ** (step + 1));
    const vhat = v[i]! / (1 - beta2 ** (step + 1));
    param[i] = param[i]! * (1 - lr * weight_decay) - (lr * mhat) / (Math.sqrt(vhat) + eps);
  }
}

export interface ScheduleSettings {
  learning_rate: number;
  min_lr: number;
  warmup_iters: number;
  lr_decay_iters: number;
}

/** nanoGPT's schedule for step 0, 1, ...: a linear rise, a half cosine down to `min_lr`, and `min_lr` from there on. */
export function learningRate(step: number, settings: ScheduleSettings): number {
  const { learning_rate, min_lr, warmup_iters, lr_decay_iters } = settings;
  if (step < warmup_iters) return (learning_rate * (step + 1)) / (warmup_iters + 1);
  if (step > lr_decay_iters) return min_lr;
  const done = (step - warmup_iters) / Math.max(1, lr_decay_iters - warmup_iters);
  return min_lr + 0.5 * (1 + Math.cos(Math.PI * done)) * (learning_rate - min_lr);
}
