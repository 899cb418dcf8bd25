import { count, loss } from '../format.ts';
import type { Variant } from '../panels/lab/variants.ts';

/** Words about a run of the overfitting lab. */
export interface VariantWords {
  name: string;
  /** What it does, in a sentence. */
  what: string;
  formula?: string;
  source?: string;
}

export const OVERFITTING = {
  heading: 'Overfitting, and what helps',
  intro:
    'A model with more numbers than it has text to learn from can learn that text by heart. Its training loss then goes on falling while its loss on text that it has not seen rises: it overfits. Here this is done on purpose, and then once more with each remedy.',
  text: 'Characters to learn',
  steps: 'Steps',
  seed: 'Seed',
  cut: (characters: number, heldBack: number, name: string) =>
    `The first ${count(characters)} characters from the middle of ${name} are learnt; the ${count(heldBack)} before them are held back, the same ones in every run.`,
  noText: 'There is no text to learn from yet.',
  remedies: 'Remedies to try',
  run: 'Run the experiment',
  end: 'End it here',
  going: (variant: string, step: number, steps: number) => `${variant}: step ${count(step)} of ${count(steps)}`,
  compiling: (variant: string) => `${variant}: compiling its kernels`,
  idle: 'Each is a run of its own on this adapter, one after the other. None of them is kept.',
  busy: 'A run is going on under Train. Pause or stop it first.',
  ended: 'Ended before the last run was through.',
  done: 'All runs are through.',
  stale: 'These are of other settings; run the experiment again to replace them.',
  chart: 'Losses of each run over its steps: validation solid, training dashed',
  yLabel: 'loss, in nats',
  training: (name: string) => `${name}, training`,
  caption: 'What each run came to, losses in nats',
  columns: {
    run: 'Run',
    parameters: 'Parameters',
    best: 'Lowest validation',
    at: 'at step',
    end: 'Validation at the end',
    train: 'Training at the end',
    gap: 'Gap',
    norm: '‖w‖',
  },
  normHelp: '‖w‖ is the length of all matrices together: √Σ w².',
  verdict: (since: number | null, best: number, end: number) =>
    since === null
      ? `It has not begun to overfit: ${loss(end)} at the end, ${loss(best)} at best. Learn fewer characters, or take more steps.`
      : `It overfits from step ${count(since)} on: the validation loss has risen from ${loss(best)} to ${loss(end)} while the training loss fell.`,
  helps: (name: string, gain: number) =>
    Math.abs(gain) < 0.005
      ? `${name} ends no better on text not seen.`
      : `${name} ends ${loss(Math.abs(gain), 2)} nats ${gain > 0 ? 'lower' : 'higher'} on text not seen.`,
};

export const VARIANTS: Record<Variant, VariantWords> = {
  plain: { name: 'No remedy', what: 'The model as it is, and nothing that holds it back.' },
  decay: {
    name: 'Weight decay',
    what: 'Penalises large values: each step, every weight of a matrix shrinks by a share of itself, and only what the gradient keeps asking for stays large.',
    formula: 'w ← w − η λ w',
    source: 'Loshchilov and Hutter, “Decoupled Weight Decay Regularization”, 2019',
  },
  dropout: {
    name: 'Dropout',
    what: 'In training only, each neuron is zeroed at random with probability p, and the others are scaled up, so that none may rely on one other alone.',
    formula: 'y = m x / (1 − p),  m = 0 with probability p, else 1',
    source: 'Srivastava et al., “Dropout: A Simple Way to Prevent Neural Networks from Overfitting”, 2014',
  },
  early: {
    name: 'Early stopping',
    what: 'Ends when the validation loss has not fallen for some evaluations, and takes the weights of the lowest one.',
    formula: 'stop when val(t) > min val for n evaluations',
    source: 'Prechelt, “Early Stopping – But When?”, 1998',
  },
  smaller: {
    name: 'A smaller model',
    what: 'Has fewer numbers to learn the text by heart with, and must make do with what holds more often.',
    formula: 'N ≈ 12 L C²',
  },
  more: {
    name: 'More text',
    what: 'With so much more text, learning by heart is worth less than learning the language; it is the best remedy where there is more.',
  },
};
