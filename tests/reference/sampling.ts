import type { Numbers } from './arrays.ts';

/** How a token is drawn, under the names that the engine uses. */
export interface DrawSettings {
  temperature: number;
  top_k: number;
  top_p: number;
  repetition_penalty: number;
  /** A token that is out of the question, or null. */
  never: number | null;
}

/** Logits (V) after the penalty for what stands in the window, and without `never`. */
export function penalised(logits: Numbers, window: readonly number[], settings: DrawSettings): Float64Array {
  const seen = new Set(window);
  return Float64Array.from(logits, (l, id) => {
    if (id === settings.never) return Number.NEGATIVE_INFINITY;
    if (!seen.has(id)) return l;
    return l > 0 ? l / settings.repetition_penalty : l * settings.repetition_penalty;
  });
}

/** The probability of each token, by sorting. Of equal tokens the one with the lower id comes first. */
export function probabilities(logits: Numbers, window: readonly number[], settings: DrawSettings): Float64Array {
  const scores = penalised(logits, window, settings);
  const order = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
  const result = new Float64Array(scores.length);
  if (settings.temperature === 0) {
    result[order[0]!] = 1;
    return result;
  }
  const weigh = (id: number) => Math.exp((scores[id]! - scores[order[0]!]!) / settings.temperature);
  let kept = settings.top_k > 0 ? order.slice(0, settings.top_k) : order;
  const total = kept.reduce((sum, id) => sum + weigh(id), 0);
  let mass = 0;
  const end = kept.findIndex((id) => {
    mass += weigh(id);
    return mass >= settings.top_p * total;
  });
  if (settings.top_p < 1 && end >= 0) kept = kept.slice(0, end + 1);
  const left = kept.reduce((sum, id) => sum + weigh(id), 0);
  for (const id of kept) result[id] = weigh(id) / left;
  return result;
}

/** The plain softmax of logits (V): at temperature 1, with no penalty and nothing left out. */
export function softmax(logits: Numbers): Float64Array {
  const most = Math.max(...Array.from(logits));
  const weights = Float64Array.from(logits, (l) => Math.exp(l - most));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / total);
}
