import type { OptimizerName } from '../../model/config.ts';
import { bytes, count } from '../format.ts';
import { large } from '../panels/parameters/magnitudes.ts';

/** How each optimizer moves a weight w by its gradient g, at learning rate η. */
export const UPDATES: Record<OptimizerName, { formula: string; source: string }> = {
  adamw: {
    formula: 'm ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²,  w ← w − η m̂ / (√v̂ + ε) − η λ w',
    source: 'Loshchilov and Hutter, “Decoupled Weight Decay Regularization”, 2019',
  },
  adam: {
    formula: 'm ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²,  w ← w − η m̂ / (√v̂ + ε)',
    source: 'Kingma and Ba, “Adam: A Method for Stochastic Optimization”, 2015',
  },
  sgd: {
    formula: 'm ← μ m + g,  w ← w − η m  (without momentum: w ← w − η g)',
    source: 'Robbins and Monro, “A Stochastic Approximation Method”, 1951',
  },
  lion: {
    formula: 'w ← w − η sign(β₁ m + (1 − β₁) g) − η λ w,  m ← β₂ m + (1 − β₂) g',
    source: 'Chen et al., “Symbolic Discovery of Optimization Algorithms”, 2023',
  },
  muon: {
    formula: 'M ← μ M + G,  W ← W − η orthogonalised(M) − η λ W',
    source: 'Jordan et al., “Muon: An Optimizer for Hidden Layers in Neural Networks”, 2024',
  },
};

export const TOTALS = {
  heading: 'All of them together',
  part: 'Part',
  parameters: 'Parameters',
  share: 'Share',
  blocks: (layers: number, each: number) => `${count(layers)} blocks of ${count(each)}`,
  block: '1 block',
  inBlocks: {
    attn: 'of these attention',
    mlp: 'of these feed-forward',
    norms: 'of these norms',
  },
  sum: 'N',
  kinds: ({ weights, biases, gains }: { weights: number; biases: number; gains: number }) =>
    `${count(weights)} are weights, which multiply what comes in; ${count(biases)} are biases, which are added; ${count(gains)} are gains of norms.`,
  exact: (parameters: number, source: string) =>
    `The model as released has ${count(parameters)}: the same number. ${source}.`,
  rounded: (parameters: number, rounded: number, source: string) =>
    `By the formula ${count(parameters)}, which its paper rounds to ${large(rounded)}. ${source}.`,
  memory: 'Memory',
  training: 'To train, in f32',
  trainingHelp: (copies: number) =>
    `${copies} numbers of 4 bytes for each parameter: weight, gradient${copies > 2 ? `, ${copies === 3 ? 'one moment' : 'two moments'}` : ''}. What lies between the layers, which grows with the batch, comes on top.`,
  held: 'The run on show, in all',
  heldHelp: 'as allocated: the above, what lies between the layers, the text, and two caches to write with',
  writing: 'To write, in f32',
  writingHelp: (cache: number) => `weights, and ${bytes(cache)} of keys and values for a full context`,
  half: 'To write, in f16',
  halfHelp: 'half of it',
};

export const COST = {
  heading: 'What training takes',
  how: 'Training lowers the loss, −ln of the probability that the model gave to what came next. Each step computes for every parameter in which direction the loss falls, its gradient, and the optimizer moves it that way:',
  tokens: 'Tokens it learns from, D',
  choices: {
    run: (tokens: number) => `those of the run: ${large(tokens)}`,
    chinchilla: (tokens: number) => `20 for each parameter: ${large(tokens)}`,
    published: (tokens: number) => `as published: ${large(tokens)}`,
  },
  chinchilla:
    'What spends a given amount of arithmetic best: Hoffmann et al., “Training Compute-Optimal Large Language Models”, 2022.',
  operations: 'Operations',
  sixND: (parameters: number, tokens: number, total: number) =>
    `6 N D = 6 × ${count(parameters)} × ${large(tokens)} = ${large(total)}`,
  sixNDHelp:
    'Each weight is multiplied and added once forward and twice backward: Kaplan et al., “Scaling Laws for Neural Language Models”, 2020. Attention’s products come on top.',
  gpt3: 'Its paper counts 3.14 × 10²³.',
  withAttention: (total: number) => `with attention’s products ${large(total)}`,
  time: 'Time on this adapter',
  unmeasured: 'not measured',
  measure: 'Measure this adapter',
  measuring: 'Measuring …',
  measureHelp: 'Times large matrix products here, for some seconds.',
  atPeak: (rate: number) =>
    `at ${large(rate)} operations a second, the most that large matrix products reach here, without pause`,
  asRun: 'At the pace of the run',
  asRunHelp: (rate: number, share: number | null) =>
    `the run on show does ${large(rate)} operations a second${share === null ? '' : `, ${Math.round(100 * share)} % of that`}`,
};
