import type { Device } from '../gpu/device.ts';
import { GRADIENTS, type Graph, HALF_PLACES, HALVES } from '../graph/graph.ts';
import { crossEntropy } from '../graph/operators/cross-entropy.ts';
import type { Dropout } from '../graph/operators/dropout.ts';
import { narrowMatrices } from '../graph/operators/narrow.ts';
import type { ParameterLayout } from '../graph/parameters.ts';
import type { Arena } from '../graph/program.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { GPTConfig, TrainingConfig } from '../model/config.ts';
import { dropoutSites, gpt, type Tap } from '../model/gpt.ts';
import { initialParameters } from '../model/parameters.ts';
import { drawBatch, type Region } from './batches.ts';
import { MATRICES, matrixTable } from './muon.ts';
import { type OptimizerTensors, optimizerStep, RECORD_BYTES, RECORD_RING } from './optimizer.ts';
import { scheduleTable } from './schedule.ts';
import { freshState, MOMENT1, MOMENT2, PROGRESS, RECORDS, SCHEDULE, type TrainingState } from './state.ts';

export interface Batch {
  /** (B, T): tokens, and the ones that follow each. */
  x: Tensor;
  y: Tensor;
}

/**
 * Appends a whole training step: forward, loss and backward of each of its batches, and the optimizer, which sees the
 * gradient of the mean over all of them. `batch` appends the drawing of one of `gradient_accumulation_steps`; `tap` hears
 * of the tensors of the first. Returns the losses of all rows and what the optimizer works with.
 */
export function traceStep(
  graph: Graph,
  model: GPTConfig,
  training: TrainingConfig,
  batch: (index: number) => Batch,
  tap?: Tap,
): OptimizerTensors & { losses: Tensor } {
  const { gradient_accumulation_steps: batches, label_smoothing: smoothing } = training;
  const progress = graph.region(PROGRESS, 'progress', [2], 'u32');
  narrowMatrices(graph);
  let losses: Tensor | undefined;
  for (let index = 0; index < batches; index++) {
    const { x, y } = batch(index);
    losses ??= graph.tensor('losses', [batches * x.size]);
    const logits = gpt(graph, model, x, dropoutOf(training, model, index, progress), index === 0 ? tap : undefined);
    crossEntropy(graph, logits, y, { smoothing, into: { losses, first: index * x.size } });
    graph.backward(logits, logits); // crossEntropy has written the gradient over the logits
  }
  return { losses: losses!, ...optimizerStep(graph, losses!, training) };
}

/** The same step on batches that are drawn from the corpus on the GPU. */
export function traceTraining(graph: Graph, model: GPTConfig, training: TrainingConfig, corpus: CorpusPart): void {
  traceStep(graph, model, training, (index) => drawTrainingBatch(graph, model, training, corpus, index));
}

/** Where a split lies in the corpus, and how long that is. */
export interface CorpusPart {
  length: number;
  region: Region;
}

/** The step's batch of that index. */
export function drawTrainingBatch(
  graph: Graph,
  { vocab_size, block_size: context }: GPTConfig,
  { batch_size: batch }: TrainingConfig,
  corpus: CorpusPart,
  index: number,
): Batch {
  return drawBatch(graph, { ...corpus, vocab_size, batch, context, firstRow: index * batch, progress: PROGRESS });
}

/** What the step's batch of that index drops; nothing where dropout is off, which then costs nothing. */
export function dropoutOf(
  { dropout: rate }: TrainingConfig,
  model: GPTConfig,
  index: number,
  progress: Tensor,
): Dropout | undefined {
  return rate > 0 ? { rate, site: index * dropoutSites(model), progress } : undefined;
}

/** A named buffer and what it begins with: numbers, or so many bytes of zeros, as every buffer begins: they are not uploaded. */
export type Beginning = [name: string, data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | number];

/** What a step finds in the named buffers before the first one: from the seed, or from a saved state. */
export async function startingBuffers(
  layout: ParameterLayout,
  model: GPTConfig,
  training: TrainingConfig,
  state?: TrainingState,
): Promise<Beginning[]> {
  const { step, buffers } = state ?? freshState(training, await initialParameters(model, layout, training.seed));
  const isZero = (name: string) => !state && (name === MOMENT1 || name === MOMENT2);
  return [
    ...[...buffers].map(([name, data]): Beginning => [name, isZero(name) ? data.byteLength : data]),
    [GRADIENTS, layout.bytes],
    [SCHEDULE, scheduleTable(training)],
    [PROGRESS, new Uint32Array([step, training.seed])],
    [RECORDS, RECORD_RING * RECORD_BYTES],
    ...(training.optimizer === 'muon' ? [[MATRICES, matrixTable(layout)] as Beginning] : []),
  ];
}

/** What the step of `graph` finds besides, where its products read f16. */
export function halfBuffers({ halves }: Graph): Beginning[] {
  return halves && halves.places.length > 0
    ? [
        [HALVES, halves.bytes],
        [HALF_PLACES, halves.places],
      ]
    : [];
}

/** Makes the named buffers, and uploads what they begin with. */
export async function allocateNamed(device: Device, arena: Arena, starting: readonly Beginning[]): Promise<void> {
  for (const [name, data] of starting) {
    if (typeof data === 'number') await arena.named(name, data);
    else device.gpu.queue.writeBuffer(await arena.named(name, data.byteLength), 0, data);
  }
}
