import type { Device } from '../gpu/device.ts';
import { InklingError } from '../gpu/errors.ts';
import { readBuffer } from '../gpu/readback.ts';
import { GRADIENTS, Graph, PARAMETERS } from '../graph/graph.ts';
import { crossEntropy } from '../graph/operators/cross-entropy.ts';
import { Arena } from '../graph/program.ts';
import { traitsOf } from '../graph/traits.ts';
import { type GPTConfig, lowerLearningRate, type TrainingConfig } from '../model/config.ts';
import { gpt } from '../model/gpt.ts';
import { CORPUS } from './batches.ts';
import { PROGRESS } from './state.ts';
import { type CorpusPart, drawTrainingBatch, dropoutOf } from './step.ts';

/** A step that could not be made: what its record says. */
export interface UnsoundStep {
  /** Counted from 1. */
  step: number;
  loss: number;
  grad_norm: number;
}

/**
 * Thrown inside the loop by a step that is not finite, which leaves the trainer as `diverged`, in words; and, without a
 * record, by those after it, which nobody but a snapshot hears.
 */
export class Unsound extends Error {
  readonly record: UnsoundStep | undefined;

  constructor(record?: UnsoundStep) {
    super('a step was not finite');
    this.record = record;
  }
}

export interface FailedRun {
  device: Device;
  /** Holds the weights, the corpus, the progress and the gradients of the step that failed. */
  arena: Arena;
  /** The graph of the training step. */
  graph: Graph;
  model: GPTConfig;
  training: TrainingConfig;
  corpus: CorpusPart;
}

const allFinite = (values: Float32Array) => values.every(Number.isFinite);

/**
 * Says which tensor of a failed step was the first that is not finite: forward, where the loss is not, and otherwise
 * among the gradients of the parameters in the order in which the backward pass makes them.
 */
export async function diverged(run: FailedRun, failed: UnsoundStep): Promise<InklingError> {
  const { learning_rate, grad_clip } = run.training;
  const where = Number.isFinite(failed.loss) ? await firstBackward(run) : await firstForward(run);
  const clipping = grad_clip === 0 ? ', and turn gradient clipping on' : '';
  return new InklingError(
    'diverged',
    `The run has diverged: in step ${failed.step}, ${where}. The weights are those after step ${failed.step - 1}, the last good ones.`,
    `Start again with a lower learning rate, such as ${lowerLearningRate(run.training)} instead of ${learning_rate}${clipping}.`,
  );
}

async function firstBackward({ device, arena, graph }: FailedRun): Promise<string> {
  const flat = new Float32Array(await readBuffer(device.gpu, arena.buffer(GRADIENTS), 0, graph.layout.bytes));
  const slots = new Map([...graph.layout.slots.values()].map((slot) => [slot.offset, slot]));
  let largest = { name: '', value: -1 };
  for (const { bindings, writes } of graph.dispatches) {
    for (const name of writes) {
      const { place } = bindings[name]!;
      if (place.kind === 'region' && place.buffer === GRADIENTS) {
        const { name: parameter, offset, size } = slots.get(place.offset)!;
        const values = flat.subarray(offset / 4, offset / 4 + size);
        if (!allFinite(values)) {
          return `the gradient of ${parameter} was the first of the backward pass that is not a finite number`;
        }
        const value = values.reduce((most, g) => Math.max(most, Math.abs(g)), 0);
        largest = value > largest.value ? { name: parameter, value } : largest;
      }
    }
  }
  return `the gradients are too large for their norm to be a finite number, most of all that of ${largest.name}`;
}

/** Computes the forward pass of the failed step again, and this time keeps every tensor of it. */
async function firstForward(run: FailedRun): Promise<string> {
  for (let index = 0; index < run.training.gradient_accumulation_steps; index++) {
    const name = await firstOfBatch(run, index).catch(() => null); // no memory for it: the loss is known anyway
    if (name !== null) {
      return `${name} was the first tensor of the forward pass that is not a finite number`;
    }
  }
  return 'the loss is not a finite number';
}

async function firstOfBatch(
  { device, arena, model, training, corpus, graph: { layout } }: FailedRun,
  index: number,
): Promise<string | null> {
  const graph = new Graph(layout, traitsOf(device), false);
  const { x, y } = drawTrainingBatch(graph, model, training, corpus, index);
  const progress = graph.region(PROGRESS, 'progress', [2], 'u32');
  crossEntropy(graph, gpt(graph, model, x, dropoutOf(training, model, index, progress)), y);
  const made = graph.dispatches.flatMap(({ bindings, writes }) => [...writes].map((name) => bindings[name]!));
  const numbers = [...new Set(made)].filter(({ dtype, place }) => dtype === 'f32' && place.kind === 'pooled');
  for (const tensor of numbers) {
    graph.output(tensor);
  }
  const own = new Arena(device);
  try {
    own.plan(graph);
    const encoder = device.gpu.createCommandEncoder();
    for (const name of [PARAMETERS, CORPUS, PROGRESS]) {
      const from = arena.buffer(name);
      encoder.copyBufferToBuffer(from, 0, await own.named(name, from.size), 0, from.size);
    }
    device.gpu.queue.submit([encoder.finish()]);
    const program = (await own.compile()).get(graph)!;
    program.run();
    for (const tensor of numbers) {
      if (!allFinite(await program.read(tensor))) {
        return tensor.name;
      }
    }
    return null;
  } finally {
    own.destroy();
  }
}
