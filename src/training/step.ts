import { GRADIENTS, type Graph, PARAMETERS } from '../graph/graph.ts';
import { crossEntropy } from '../graph/operators/cross-entropy.ts';
import type { ParameterLayout } from '../graph/parameters.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { GPTConfig, TrainingConfig } from '../model/config.ts';
import { gpt } from '../model/gpt.ts';
import { initialParameters } from '../model/parameters.ts';
import {
  AVERAGE,
  adamw,
  MOMENT1,
  MOMENT2,
  PROGRESS,
  RECORD_BYTES,
  RECORD_RING,
  RECORDS,
  SCHEDULE,
  stateBuffers,
} from './optimizer.ts';
import { scheduleTable } from './schedule.ts';

/** Everything that the next step depends on, apart from the configuration and the corpus. */
export interface TrainingState {
  /** Optimizer steps done. */
  step: number;
  /** The step after which the last evaluation was made; -1 before the first. */
  evaluated: number;
  /** The lowest validation loss so far and the step after which it was measured; null before the first evaluation. */
  best: { step: number; val_loss: number } | null;
  /** Those of `stateBuffers`, in the layout of `layoutOf`. */
  buffers: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
}

/** A run before its first step, from given weights. `evaluated` 0 leaves out the evaluation before the first step. */
export function freshState(
  training: TrainingConfig,
  parameters: Float32Array<ArrayBuffer>,
  evaluated = -1,
): TrainingState {
  const buffers = new Map(stateBuffers(training).map((name) => [name, startOf(name, parameters)]));
  return { step: 0, evaluated, best: null, buffers };
}

/** The weights that evaluation and samples use: the moving average where the run keeps one. */
export function weightsOf({ buffers }: TrainingState): Float32Array<ArrayBuffer> {
  return buffers.get(AVERAGE) ?? buffers.get(PARAMETERS)!;
}

/** Copies of the weights start as the weights, moments as zeros. */
function startOf(name: string, parameters: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  return name === MOMENT1 || name === MOMENT2 ? new Float32Array(parameters.length) : parameters;
}

/** Appends a whole training step: forward, loss, backward, optimizer. x, y (B, T). */
export function traceStep(graph: Graph, model: GPTConfig, training: TrainingConfig, x: Tensor, y: Tensor): void {
  const logits = gpt(graph, model, x);
  const losses = crossEntropy(graph, logits, y);
  graph.backward(logits, logits); // crossEntropy has written the gradient over the logits
  adamw(graph, losses, training);
}

/** What a step finds in the named buffers before the first one: from the seed, or from a saved state. */
export async function startingBuffers(
  layout: ParameterLayout,
  model: GPTConfig,
  training: TrainingConfig,
  state?: TrainingState,
): Promise<[name: string, data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>][]> {
  const { step, buffers } = state ?? freshState(training, await initialParameters(model, layout, training.seed));
  return [
    ...buffers,
    [GRADIENTS, new Float32Array(layout.bytes / 4)],
    [SCHEDULE, scheduleTable(training)],
    [PROGRESS, new Uint32Array([step, training.seed])],
    [RECORDS, new Float32Array((RECORD_RING * RECORD_BYTES) / 4)],
  ];
}
