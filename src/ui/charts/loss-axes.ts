import { brief, count } from '../format.ts';
import type { ScaleMark } from './plot-options.ts';
import type { Range } from './series.ts';

/** Numbers of equally likely characters that the right-hand scale marks, each where its loss (its logarithm) lies. */
const CHOICES = [1, 2, 3, 5, 10, 20, 40, 80, 150, 300, 600, 1200, 2500, 5000, 10_000, 20_000, 50_000, 100_000];

/** The x axis grows with the run in these steps, so that the first minute fills the chart too. */
const SPANS = [100, 200, 500];

/** Where the x axis ends: the next round number after the last step, at most the whole run, if that is known. */
export function spanOf(lastStep: number, steps: number): number {
  const end = Number.isFinite(steps) ? Math.max(steps, lastStep, 1) : Number.POSITIVE_INFINITY;
  for (let decade = 1; decade < 1e7; decade *= 10) {
    for (const span of SPANS) {
      if (lastStep <= span * decade) return Math.min(span * decade, end);
    }
  }
  return lastStep;
}

/** The losses shown: from below the lowest one up to above the line that knows nothing. */
export function lossRange(low: number | null, high: number | null, vocabulary: number | null): Range {
  const chance = Math.log(vocabulary ?? 82);
  const bottom = Math.min(2, Math.floor(chance) - 1, Math.floor(2 * (low ?? chance) - 0.25) / 2);
  const top = Math.max(chance + 0.4, (high ?? 0) + 0.1);
  return [Math.max(0, bottom), top];
}

/** Marks of the right-hand scale between two losses, about ten at most. V is one, and those too near it give way. */
export function choiceMarks([low, high]: Range, vocabulary: number | null): ScaleMark[] {
  const gap = Math.max(0.25, (high - low) / 10);
  const marks = vocabulary === null ? [] : [Math.log(vocabulary)].filter((mark) => mark >= low && mark <= high);
  for (const mark of CHOICES.map(Math.log)) {
    if (mark >= low && mark <= high && marks.every((other) => Math.abs(mark - other) > gap)) marks.push(mark);
  }
  return marks.sort((a, b) => a - b).map((y) => ({ y, label: choicesMark(Math.exp(y)) }));
}

/** Exact up to the sizes of alphabets, short beyond. */
const choicesMark = (choices: number): string => (choices < 9999.5 ? count(Math.round(choices)) : brief(choices));
