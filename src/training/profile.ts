import type { Device } from '../gpu/device.ts';
import { timeDispatches } from '../gpu/measure.ts';
import type { RecordedDispatch } from '../gpu/recording.ts';
import type { Dispatch, Graph } from '../graph/graph.ts';
import { choose } from '../graph/operators/product.ts';
import { productKey } from '../graph/operators/product-variants.ts';
import { shapeOf } from '../graph/tuner.ts';
import type { GPTConfig, TrainingConfig } from '../model/config.ts';
import { allocateTraining, floorOf, type Rates, traceBenchmark } from './bench.ts';
import type { Computation } from './computation.ts';
import { workOf } from './work.ts';

/** All dispatches of a step that run the same kernel over the same shapes. */
export interface ProfileRow {
  /** Entry point, what it is specialised to, and its sizes. */
  kernel: string;
  /** Dispatches a step. */
  count: number;
  /** Milliseconds of all of them. */
  ms: number;
  /** Of the sum over the rows. */
  share: number;
  /** 0 for kernels without products. */
  gflops: number;
  gbytes: number;
  /** What of its time the floor explains. */
  of_floor: number;
}

const EPILOGUES = ['BIAS', 'ACTIVATION', 'DERIVATIVE', 'RESIDUAL', 'ACCUMULATE', 'BIAS_GRADIENT'];

function describe(graph: Graph, dispatch: Dispatch): string {
  if (dispatch.parts) {
    return dispatch.parts.map((part) => describe(graph, part)).join(' | ');
  }
  const { entry, constants } = dispatch.kernel;
  const shape = shapeOf(dispatch);
  if (shape) {
    const { layout, size } = shape;
    const epilogues = EPILOGUES.filter((name) => constants[name] === true).map((name) => `+${name.toLowerCase()}`);
    return [
      entry,
      productKey(layout, size),
      ...epilogues,
      `(${choose(graph, layout, size)}${constants.HALF ? ', f16' : ''})`,
    ].join(' ');
  }
  const tensors = Object.values(dispatch.bindings);
  const pooled = tensors.filter(({ place }) => place.kind === 'pooled');
  // some read and write buffers of parameters only
  const named = entry === 'update_parameters' || pooled.length === 0 ? tensors : pooled;
  const largest = named.reduce((a, b) => (b.size > a.size ? b : a));
  return `${entry} [${largest.shape.join(', ')}]${constants.ACCUMULATE === true ? ' +accumulate' : ''}`;
}

/**
 * Times the kernels of a training step one by one, each repeated by itself, dearest first. Repeated, a kernel finds its
 * data in the caches: the sum of the rows is a little less than a step.
 */
export async function profile(
  device: Device,
  model: GPTConfig,
  training: TrainingConfig,
  corpus: Uint32Array,
  rates: Rates,
  computation: Partial<Computation> = {},
  signal?: AbortSignal,
): Promise<ProfileRow[]> {
  const graph = traceBenchmark(device, model, training, computation);
  const arena = await allocateTraining(device, graph, model, training, corpus);
  try {
    const { dispatches } = (await arena.compile()).get(graph)!;
    const groups = new Map<string, { dispatch: Dispatch; recorded: RecordedDispatch[] }>();
    graph.dispatches.forEach((dispatch, index) => {
      const kernel = describe(graph, dispatch);
      const group = groups.get(kernel) ?? { dispatch, recorded: [] };
      group.recorded.push(dispatches[index]!);
      groups.set(kernel, group);
    });
    const timed: { kernel: string; count: number; ms: number; dispatch: Dispatch }[] = [];
    for (const [kernel, { dispatch, recorded }] of groups) {
      signal?.throwIfAborted();
      timed.push({ kernel, count: recorded.length, ms: await timeDispatches(device, recorded), dispatch });
    }
    const total = timed.reduce((sum, { ms }) => sum + ms, 0);
    return timed
      .map(({ kernel, count, ms, dispatch }) => {
        const { flops, bytes } = workOf(dispatch);
        const work = { flops: count * flops, bytes: count * bytes };
        return {
          kernel,
          count,
          ms,
          share: ms / total,
          gflops: work.flops / ms / 1e6,
          gbytes: work.bytes / ms / 1e6,
          of_floor: floorOf(work, count, rates).ms / ms,
        };
      })
      .sort((a, b) => b.ms - a.ms);
  } finally {
    arena.destroy();
  }
}
