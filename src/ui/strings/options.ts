import type { ConfigKey } from '../../model/config.ts';

/** Where an idea was published. */
export interface Source {
  name: string;
  address: string;
}

/** How an option is called in plain words, and what it does, in a sentence. */
export interface OptionWords {
  label: string;
  help: string;
  source?: Source;
}

const arxiv = (name: string, number: string): Source => ({ name, address: `https://arxiv.org/abs/${number}` });

const VASWANI = arxiv('Vaswani et al., 2017', '1706.03762');
const KINGMA = arxiv('Kingma and Ba, 2014', '1412.6980');
const LOSHCHILOV = arxiv('Loshchilov and Hutter, 2017', '1711.05101');

/** The term of art is the option's own name, which is nanoGPT's. */
export const OPTIONS: Partial<Record<ConfigKey, OptionWords>> = {
  n_layer: {
    label: 'Layers',
    help: 'Blocks of attention and feed-forward, one after the other; each adds to what the one before has made of the text.',
    source: VASWANI,
  },
  n_head: {
    label: 'Heads',
    help: 'Ways of looking back that each layer has at once; each sees width / heads channels.',
    source: VASWANI,
  },
  n_embd: {
    label: 'Width',
    help: 'Numbers that stand for a character inside the model; the layers hold about 12 × layers × width² parameters.',
  },
  block_size: {
    label: 'Context',
    help: 'Characters that the model can look back on; the work of attention grows with context².',
  },
  n_inner: { label: 'Hidden width', help: 'Width inside the feed-forward layers; GPT-2 takes 4 × width.' },
  activation: {
    label: 'Activation',
    help: 'What bends the feed-forward layers: GELU is x Φ(x), its tanh form is GPT-2’s, ReLU is max(0, x).',
    source: arxiv('Hendrycks and Gimpel, 2016', '1606.08415'),
  },
  bias: { label: 'Biases', help: 'Linear layers and norms add a learned number to each output: y = W x + b.' },
  tied: {
    label: 'Tied head',
    help: 'The output layer is the embedding once more, which saves characters × width parameters.',
    source: arxiv('Press and Wolf, 2016', '1608.05859'),
  },

  max_iters: { label: 'Steps', help: 'How often the weights are changed, each time after a batch.' },
  batch_size: {
    label: 'Batch',
    help: 'Sequences that are computed at once; a step learns from batch × context characters.',
  },
  learning_rate: {
    label: 'Learning rate',
    help: 'How far a step moves the weights, w ← w − rate × direction, at its highest. Too high diverges, too low learns slowly.',
  },
  dropout: {
    label: 'Dropout',
    help: 'Share p of the activations that each training step sets to zero; the others grow by 1 / (1 − p).',
    source: { name: 'Srivastava et al., 2014', address: 'https://jmlr.org/papers/v15/srivastava14a.html' },
  },
  seed: { label: 'Seed', help: 'Where all chance comes from: the same seed repeats a run exactly.' },

  optimizer: {
    label: 'Optimizer',
    help: 'How gradients move the weights. Each begins with settings that suit it.',
    source: LOSHCHILOV,
  },
  beta1: { label: 'Beta 1', help: 'Memory of the mean of past gradients, m ← β₁ m + (1 − β₁) g.', source: KINGMA },
  beta2: {
    label: 'Beta 2',
    help: 'The same for the mean of their squares, v ← β₂ v + (1 − β₂) g²; for Lion, for what it keeps.',
    source: KINGMA,
  },
  eps: {
    label: 'Epsilon',
    help: 'Keeps the division by the root of v from growing without end: m / (√v + ε).',
    source: KINGMA,
  },
  momentum: { label: 'Momentum', help: 'The share of the last step that is made again: m ← μ m + g.' },
  nesterov: { label: 'Nesterov', help: 'Momentum looks one step ahead: the step is g + μ m (Nesterov, 1983).' },
  grad_clip: {
    label: 'Clip gradients at',
    help: 'A gradient g that is longer is shortened to this norm, g × clip / |g|; 0 never does.',
    source: arxiv('Pascanu et al., 2012', '1211.5063'),
  },
  schedule: {
    label: 'Schedule',
    help: 'How the learning rate falls after the warm-up.',
    source: arxiv('Loshchilov and Hutter, 2016', '1608.03983'),
  },
  min_lr: { label: 'Lowest rate', help: 'Where the schedule ends; a tenth of the learning rate is usual.' },
  lr_decay_iters: {
    label: 'Schedule ends at',
    help: 'The step at which the rate reaches its lowest; usually the last one.',
  },
  warmup_iters: { label: 'Warm-up steps', help: 'Steps over which the rate rises from nothing.' },
  cooldown_iters: {
    label: 'Decay steps',
    help: 'Steps of the straight fall at the end.',
    source: arxiv('Hu et al., 2024', '2404.06395'),
  },
  lr_drops: { label: 'Drops', help: 'How many times the rate falls, each time by the same factor.' },
  weight_decay: {
    label: 'Weight decay',
    help: 'Shrinks the matrices apart from the gradient: w ← w − rate × decay × w.',
    source: LOSHCHILOV,
  },
  l2: { label: 'L2 penalty', help: 'Adds this times the weights to the gradient of the matrices: g + λ w.' },
  label_smoothing: {
    label: 'Label smoothing',
    help: 'Share of the target that is spread over all characters.',
    source: arxiv('Szegedy et al., 2015', '1512.00567'),
  },
  ema_decay: {
    label: 'Averaging',
    help: 'Evaluates and writes with a moving average of the weights that keeps this share each step; 0 is off.',
  },
  keep_zeros: {
    label: 'Keep zeros',
    help: 'Weights that are zero at the start stay zero: for a model that was pruned.',
  },
  precision: {
    label: 'Precision',
    help: 'What matrix products read of weights and activations. With 16 bits they read half as much; sums, weights and gradients keep 32.',
  },
  gradient_accumulation_steps: {
    label: 'Batches a step',
    help: 'Gradients of so many batches make one step: a larger batch in the same memory.',
  },
  eval_interval: { label: 'Evaluate every', help: 'Steps between two evaluations.' },
  eval_iters: { label: 'Batches an evaluation', help: 'Fixed batches of each part that an evaluation averages over.' },
  sample_interval: { label: 'Write every', help: 'Steps between two samples; 0 writes none.' },
  patience: {
    label: 'Patience',
    help: 'Ends after so many evaluations without a lower validation loss, on the best weights; 0 never does.',
  },
};

/** Names of what can be chosen. */
export const CHOICE_NAMES: Record<string, string> = {
  gelu: 'GELU',
  gelu_tanh: 'GELU, tanh form',
  relu: 'ReLU',
  adamw: 'AdamW',
  adam: 'Adam',
  sgd: 'SGD',
  lion: 'Lion',
  muon: 'Muon',
  cosine: 'Cosine',
  linear: 'Linear',
  constant: 'Constant',
  step: 'Steps',
  exponential: 'Exponential',
  wsd: 'Stable, then decay',
  f32: '32 bits (f32)',
  f16: '16 bits (f16), to a learning rate of 0.001',
  auto: 'What is quicker here',
};
