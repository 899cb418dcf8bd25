import optimizerSource from '../../shaders/optimizer.wgsl?raw';
import pruningSource from '../../shaders/pruning.wgsl?raw';
import randomSource from '../../shaders/random.wgsl?raw';
import { float } from '../gpu/kernel.ts';
import { fold } from '../gpu/recording.ts';
import { GRADIENTS, type Graph } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { TrainingConfig } from '../model/config.ts';
import { hiddenMatrices, orthogonalize } from './muon.ts';
import { BEST, MASK, PROGRESS, RECORDS, SCHEDULE, stateBuffers } from './state.ts';

/** Steps that the ring of records holds: more than are ever in flight. */
export const RECORD_RING = 1024;
/** Bytes of a record: loss, gradient norm, learning rate, and the step's number, by which it is known that it was made. */
export const RECORD_BYTES = 16;

/** Numbers of the shader's struct Update, filled up to whole vectors. */
const UPDATE_NUMBERS = 8;

/** Tensors between an optimizer's dispatches, for those who look. */
export interface OptimizerTensors {
  /** The shader's struct Update. */
  update: Tensor;
  /** Muon's direction for the hidden matrices, the first of which begins at element `from` of the flat buffers. */
  orthogonal: { tensor: Tensor; from: number; to: number } | undefined;
}

/**
 * How the squares are added up. Threads: enough to fill an adapter. On a processor each leaves its sum, few enough for one
 * workgroup to gather; on a GPU, whose threads are many and barriers cheap, each workgroup leaves one. All powers of two.
 */
function squaresShape(elements: number, lanes: number) {
  const REDUCE = lanes > 1;
  const SQUARERS = 2 ** Math.min(REDUCE ? 16 : 14, Math.max(6, Math.ceil(Math.log2(elements / (REDUCE ? 16 : 64)))));
  return { REDUCE, SQUARERS, PARTIALS: REDUCE ? SQUARERS / 64 : SQUARERS, GATHERERS: REDUCE ? 256 : 4 };
}

/**
 * Appends the end of a training step: the gradient norm over all parameters, clipping, the optimizer, and the step's
 * record. `losses` are those of all the step's rows. Three dispatches, whatever the number of tensors; Muon takes
 * seventeen more, whatever the number of matrices, and pruned weights that stay zero take one.
 */
export function optimizerStep(graph: Graph, losses: Tensor, config: TrainingConfig): OptimizerTensors {
  const { optimizer } = config;
  const P = graph.layout.bytes / 4;
  const squares = squaresShape(P, graph.traits.lanes);
  const flat = (buffer: string) => graph.region(buffer, buffer, [P]);
  const gradients = flat(GRADIENTS);
  const partials = graph.tensor('partial sums', [squares.PARTIALS]);
  const update = graph.tensor('update', [UPDATE_NUMBERS]);
  const buffers = stateBuffers(config).filter((name) => name !== BEST);
  const hidden = optimizer === 'muon' ? hiddenMatrices(graph.layout) : undefined;
  const constants = {
    P,
    ...squares,
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
    MOMENTUM: float(config.momentum),
    USE_MOMENTUM: config.momentum > 0,
    NESTEROV: config.nesterov,
    WEIGHT_DECAY: float(config.weight_decay),
    L2: float(config.l2),
    USE_L2: config.l2 > 0,
    DECAYED: graph.layout.decayed,
    HIDDEN_FROM: hidden?.from ?? 0,
    HIDDEN_TO: hidden?.to ?? 0,
    ADAM: optimizer === 'adamw' || optimizer === 'adam' || optimizer === 'muon',
    SGD: optimizer === 'sgd',
    LION: optimizer === 'lion',
    MUON: optimizer === 'muon',
    AVERAGE: config.ema_decay > 0,
    MASKED: config.keep_zeros === true, // not there in older runs
  };
  if (config.keep_zeros) {
    graph.dispatch(
      { source: pruningSource, entry: 'mask_gradients', constants: { DECAYED: graph.layout.decayed } },
      { mask: flat(MASK), gradients },
      fold(Math.ceil(graph.layout.decayed / 256)),
    );
  }
  const source = randomSource + optimizerSource;
  graph.dispatch({ source, entry: 'sum_of_squares', constants }, { gradients, partials }, [
    squares.SQUARERS / 64,
    1,
    1,
  ]);
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
  const orthogonal = hidden && orthogonalize(graph, hidden, update, config);
  graph.dispatch(
    { source, entry: 'update_parameters', constants },
    {
      gradients,
      this_update: update,
      ...Object.fromEntries(buffers.map((name) => [name, flat(name)])),
      ...(orthogonal && { orthogonal }),
    },
    fold(Math.ceil(P / 256)),
  );
  return { update, orthogonal: hidden && { tensor: orthogonal!, from: hidden.from, to: hidden.to } };
}
