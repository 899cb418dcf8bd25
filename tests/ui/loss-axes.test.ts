import { describe, expect, it } from 'vitest';
import { choiceMarks, lossRange, spanOf } from '../../src/ui/charts/loss-axes.ts';

describe('the axes of the loss chart', () => {
  it('grows the steps by round numbers up to the whole run', () => {
    expect(spanOf(0, 5000)).toBe(100);
    expect(spanOf(101, 5000)).toBe(200);
    expect(spanOf(201, 5000)).toBe(500);
    expect(spanOf(2001, 5000)).toBe(5000);
    expect(spanOf(1500, 1600)).toBe(1600);
    expect(spanOf(0, 40)).toBe(40);
    expect(spanOf(900_000, 1_000_000)).toBe(1_000_000);
    expect(spanOf(0, Number.NaN)).toBe(100);
  });

  it('holds all losses and the line that knows nothing, and never less than 0', () => {
    for (const [low, high, vocabulary] of [
      [null, null, null],
      [null, null, 82],
      [1.3, 4.6, 82],
      [0.01, 30, 82],
      [0.1, 0.7, 2],
    ] as const) {
      const [bottom, top] = lossRange(low, high, vocabulary);
      expect(bottom).toBeGreaterThanOrEqual(0);
      expect(bottom).toBeLessThan(low ?? Number.POSITIVE_INFINITY);
      expect(top).toBeGreaterThan(Math.max(high ?? 0, Math.log(vocabulary ?? 1)));
    }
  });

  it('marks V itself on the scale of choices, and nothing too near it', () => {
    expect(choiceMarks([1, 4.8], 82).map(({ label }) => label)).toEqual(['3', '5', '10', '20', '40', '82']);
    const wide = choiceMarks([0, 12], 82);
    expect(wide.length).toBeLessThanOrEqual(11);
    expect(wide).toContainEqual({ y: Math.log(82), label: '82' });
    expect(wide.at(-1)!.label).toBe('100K');
    expect(choiceMarks([1, 4.8], null).map(({ label }) => label)).toEqual(['3', '5', '10', '20', '40', '80']);
    expect(choiceMarks([1, 2], 82).map(({ label }) => label)).toEqual(['3', '5']);
  });
});
