import type { PromptNumbers } from '../../training/inspection/prompt-look.ts';
import type { Predictions } from './messages.ts';

/** Predictions that are told of each place. */
export const KEPT = 8;

/** The `kept` highest of n rows of probabilities (n, V), highest first; equal ones in the order of their ids. */
export function likeliest(rows: readonly Float32Array[], V: number, kept: number): Predictions {
  const n = rows.reduce((sum, { length }) => sum + length / V, 0);
  const ids = new Uint32Array(n * kept);
  const probabilities = new Float32Array(n * kept);
  let at = 0;
  for (const all of rows) {
    for (let from = 0; from < all.length; from += V) {
      const best: number[] = [];
      for (let id = 0; id < V; id++) {
        const p = all[from + id]!;
        if (best.length === kept && !(p > all[from + best.at(-1)!]!)) continue;
        const place = best.findIndex((other) => p > all[from + other]!);
        best.splice(place < 0 ? best.length : place, 0, id);
        best.length = Math.min(best.length, kept);
      }
      best.forEach((id, rank) => {
        ids[at + rank] = id;
        probabilities[at + rank] = all[from + id]!;
      });
      at += kept;
    }
  }
  return { ids, probabilities };
}

/** Of each layer of the lens and each place but the last, the probability of the token that does come. */
export function rightOnes({ lens }: PromptNumbers, ids: readonly number[], V: number): Float32Array<ArrayBuffer> {
  const n = ids.length - 1;
  const right = new Float32Array(lens.length * n);
  lens.forEach((all, layer) => {
    for (let t = 0; t < n; t++) right[layer * n + t] = all[t * V + ids[t + 1]!]!;
  });
  return right;
}
