import { describe, expect, test } from 'vitest';
import { initialParameters, layoutOf } from '../../src/model/parameters.ts';
import { prunable, pruneWeights, SCOPES, sparseBytes, zerosOf } from '../../src/training/pruning.ts';
import { MODEL } from './runs.ts';

const layout = layoutOf(MODEL);
const weights = await initialParameters(MODEL, layout, 4);
const matrices = prunable(layout);
const inMatrices = matrices.reduce((sum, { size }) => sum + size, 0);
const part = (of: Float32Array, { offset, size }: { offset: number; size: number }) =>
  of.subarray(offset / 4, offset / 4 + size);

describe.each(SCOPES)('by %s', (scope) => {
  test.each([0.1, 0.37, 0.5, 0.9])('a share of %f: the smallest go, no other weight changes', (share) => {
    const pruned = pruneWeights(layout, weights, share, scope);
    let highest = 0;
    let lowest = Number.POSITIVE_INFINITY;
    for (const slot of layout.slots.values()) {
      const [before, after] = [part(weights, slot), part(pruned, slot)];
      if (slot.shape.length === 1) {
        expect(after).toEqual(before);
        continue;
      }
      const gone = [...before].filter((_, i) => after[i] === 0);
      const left = [...before].filter((w, i) => {
        if (after[i] !== 0) expect(after[i]).toBe(w);
        return after[i] !== 0;
      });
      const largest = Math.max(0, ...gone.map(Math.abs));
      const smallest = Math.min(Number.POSITIVE_INFINITY, ...left.map(Math.abs));
      if (scope === 'tensor') {
        expect(gone).toHaveLength(Math.round(share * slot.size));
        expect(largest).toBeLessThanOrEqual(smallest);
      }
      highest = Math.max(highest, largest);
      lowest = Math.min(lowest, smallest);
    }
    if (scope === 'global') {
      expect(zerosOf(layout, pruned)).toBe(Math.round(share * inMatrices));
      expect(highest).toBeLessThanOrEqual(lowest);
    }
    expect(sparseBytes(layout, pruned)).toBe(Math.ceil(inMatrices / 8) + 4 * (layout.count - zerosOf(layout, pruned)));
  });
});

test('only matrices can be pruned, the embeddings among them', () => {
  const names = matrices.map(({ name }) => name);
  expect(names).toContain('transformer.wte.weight');
  expect(names.filter((name) => /bias|ln_/.test(name))).toEqual([]);
});

test('of equal magnitudes the earlier ones go, as many as are asked for; none for a share of nothing', () => {
  const equal = weights.map(() => -1);
  const pruned = pruneWeights(layout, equal, 0.5, 'tensor');
  for (const slot of matrices) {
    const half = Math.round(slot.size / 2);
    expect([...part(pruned, slot)]).toEqual(Array.from({ length: slot.size }, (_, i) => (i < half ? 0 : -1)));
  }
  expect(pruneWeights(layout, weights, 0, 'global')).toEqual(weights);
});
