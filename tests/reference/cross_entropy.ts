import { type Numbers, sum } from './arrays.ts';

/**
 * Losses in nats of N rows of logits [N, V], and the gradient of their MEAN:
 * dlogits[n,v] = (softmax(logits[n])[v] − [v = target]) / N. With smoothing the gradient is that of the cross-entropy
 * to (1 − smoothing) [v = target] + smoothing / V, and the losses stay the plain ones.
 */
export function crossEntropy(
  logits: Numbers,
  targets: Numbers,
  smoothing = 0,
): { losses: Float64Array; mean: number; dlogits: Float64Array } {
  const N = targets.length;
  const V = logits.length / N;
  const losses = new Float64Array(N);
  const dlogits = new Float64Array(N * V);
  for (let n = 0; n < N; n++) {
    let top = Number.NEGATIVE_INFINITY;
    for (let v = 0; v < V; v++) top = Math.max(top, logits[n * V + v]!);
    let total = 0;
    for (let v = 0; v < V; v++) total += Math.exp(logits[n * V + v]! - top);
    const target = targets[n]!;
    losses[n] = Math.log(total) + top - logits[n * V + target]!;
    for (let v = 0; v < V; v++) {
      const wanted = (v === target ? 1 - smoothing : 0) + smoothing / V;
      dlogits[n * V + v] = (Math.exp(logits[n * V + v]! - top) / total - wanted) / N;
    }
  }
  return { losses, mean: sum(losses) / N, dlogits };
}
