import { type Dispatch, type Graph, HALF_PLACES, partsOf } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { GPTConfig } from '../model/config.ts';
import { layoutOf } from '../model/parameters.ts';
import { CORPUS } from './batches.ts';
import { RECORDS, SCHEDULE } from './state.ts';

/** Floating-point operations and bytes: what has to be computed and moved, however it is done. */
export interface Work {
  readonly flops: number;
  readonly bytes: number;
}

/** Buffers that a step reads or writes a few numbers of. */
const TABLES = new Set([CORPUS, SCHEDULE, RECORDS, HALF_PLACES]);

/** Bytes of the tensors that a dispatch binds, each once, whether it is read, written or both. */
function bytesOf({ bindings }: Dispatch, counts: (tensor: Tensor) => boolean = () => true): number {
  let bytes = 0;
  for (const tensor of new Set<Tensor>(Object.values(bindings))) {
    const { place, bytes: size } = tensor;
    bytes += (place.kind === 'region' && TABLES.has(place.buffer)) || !counts(tensor) ? 0 : size;
  }
  return bytes;
}

/** Multiplications and additions of a causal product over heads: `products` of T (T + 1) / 2 rows of HS channels. */
function causalFlops(constants: Dispatch['kernel']['constants'], products: number): number {
  const { B, T, C } = constants as Record<string, number>;
  return products * B! * C! * T! * (T! + 1);
}

/** What one dispatch has to do. Only products count as arithmetic: all else is bound by memory. */
export function workOf(dispatch: Dispatch): Work {
  const bytes = bytesOf(dispatch);
  return { flops: partsOf(dispatch).reduce((sum, part) => sum + flopsOf(part), 0), bytes };
}

function flopsOf({ kernel: { entry, constants } }: Dispatch): number {
  switch (entry) {
    case 'matmul':
      return 2 * Number(constants.M) * Number(constants.N) * Number(constants.K);
    case 'attention': // q k, p v
      return causalFlops(constants, 2);
    case 'attention_backward_q': // q k again, dout v, ds k
      return causalFlops(constants, 3);
    case 'attention_backward_kv': // q k again, dout v, ds q, p dout
      return causalFlops(constants, 4);
    default:
      return 0;
  }
}

/**
 * What a training step has to do at least: 6 operations for each parameter and token, and attention's products over the
 * past of each token (two forward, four backward); each operator's inputs and outputs once.
 */
export function stepWork(graph: Graph, model: GPTConfig, batch: number): Work {
  const { n_layer, n_embd, block_size: T } = model;
  const tokens = batch * T;
  const attention = 6 * n_layer * n_embd * (T + 1) * tokens;
  const bytes = graph.dispatches.reduce((sum, dispatch) => sum + bytesOf(dispatch, ({ scratch }) => !scratch), 0);
  return { flops: 6 * layoutOf(model).count * tokens + attention, bytes };
}
