import { traceDecoder } from '../generation/decoder.ts';
import { Graph, type KernelTraits } from '../graph/graph.ts';
import { lifetimes, MemoryPlan } from '../graph/plan.ts';
import type { GPTConfig, TrainingConfig } from '../model/config.ts';
import { layoutOf } from '../model/parameters.ts';
import { corpusBytes } from './batches.ts';
import { RECORD_BYTES, RECORD_RING } from './optimizer.ts';
import { stateBuffers } from './state.ts';
import { statisticsBytes, traceDistance, traceWatched } from './statistics.ts';
import { traceTraining } from './step.ts';

/** Bytes that a run takes on the GPU, known before any of them is allocated. */
export interface MemoryEstimate {
  total: number;
  /** Weights, gradients, the optimizer's moments and copies of the weights, that in f16 included. */
  parameters: number;
  /** Everything between the tokens and the gradients of the weights. */
  activations: number;
  corpus: number;
  /** What the model remembers while it writes. */
  writing: number;
  /** The largest buffer but for the corpus, which the adapter must allow, and what it is for, as “its … need a buffer”. */
  largest: { bytes: number; what: string };
  /**
   * What no program can do without that trains so: weights, gradients and moments, and what the backward pass reads of
   * the forward pass, all of it at the same moment. Without the corpus.
   */
  minimum: number;
}

/**
 * Plans a run of `tokens` tokens of text without a GPU, with kernels shaped for `adapter`: some take memory of their own. Without
 * it they are a processor's.
 */
export function estimateMemory(
  model: GPTConfig,
  training: TrainingConfig,
  tokens: number,
  adapter: KernelTraits = { lanes: 1 },
): MemoryEstimate {
  const layout = layoutOf(model);
  const traits = { ...adapter, half: training.precision === 'f16' };
  const graph = new Graph(layout, traits, true);
  traceTraining(graph, model, training, { length: tokens, region: { first: 0, length: tokens } });
  const watched = new Graph(layout, traits, true);
  traceWatched(watched, graph);
  const distance = new Graph(layout, traits, false);
  traceDistance(distance);
  const plan = new MemoryPlan();
  plan.plan(watched);
  plan.plan(distance);
  const activations = plan.bytes;
  const decoder = traceDecoder(model, layout, traits);
  for (const reading of [decoder.step, decoder.readRow, decoder.readRows]) {
    plan.plan(reading);
  }
  // One for answers and one for the samples of the run; they share all but what they remember.
  const writing = plan.bytes - activations + 2 * [...decoder.buffers.values()].reduce((sum, bytes) => sum + bytes, 0);

  const copies = stateBuffers(training).length + 1; // and the gradients
  const halves = graph.halves ? graph.halves.bytes + graph.halves.places.byteLength : 0;
  const parameters = copies * layout.bytes + halves;
  const corpus = corpusBytes(tokens, model.vocab_size);
  const tables = 16 * training.max_iters + RECORD_RING * RECORD_BYTES + statisticsBytes(layout);
  const minimum = 4 * copies * layout.count + bytesAcross(graph);
  const total = parameters + activations + writing + corpus + tables;
  const buffers = [
    { bytes: layout.bytes, what: `its ${layout.count.toLocaleString('en-US')} parameters` },
    { bytes: Math.max(0, ...plan.close().map(({ bytes }) => bytes)), what: 'its activations' },
    { bytes: Math.max(0, ...decoder.buffers.values()), what: 'the tokens that it remembers while it writes' },
  ];
  const largest = buffers.reduce((most, buffer) => (buffer.bytes > most.bytes ? buffer : most));
  return { total, parameters, activations, writing, corpus, largest, minimum };
}

/** Bytes of the intermediate results that are alive between the forward pass and the backward pass. */
function bytesAcross(graph: Graph): number {
  const border = graph.dispatches.findIndex(({ kernel }) => kernel.entry === 'cross_entropy');
  let bytes = 0;
  for (const [tensor, { first, last }] of lifetimes(graph)) {
    bytes += first <= border && last >= border ? tensor.bytes : 0;
  }
  return bytes;
}
