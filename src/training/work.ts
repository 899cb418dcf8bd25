import { type Dispatch, type Graph, HALF_PLACES } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import { bytesOf, flopsOf, type Work } from '../graph/work.ts';
import type { GPTConfig } from '../model/config.ts';
import { layoutOf } from '../model/parameters.ts';
import { CORPUS } from './batches.ts';
import { RECORDS, SCHEDULE } from './state.ts';

export type { Work };

/** Buffers that a step reads or writes a few numbers of. */
const TABLES = new Set([CORPUS, SCHEDULE, RECORDS, HALF_PLACES]);

const isTable = ({ place }: Tensor) => place.kind === 'region' && TABLES.has(place.buffer);

/** What one dispatch has to do. */
export function workOf(dispatch: Dispatch): Work {
  return { flops: flopsOf(dispatch), bytes: bytesOf(dispatch, (tensor) => !isTable(tensor)) };
}

/**
 * What a training step has to do at least: 6 operations for each parameter and token, attention's products over the past of each
 * token (two forward, four backward), and Muon's; each operator's inputs and outputs once.
 */
export function stepWork(graph: Graph, model: GPTConfig, batch: number): Work {
  const { n_layer, n_embd, block_size: T } = model;
  const tokens = batch * T;
  const attention = 6 * n_layer * n_embd * (T + 1) * tokens;
  const counts = (tensor: Tensor) => !tensor.scratch && !isTable(tensor);
  const muon = graph.dispatches.filter(({ kernel }) => kernel.entry.startsWith('muon'));
  const flops = muon.reduce((sum, dispatch) => sum + flopsOf(dispatch), attention);
  const bytes = graph.dispatches.reduce((sum, dispatch) => sum + bytesOf(dispatch, counts), 0);
  return { flops: 6 * layoutOf(model).count * tokens + flops, bytes };
}
