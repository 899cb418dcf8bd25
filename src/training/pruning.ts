import type { ParameterLayout, ParameterSlot } from '../graph/parameters.ts';

/** Whether the smallest weights are looked for in each matrix by itself, or in all of them together. */
export const SCOPES = ['tensor', 'global'] as const;
export type Scope = (typeof SCOPES)[number];

/** What may be pruned: the matrices, embeddings among them. Norms and biases are few, and each counts for a whole row. */
export function prunable(layout: ParameterLayout): ParameterSlot[] {
  return [...layout.slots.values()].filter(({ shape }) => shape.length === 2);
}

/**
 * Magnitude pruning (Han et al., 2015, arXiv 1506.02626): the share of the weights with the smallest magnitudes becomes
 * zero, in each matrix or over all of them. Of equal magnitudes the earlier ones go first, so that the number is exact.
 * Returns a copy of the flat buffer; norms and biases stay.
 */
export function pruneWeights(
  layout: ParameterLayout,
  weights: Float32Array,
  share: number,
  scope: Scope,
): Float32Array<ArrayBuffer> {
  const pruned = Float32Array.from(weights);
  const parts = prunable(layout).map(({ offset, size }) => pruned.subarray(offset / 4, offset / 4 + size));
  for (const group of scope === 'tensor' ? parts.map((part) => [part]) : [parts]) {
    zeroSmallest(group, share);
  }
  return pruned;
}

function zeroSmallest(parts: readonly Float32Array[], share: number): void {
  const count = parts.reduce((sum, { length }) => sum + length, 0);
  const goal = Math.round(share * count);
  if (goal === 0) return;
  const magnitudes = new Float32Array(count);
  let at = 0;
  for (const part of parts) {
    for (const weight of part) magnitudes[at++] = Math.abs(weight);
  }
  magnitudes.sort();
  const bound = magnitudes[goal - 1]!;
  let onBound = goal - magnitudes.indexOf(bound); // so many of those with this very magnitude go
  for (const part of parts) {
    for (const [i, weight] of part.entries()) {
      const magnitude = Math.abs(weight);
      if (magnitude < bound || (magnitude === bound && onBound-- > 0)) part[i] = 0;
    }
  }
}

/** How many of the prunable weights are exactly zero. */
export function zerosOf(layout: ParameterLayout, weights: Float32Array): number {
  let zeros = 0;
  for (const { offset, size } of prunable(layout)) {
    for (const weight of weights.subarray(offset / 4, offset / 4 + size)) zeros += weight === 0 ? 1 : 0;
  }
  return zeros;
}

/** Bytes of a sparse form: a bit for each weight of a matrix that says whether it is there, and in f32 those that are, and all norms and biases. */
export function sparseBytes(layout: ParameterLayout, weights: Float32Array): number {
  const inMatrices = prunable(layout).reduce((sum, { size }) => sum + size, 0);
  return Math.ceil(inMatrices / 8) + 4 * (layout.count - zerosOf(layout, weights));
}
