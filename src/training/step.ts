import { GRADIENTS, type Graph, PARAMETERS } from '../graph/graph.ts';
import { crossEntropy } from '../graph/operators/cross-entropy.ts';
import type { ParameterLayout } from '../graph/parameters.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { GPTConfig, TrainingConfig } from '../model/config.ts';
import { gpt } from '../model/gpt.ts';
import { initialParameters } from '../model/parameters.ts';
import { adamw, MOMENT1, MOMENT2, PROGRESS, RECORD_BYTES, RECORD_RING, RECORDS, SCHEDULE } from './optimizer.ts';
import { scheduleTable } from './schedule.ts';

/** Everything that the next step depends on, apart from the configuration and the corpus. */
export interface TrainingState {
  /** Optimizer steps done. */
  step: number;
  /** The step after which the last evaluation was made; -1 before the first. */
  evaluated: number;
  /** The flat buffers, in the layout of `layoutOf`. */
  parameters: Float32Array<ArrayBuffer>;
  moment1: Float32Array<ArrayBuffer>;
  moment2: Float32Array<ArrayBuffer>;
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
  const zeros = () => new Float32Array(layout.bytes / 4);
  return [
    [PARAMETERS, state?.parameters ?? (await initialParameters(model, layout, training.seed))],
    [GRADIENTS, zeros()],
    [MOMENT1, state?.moment1 ?? zeros()],
    [MOMENT2, state?.moment2 ?? zeros()],
    [SCHEDULE, scheduleTable(training)],
    [PROGRESS, new Uint32Array([state?.step ?? 0, training.seed])],
    [RECORDS, new Float32Array((RECORD_RING * RECORD_BYTES) / 4)],
  ];
}
