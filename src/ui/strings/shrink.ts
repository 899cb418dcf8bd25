import type { Scope, Variant } from '../../worker/shrinking.ts';
import { bytes, count, loss } from '../format.ts';

const share = (value: number) => `${Math.round(100 * value)} %`;

/** A signed percentage; what rounds to nothing has no sign. */
function change(percent: number): string {
  const digits = Math.abs(percent).toFixed(2);
  const sign = Number(digits) === 0 ? '±' : percent < 0 ? '−' : '+';
  return `${sign}${digits} %`;
}

export const SHRINK = {
  heading: 'Shrink it',
  intro:
    'A trained model is larger than it has to be. Its weights can be kept with fewer bits each, and those nearest to zero can be left out. Here both are done to a copy of the model on show, and what is lost by it is measured: the loss on the same windows of the text that it has not learnt, and what it writes.',
  ways: 'What to try',
  bits: {
    name: 'Fewer bits',
    term: 'quantization',
    help: 'Each weight of a matrix becomes a whole number of 8 or 4 bits, with one scale a row. The kernels compute from these. Norms and biases stay as they are.',
  },
  scopes: {
    global: {
      name: 'Pruning, over all matrices',
      term: 'magnitude pruning, global',
      help: 'The 10 to 90 % of the weights that are nearest to zero become zero, wherever they are.',
    },
    tensor: {
      name: 'Pruning, each matrix',
      term: 'magnitude pruning, per tensor',
      help: 'The same share of each matrix becomes zero. Norms and biases are never pruned.',
    },
  } satisfies Record<Scope, { name: string; term: string; help: string }>,
  tune: {
    name: 'Train on after pruning',
    term: 'fine-tuning with the mask kept',
    help: 'What is left is trained further on the same text; what is zero stays zero. Beside it the whole model makes the same steps, so that you see what pruning costs and what more training gives.',
  },
  steps: 'Steps of it',
  prompt: 'Samples begin with',
  begin: 'Shrink and measure',
  end: 'End it here',
  idle: 'It takes a copy: the model itself stays as it is.',
  none: 'There is no model to shrink yet. Train one first.',
  busy: 'A run is going on under Train. Pause or stop it first.',
  shown: 'The run on show was saved earlier and is not on the graphics processor. Continue it under Train first.',
  starting: 'Taking a copy of the model',
  going: (name: string, done: number, all: number) => `${name}: ${count(done)} of ${count(all)} measured`,
  done: (step: number, text: string, evaluated: number) =>
    `Of the model after ${count(step)} steps on ${text}. Each loss is a mean over the same ${count(evaluated)} tokens of the validation part.`,
  ended: 'Ended before everything was measured.',
  chart: 'Validation loss by size, for each way of shrinking the model',
  xLabel: 'size of the weights, in bytes',
  yLabel: 'validation loss, in nats',
  asTrained: 'as trained',
  control: 'the same steps without pruning',
  series: {
    bits: 'fewer bits',
    tensor: 'pruned, each matrix',
    global: 'pruned, over all',
    tuned: 'pruned and trained on',
  },
  chartHelp:
    'Pruned models are drawn with the size of a sparse form: a bit for each weight, and in 32 bits those that are left. Computing with them takes as long as before, since zeros are multiplied like other numbers.',
  caption: 'What each way costs and saves',
  columns: {
    variant: 'Model',
    bytes: 'Weights',
    share: 'of before',
    zeros: 'Zeros',
    sparse: 'Sparse',
    zip: 'Zipped',
    loss: 'Validation loss',
    change: 'Change',
    control: 'Same steps, not pruned',
    speed: 'Characters/s',
  },
  samples: 'What each writes',
  samplesHelp: 'Always the likeliest character, so that only the model makes a difference.',
  change,
  blank: 'nothing but white space',
  verdict: (bits: number, size: number, by: number) =>
    `With ${bits} bits it takes ${share(size)} of the size, and the validation loss changes by ${change(by)}.`,
  pruned: (most: number, value: number) =>
    `Up to ${share(most)} of the weights can go before the loss rises by more than 1 %: to ${loss(value)}.`,
  prunedNone: 'Every share of the weights that was tried raises the loss by more than 1 %.',
  mended: (at: number, before: number, after: number, control: number) =>
    `Training on brings the model without ${share(at)} of its weights from ${loss(before)} to ${loss(after)}; the same steps bring the whole model to ${loss(control)}.`,
  name: ({ bits, prune, fine_tune }: Variant) => {
    if (bits !== 32) return `${bits} bits`;
    if (!prune) return 'As trained, 32 bits';
    const where = prune.scope === 'tensor' ? 'of each matrix' : 'of all';
    return `${share(prune.share)} ${where} pruned${fine_tune ? `, ${count(fine_tune)} steps on` : ''}`;
  },
  size: bytes,
};
