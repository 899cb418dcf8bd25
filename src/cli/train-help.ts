import { OPTIMIZERS, PRESET_NAMES, SCHEDULES } from '../model/config.ts';
import type { TRAIN_FLAGS } from './train-options.ts';

type Flag = keyof typeof TRAIN_FLAGS;

/** A sentence for each flag, by group. */
const HELP: Record<string, Partial<Record<Flag, string>>> = {
  'What it learns, and where it is kept': {
    text: 'FILE, address or name of the text; Moby-Dick without it',
    out: 'DIR for the run’s checkpoint, written at each evaluation and at the end',
    resume: 'DIR of a run to go on with, exactly where it was interrupted',
    init: 'DIR or FILE of a model whose weights are the start of a new run',
    unknown: 'add or drop: what to do with characters that the model of --init does not know',
    tune: 'times the likeliest kernels for every shape of this model first, also where the processor computes, which takes seconds',
    'no-tune': 'takes the kernels that suit most adapters of this kind, without timing any',
    precision:
      'of what matrix products read: f32; f16, where the adapter has it; auto, which takes what is quicker on this adapter (f32). f16 with AdamW up to a learning rate of 0.001 only, where it learns as f32 does',
    json: 'one JSON object a line on stdout, and nothing else',
    help: 'prints this',
  },
  'The model': {
    preset: `${PRESET_NAMES.join(', ')}: where all other values come from`,
    layers: 'blocks of attention and feed-forward layers',
    heads: 'heads of attention in each; they share the width',
    width: 'channels of the residual stream',
    context: 'tokens that it looks back on',
  },
  'The steps': {
    steps: 'optimizer steps in the whole run',
    batch: 'sequences of one pass',
    accumulate: 'passes whose mean gradient makes one step; 1',
    seed: 'decides the initial weights, the batches and the dropout',
    'eval-every': 'steps between evaluations',
    patience: 'evaluations without a lower validation loss after which it ends, on the best weights; 0 is off',
  },
  'The optimizer': {
    optimizer: `${OPTIMIZERS.join(', ')}; each begins with a learning rate and settings that suit it`,
    beta1: 'memory of the mean gradient (not sgd)',
    beta2: 'memory of the mean square; for lion, of what it keeps (not sgd)',
    eps: 'keeps a small mean square from dividing by zero (adamw, adam, muon)',
    momentum: 'share of the last step that is made again (sgd, muon)',
    'no-nesterov': 'momentum that does not look ahead (sgd, muon)',
    clip: 'largest gradient norm; 0 turns clipping off',
    'weight-decay': 'decoupled: shrinks the matrices by this times the rate each step (not adam)',
    l2: 'adds this times the weights to the gradient of the matrices',
    'keep-zeros': 'weights of the matrices that are zero in --init stay zero: for models that shrink has pruned',
    ema: 'moving average of the weights, used to evaluate and to write, that keeps this share each step; 0 is off',
  },
  'The learning rate': {
    lr: 'highest rate',
    schedule: `${SCHEDULES.join(', ')}: its fall after the warm-up`,
    warmup: 'steps of the linear rise at the beginning',
    'min-lr': 'rate at the end; a tenth of --lr (not constant)',
    cooldown: 'steps of the fall at the end (wsd)',
    'lr-drops': 'falls by the same factor (step)',
  },
  Regularisation: {
    dropout: 'share of embeddings, attention and residual branches that a step leaves out; 0 is off',
    'label-smoothing': 'share of the target spread over the vocabulary; the loss that is told stays the plain one',
  },
};

/** What `train --help` prints. */
export function trainHelp(): string {
  const groups = Object.entries(HELP).map(([title, flags]) => {
    const lines = Object.entries(flags).map(([flag, words]) => `  ${`--${flag}`.padEnd(18)} ${words}`);
    return [`${title}:`, ...lines].join('\n');
  });
  return `train: trains a model, tells each step, and keeps checkpoints.\n\n${groups.join('\n\n')}\n`;
}
