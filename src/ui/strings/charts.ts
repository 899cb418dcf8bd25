import { count, loss } from '../format.ts';
import { choices, NOTHING_YET } from './words.ts';

export const READINGS = {
  trainLoss: 'Training loss',
  trainLossHelp: 'on text it has seen',
  valLoss: 'Validation loss',
  valLossHelp: 'on text held back',
  accuracy: 'Accuracy',
  accuracyHelp: 'of problems held back',
  step: 'Step',
  stepHelp: (steps: number) => `of ${Number.isFinite(steps) ? count(steps) : NOTHING_YET}`,
  speed: 'Speed',
  speedHelp: 'tokens/s',
  timeLeft: 'Time left',
  timeLeftHelp: 'at this speed',
};

export const CHART = {
  train: 'training',
  val: 'validation',
  trainOf: (run: string) => run,
  valOf: (run: string) => `${run}, validation`,
  names: {
    loss: 'Loss',
    lr: 'Learning rate',
    gradNorm: 'Gradient norm',
    speed: 'Speed',
    grad: 'Gradients by layer',
    update: 'Updates by layer',
    ratio: 'Updates beside weights',
  },
  helps: {
    lr: 'How large a step is taken. Never smoothed.',
    gradNorm: 'How steep the loss is, over all weights and before clipping. Peaks are batches that surprise.',
    speed: 'Characters learnt from each second; time spent paused does not count.',
    grad: 'The same for each part of the model: a part with almost none learns almost nothing.',
    update: 'How far one step moves each part: ‖Δw‖.',
    ratio: 'The same as a share of the weights: ‖Δw‖ / ‖w‖. About a thousandth is usual; always logarithmic.',
  },
  scales: {
    loss: 'loss, in nats',
    lr: '',
    gradNorm: '',
    speed: 'tokens/s',
    grad: '',
    update: '',
    ratio: '',
  },
  pictures: {
    loss: 'Curve of the losses over the steps.',
    lr: 'Curve of the learning rate over the steps.',
    gradNorm: 'Curve of the gradient norm over the steps.',
    speed: 'Curve of the speed over the steps.',
    grad: 'Curves of the gradient norm of each layer over the steps.',
    update: 'Curves of the norm of the update of each layer over the steps.',
    ratio: 'Curves of the update of each layer relative to its weights over the steps.',
  },
  files: {
    loss: 'loss',
    lr: 'learning-rate',
    gradNorm: 'gradient-norm',
    speed: 'speed',
    grad: 'gradients-by-layer',
    update: 'updates-by-layer',
    ratio: 'relative-updates-by-layer',
  },
  more: 'Learning rate, gradients and speed',
  goneOn: 'continued',
  pausedHere: 'paused',
  rightScale: 'as if choosing among',
  knowsNothing: (vocabulary: number) => `knows nothing: ln ${count(vocabulary)} = ${loss(Math.log(vocabulary), 2)}`,
  step: 'step',
  keys: 'Crosshair and zoom: arrow keys move, plus and minus zoom, Page Up and Page Down go aside, 0 shows all',
  reset: 'Show all',
  behind: 'Numbers and files',
  csv: 'Save as CSV',
  png: 'Save as PNG',
  empty: 'There is nothing to show yet.',
  someOf: (caption: string, rows: number) => `${caption} ${count(rows)} of the points on show.`,
};

export const CONTROLS_OF_CHARTS = {
  heading: 'How the charts are drawn',
  logX: 'Logarithmic steps',
  logY: 'Logarithmic values',
  smoothing: 'Smoothing',
  smoothingHelp: 'An average over the last steps, exponentially weighted. The learning rate is never smoothed.',
  window: (steps: number) => (steps === 1 ? 'off' : `${count(steps)} steps`),
  reset: 'Show all steps',
  steps: 'Every step as CSV',
  norms: 'Norms as CSV',
  help: 'Drag over a chart to see a part of the steps in all of them, or zoom with Ctrl (⌘) and the wheel, or by pinching; a double click shows all again.',
};

export const LAYERS = {
  embeddings: 'embeddings',
  block: (number: number) => `layer ${count(number)}`,
  head: 'head',
  usual: '1/1,000',
  none: 'Measured after 10 steps, 20, 40 and so on, and at each evaluation.',
};

export const FIGURES = {
  summary: 'Evaluations',
  caption: 'Losses at each evaluation in nats; the validation loss also in bits and as a number of choices',
  empty: 'The first evaluation has not been made yet.',
  step: 'Step',
  train: 'Training',
  val: 'Validation',
  among: 'As if among',
  accuracy: 'Accuracy',
  bits: 'Bits a character',
};

/** What the present losses mean, in a sentence. `overfittingSince`: the evaluation after which the gap has opened. */
export function meaning(
  vocabulary: number | null,
  last: { train: number | null; val: number | null },
  overfittingSince: { step: number; val: number } | null,
): string {
  if (vocabulary === null) return 'The loss says how unsure the model is about each next character.';
  const from = `${count(vocabulary)}`;
  const value = last.val ?? last.train;
  if (value === null) {
    return `Knowing nothing, the model would guess each next character among ${from}.`;
  }
  if (!Number.isFinite(value)) return 'The loss is no longer a number: the run has diverged.';
  if (overfittingSince !== null) {
    return (
      `The validation loss was lower at step ${count(overfittingSince.step)} (${loss(overfittingSince.val)}), and the ` +
      'training loss still falls: the model overfits, it learns the text by heart.'
    );
  }
  const among = Math.exp(value);
  if (among >= vocabulary * 0.95) {
    return `The model still guesses each next character among about ${from}: it knows nothing yet.`;
  }
  return `The model now hesitates as if choosing each next character among ${choices(among)}, down from ${from}.`;
}
