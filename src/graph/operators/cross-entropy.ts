import source from '../../../shaders/cross_entropy.wgsl?raw';
import { fold } from '../../gpu/recording.ts';
import type { Graph } from '../graph.ts';
import type { Tensor } from '../tensor.ts';
import { rowShape } from './rows.ts';

/**
 * Softmax cross-entropy in nats. logits (..., V); targets one u32 for each row, below V. Returns the loss of each of
 * the N rows.
 *
 * In a training graph the same kernel writes the gradient of the mean loss over the logits, so the backward pass starts
 * there: `graph.backward(logits, logits)`.
 */
export function crossEntropy(graph: Graph, logits: Tensor, targets: Tensor): Tensor {
  const V = logits.shape.at(-1)!;
  const N = logits.size / V;
  const loss = graph.tensor('loss', [N]);
  const shape = rowShape(graph, V);
  graph.dispatch(
    { source, entry: 'cross_entropy', constants: { N, V, TRAINING: graph.training, ...shape } },
    { logits, targets, loss },
    fold(Math.ceil(N / shape.GROUPS)),
  );
  return loss;
}
