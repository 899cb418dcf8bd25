import source from '../../shaders/adamw.wgsl?raw';
import { float } from '../gpu/kernel.ts';
import { fold } from '../gpu/recording.ts';
import { GRADIENTS, type Graph, PARAMETERS } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { TrainingConfig } from '../model/config.ts';

/** Names of the buffers that a training step lives on, besides parameters and gradients. */
export const MOMENT1 = 'moment1';
export const MOMENT2 = 'moment2';
/** The moving average of the weights, and the weights of the lowest validation loss. */
export const AVERAGE = 'average';
export const BEST = 'best';
export const SCHEDULE = 'schedule';
export const PROGRESS = 'progress';
export const RECORDS = 'records';

/** Steps that the ring of records holds: more than are ever in flight. */
export const RECORD_RING = 1024;
/** Bytes of a record: loss, gradient norm, learning rate, one unused. */
export const RECORD_BYTES = 16;

/**
 * The flat buffers that a run of this configuration goes on from, by name, all in the layout of its parameters: what a
 * checkpoint holds, no more and no less.
 */
export function stateBuffers({ optimizer, momentum, ema_decay, patience }: TrainingConfig): readonly string[] {
  const moments = {
    adamw: [MOMENT1, MOMENT2],
    adam: [MOMENT1, MOMENT2],
    sgd: momentum > 0 ? [MOMENT1] : [],
    lion: [MOMENT1],
    muon: [MOMENT1, MOMENT2],
  }[optimizer];
  return [PARAMETERS, ...moments, ...(ema_decay > 0 ? [AVERAGE] : []), ...(patience > 0 ? [BEST] : [])];
}

/** Threads that add up the squares: enough to fill a GPU, few enough for one workgroup to gather. A power of two. */
function partialsFor(elements: number): number {
  return 2 ** Math.min(14, Math.max(6, Math.ceil(Math.log2(elements / 64))));
}

/**
 * Appends the end of a training step: the gradient norm over all parameters, clipping, AdamW, and the step's record.
 * `losses` are the (N) losses of the step's rows. Three dispatches, whatever the number of tensors.
 */
export function adamw(graph: Graph, losses: Tensor, config: TrainingConfig): void {
  const P = graph.layout.bytes / 4;
  const PARTIALS = partialsFor(P);
  const flat = (buffer: string) => graph.region(buffer, buffer, [P]);
  const gradients = flat(GRADIENTS);
  const partials = graph.tensor('partial sums', [PARTIALS]);
  const update = graph.tensor('update', [4]);
  const constants = {
    P,
    PARTIALS,
    N: losses.size,
    RING: RECORD_RING,
    CLIP: config.grad_clip > 0,
    MAX_NORM: float(config.grad_clip),
    BETA1: float(config.beta1),
    BETA2: float(config.beta2),
    // Subtracted in f64: in f32, 1 - 0.999 is off by 1e-5, and 1 - 0.9999 by 1e-4.
    ONE_MINUS_BETA1: float(1 - config.beta1),
    ONE_MINUS_BETA2: float(1 - config.beta2),
    EPSILON: float(config.eps),
    WEIGHT_DECAY: float(config.weight_decay),
    DECAYED: graph.layout.decayed,
  };
  graph.dispatch({ source, entry: 'sum_of_squares', constants }, { gradients, partials }, [PARTIALS / 64, 1, 1]);
  graph.dispatch(
    { source, entry: 'record_step', constants },
    {
      partial_sums: partials,
      losses,
      schedule: graph.region(SCHEDULE, 'schedule', [config.max_iters, 4]),
      progress: graph.region(PROGRESS, 'progress', [2], 'u32'),
      update,
      records: graph.region(RECORDS, 'records', [RECORD_RING, 4]),
    },
    [1, 1, 1],
  );
  graph.dispatch(
    { source, entry: 'adamw', constants },
    { gradients, this_update: update, parameters: flat(PARAMETERS), moment1: flat(MOMENT1), moment2: flat(MOMENT2) },
    fold(Math.ceil(P / 64)),
  );
}
