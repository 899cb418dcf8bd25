import fc from 'fast-check';
import { expect, test } from 'vitest';
import { endRoom, spreadOut } from '../../src/ui/charts/end-labels.ts';

test('names beside curves keep apart, in the curves’ order, and stand where they want to where there is room', () => {
  expect(spreadOut([10, 50, 90], 15)).toEqual([10, 50, 90]);
  expect(spreadOut([50, 50], 10)).toEqual([45, 55]);
  expect(spreadOut([52, 20, 50], 10)).toEqual([56, 20, 46]);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 8 }), (wanted) => {
      const placed = spreadOut(wanted, 15);
      const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]!);
      const tops = order.map((i) => placed[i]!);
      for (let i = 1; i < tops.length; i++) expect(tops[i]! - tops[i - 1]!).toBeGreaterThanOrEqual(15 - 1e-9);
    }),
  );
});

test('they take no room where there is none, and none is asked for without them', () => {
  const one = { label: 'a', colour: '--ink', x: [0], y: [1] };
  expect(endRoom([one], 1000, 12)).toBe(0);
  expect(endRoom([{ ...one, endLabel: 'Weight decay' }], 1000, 12)).toBeGreaterThan(60);
  expect(endRoom([{ ...one, endLabel: 'Weight decay' }], 360, 12)).toBe(0);
});
