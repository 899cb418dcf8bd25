import kernelSource from '../../../shaders/cross_entropy.wgsl?raw';
import lanesSource from '../../../shaders/lanes.wgsl?raw';
import { float } from '../../gpu/kernel.ts';
import { fold } from '../../gpu/recording.ts';
import type { Graph } from '../graph.ts';
import type { Tensor } from '../tensor.ts';
import { rowShape } from './rows.ts';

export interface CrossEntropyOptions {
  /** Share of the target that is spread over all of the vocabulary, in the gradient only. */
  smoothing?: number;
  /** Where the losses go, and from which place on: the gradient is that of the mean over all of it. */
  into?: { losses: Tensor; first: number };
}

/**
 * Softmax cross-entropy in nats. logits (..., V); targets one u32 for each row, below V. Returns the loss of each of
 * the N rows.
 *
 * In a training graph the same kernel writes the gradient of the mean loss over the logits, so the backward pass starts
 * there: `graph.backward(logits, logits)`.
 */
export function crossEntropy(
  graph: Graph,
  logits: Tensor,
  targets: Tensor,
  { smoothing = 0, into }: CrossEntropyOptions = {},
): Tensor {
  const V = logits.shape.at(-1)!;
  const N = logits.size / V;
  const loss = into?.losses ?? graph.tensor('loss', [N]);
  const shape = rowShape(graph, V, N);
  const constants = {
    N,
    V,
    LOSSES: loss.size,
    FIRST_LOSS: into?.first ?? 0,
    TRAINING: graph.training,
    SMOOTH: smoothing > 0,
    SMOOTHING: float(smoothing),
    ...shape,
  };
  graph.dispatch(
    { source: lanesSource + kernelSource, entry: 'cross_entropy', constants },
    { logits, targets, loss },
    fold(Math.ceil(N / shape.GROUPS)),
  );
  return loss;
}
