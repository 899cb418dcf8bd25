import { expect, test } from 'vitest';
import { branch, choiceAt, covers, joinChoices, levelAt, sampleAt, thinned } from '../../src/ui/samples.ts';
import type { Choices, Sample } from '../../src/ui/view.ts';

const samplesOf = (steps: number[]): Sample[] => steps.map((step) => ({ step, text: `${step}` }));

/** Characters with these probabilities, each beside `x` and the end of the text. */
function choicesOf(...probabilities: number[]): Choices {
  const shares = probabilities.flatMap((p) =>
    [p, p / 2, 0.25, 0.125, 0, 0, 0].map((share) => Math.round(65535 * share)),
  );
  const likeliest = probabilities.flatMap(() => [120, 0xffff, 0, 0, 0]);
  return { shares: Uint16Array.from(shares), likeliest: Uint16Array.from(likeliest) };
}

test('a long run keeps its first and its last sample, and between them more of the beginning', () => {
  let samples: readonly Sample[] = [];
  for (let step = 250; step <= 1_000_000; step += 250) samples = thinned([...samples, { step, text: '' }], 50);
  expect(samples).toHaveLength(50);
  expect([samples[0]!.step, samples.at(-1)!.step]).toEqual([250, 1_000_000]);
  const places = samples.map(({ step }) => Math.sqrt(step));
  const gaps = places.slice(1).map((place, i) => place - places[i]!);
  expect(Math.max(...gaps)).toBeLessThan((4 * 1000) / 50);
  const few = samplesOf([1, 2, 3]);
  expect(thinned(few, 3)).toBe(few);
});

test('the sample of a step is the last one before it; without a step it is the newest', () => {
  const samples = samplesOf([100, 200, 300]);
  expect([null, 100, 250, 300, 50].map((step) => sampleAt(samples, step)?.step)).toEqual([300, 100, 200, 300, 100]);
  expect(sampleAt([], null)).toBeUndefined();
});

test('choices of texts that follow one another are those of the whole', () => {
  const [a, b] = [choicesOf(0.5, 0.9), choicesOf(0.03)];
  const joined = joinChoices(joinChoices(null, a), b);
  expect(covers(joined, 3)).toBe(true);
  expect(covers(joined, 2)).toBe(false);
  expect([0, 1, 2].map((i) => levelAt(joined, i))).toEqual([0, 0, 3]);
  expect(choiceAt(joined, 2).probability).toBeCloseTo(0.03, 4);
  expect(choiceAt(joined, 2).likeliest.map(({ character }) => character)).toEqual(['x', null]);
  const wide = { ...b, likeliest: Uint32Array.from([0x1f600, 0, 0, 0, 0]) };
  expect(choiceAt(joinChoices(a, wide), 2).likeliest[0]?.character).toBe('😀');
});

test('a branch is the text up to a character, another one, and what the model thought of it', () => {
  const made = branch('a😀c', choicesOf(0.5, 0.5, 0.5), 1, 'x');
  expect(made.text).toBe('ax');
  expect(covers(made.choices, 2)).toBe(true);
  expect(choiceAt(made.choices, 1)).toMatchObject({ probability: choiceAt(made.choices, 1).drawnWith });
  expect(choiceAt(made.choices, 1).probability).toBeCloseTo(0.25, 4);
});
