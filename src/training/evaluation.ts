import source from '../../shaders/mean_loss.wgsl?raw';
import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';

/** Names of the buffers that an evaluation counts in; apart from the training step's, which must not notice it. */
export const EVALUATION_PROGRESS = 'evaluation progress';
export const EVALUATION_RECORDS = 'evaluation records';

/** Appends the end of an evaluation batch: its mean loss goes to the next of `batches` records. */
export function recordMeanLoss(graph: Graph, losses: Tensor, batches: number): void {
  graph.dispatch(
    { source, entry: 'mean_loss', constants: { N: losses.size } },
    {
      losses,
      progress: graph.region(EVALUATION_PROGRESS, 'progress', [2], 'u32'),
      records: graph.region(EVALUATION_RECORDS, 'records', [batches]),
    },
    [1, 1, 1],
  );
}
