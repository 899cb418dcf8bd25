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

export interface UpdateSettings extends AdamWSettings {
  optimizer: 'adamw' | 'adam' | 'sgd' | 'lion' | 'muon';
  momentum: number;
  nesterov: boolean;
  /** Goes into the gradient; 0 for tensors of fewer than two dimensions. */
  l2: number;
}

/**
 * One update in place by any of the optimizers, each written from its paper. `shape` is that of a matrix which Muon
 * treats, and absent for all other tensors.
 */
export function update(
  state: AdamWState,
  grad: Numbers,
  step: number,
  settings: UpdateSettings,
  shape?: readonly [number, number],
): void {
  const { param, m } = state;
  const { optimizer, lr, beta1, beta2, momentum, nesterov, weight_decay, l2 } = settings;
  const g = Float64Array.from(param, (p, i) => grad[i]! + l2 * p);
  const move = (direction: (i: number) => number) => {
    for (let i = 0; i < param.length; i++) param[i] = param[i]! * (1 - lr * weight_decay) - lr * direction(i);
  };
  /** Momentum as PyTorch's SGD has it, without dampening. */
  const gather = () => {
    for (let i = 0; i < m.length; i++) m[i] = momentum * m[i]! + g[i]!;
    return nesterov ? g.map((x, i) => x + momentum * m[i]!) : m.slice();
  };
  if (optimizer === 'sgd') {
    const direction = momentum === 0 ? g : gather();
    move((i) => direction[i]!);
  } else if (optimizer === 'lion') {
    const c = g.map((x, i) => beta1 * m[i]! + (1 - beta1) * x);
    move((i) => Math.sign(c[i]!));
    for (let i = 0; i < m.length; i++) m[i] = beta2 * m[i]! + (1 - beta2) * g[i]!;
  } else if (optimizer === 'muon' && shape) {
    const direction = orthogonalized(gather(), shape);
    const scale = 0.2 * Math.sqrt(Math.max(...shape));
    move((i) => scale * direction[i]!);
  } else {
    adamW(state, g, step, settings);
  }
}

const NEWTON_SCHULZ = [3.4445, -4.775, 2.0315] as const;

/** Five steps of Newton and Schulz's iteration on a matrix [rows, columns] (Jordan, 2024, the published listing). */
export function orthogonalized(matrix: Numbers, [rows, columns]: readonly [number, number]): Float64Array {
  if (rows > columns) {
    return transposed(orthogonalized(transposed(matrix, rows, columns), [columns, rows]), columns, rows);
  }
  const [a, b, c] = NEWTON_SCHULZ;
  const norm = globalNorm([matrix]) + 1e-7;
  let x = Float64Array.from(matrix, (value) => value / norm);
  for (let iteration = 0; iteration < 5; iteration++) {
    const gram = product(x, transposed(x, rows, columns), rows, columns, rows);
    const square = product(gram, gram, rows, rows, rows);
    const polynomial = gram.map((value, i) => b * value + c * square[i]!);
    const turned = product(polynomial, x, rows, rows, columns);
    x = x.map((value, i) => a * value + turned[i]!);
  }
  return x;
}

function transposed(matrix: Numbers, rows: number, columns: number): Float64Array {
  return Float64Array.from({ length: rows * columns }, (_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]!);
}

/** [M, K] times [K, N]. */
function product(a: Numbers, b: Numbers, M: number, K: number, N: number): Float64Array {
  const out = new Float64Array(M * N);
  for (let m = 0; m < M; m++) {
    for (let k = 0; k < K; k++) {
      for (let n = 0; n < N; n++) out[m * N + n]! += a[m * K + k]! * b[k * N + n]!;
    }
  }
  return out;
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
