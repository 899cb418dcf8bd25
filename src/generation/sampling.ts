import type { Random } from '../model/random.ts';

/** How the next token is drawn from the model's logits. */
export interface SamplingOptions {
  /** Logits are divided by it; 0 takes the most probable token. */
  temperature: number;
  /** Only the k most probable tokens may be drawn; 0 for all. */
  top_k: number;
  /** Only the most probable tokens that together reach this probability may be drawn; 1 for all. */
  top_p: number;
}

/**
 * Draws a token from logits (V). Ties go to the lower id, so that greedy choice and cut-offs are deterministic.
 *
 * top_p is nucleus sampling (Holtzman et al., 2020, arXiv 1904.09751); it applies after top_k and temperature.
 */
export function sampleToken(logits: Float32Array, options: SamplingOptions, random: Random): number {
  const order = Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b);
  if (options.temperature === 0) {
    return order[0]!;
  }
  const kept = options.top_k > 0 ? order.slice(0, options.top_k) : order;
  const highest = logits[kept[0]!]!;
  const weights = kept.map((id) => Math.exp((logits[id]! - highest) / options.temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let last = weights.length;
  let nucleus = 0;
  for (let i = 0; i < weights.length; i++) {
    nucleus += weights[i]!;
    if (nucleus >= options.top_p * total) {
      last = i + 1;
      break;
    }
  }
  const mass = last === weights.length ? total : nucleus;
  let left = random.uniform() * mass;
  for (let i = 0; i < last; i++) {
    left -= weights[i]!;
    if (left < 0) {
      return kept[i]!;
    }
  }
  return kept[last - 1]!;
}
