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
  picture: 'Curve of both losses. The same numbers stand in the table of figures.',
  train: 'training',
  trainHelp: 'each step faint, smoothed bold',
  val: 'validation',
  leftScale: 'loss, in nats',
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

export const FIGURES = {
  summary: 'Figures',
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
