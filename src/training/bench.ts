import type { Device } from '../gpu/device.ts';
import { compareDispatches, measureCopy, measureEmptyDispatch, median, timeDispatches } from '../gpu/measure.ts';
import { Graph, type KernelTraits, type Precision } from '../graph/graph.ts';
import { product } from '../graph/operators/product.ts';
import { LAYOUTS, type Layout, PRODUCT_VARIANTS, type ProductVariant } from '../graph/operators/product-variants.ts';
import { ParameterLayout } from '../graph/parameters.ts';
import { Arena } from '../graph/program.ts';
import { traitsOf } from '../graph/traits.ts';
import { candidates } from '../graph/tuner.ts';
import type { GPTConfig, TrainingConfig } from '../model/config.ts';
import { initialParameters, layoutOf } from '../model/parameters.ts';
import { Random } from '../model/random.ts';
import { CORPUS, corpusBytes, uploadCorpus } from './batches.ts';
import { type Computation, recordOf } from './computation.ts';
import { freshState } from './state.ts';
import { allocateNamed, halfBuffers, startingBuffers, traceTraining } from './step.ts';
import { Trainer, type TrainerOptions } from './trainer.ts';
import type { Work } from './work.ts';

const CORPUS_TOKENS = 1_000_000;
const CORPUS_SEED = 65;
/** Timed batches: at least so many, and more while they are quick. */
const LEAST_BATCHES = 5;
const MOST_BATCHES = 15;
const BATCH_MS = 500;
const QUICK_MS = 4000;
/** After so long a benchmark makes do with the batches that it has. */
const PATIENCE_MS = 300_000;
/** A larger product is not tried once one takes so long. */
const SLOW_PRODUCT_MS = 20;

/** What the adapter reaches, measured. */
export interface Rates {
  /** Of the engine's best large matrix product, in operations a millisecond. */
  flops: number;
  /** Read plus written by a copy, in bytes a millisecond. */
  bytes: number;
  /** Milliseconds of an empty dispatch. */
  dispatch: number;
}

/** The least that a piece of work can take, in milliseconds, by each of the three limits; `ms` is the largest. */
export interface Floor {
  ms: number;
  arithmetic_ms: number;
  bytes_ms: number;
  dispatch_ms: number;
}

export function floorOf({ flops, bytes }: Work, dispatches: number, rates: Rates): Floor {
  const arithmetic_ms = flops / rates.flops;
  const bytes_ms = bytes / rates.bytes;
  const dispatch_ms = dispatches * rates.dispatch;
  return { ms: Math.max(arithmetic_ms, bytes_ms, dispatch_ms), arithmetic_ms, bytes_ms, dispatch_ms };
}

/** One way to multiply large matrices. */
interface Way {
  layout: Layout;
  variant: ProductVariant;
}

/**
 * Milliseconds of the engine's product of size x size matrices in the quickest of the `ways`, and the ways, the quickest
 * first.
 */
async function measureProduct(
  device: Device,
  size: number,
  ways: readonly Way[],
  precision: Precision,
): Promise<{ ms: number; ranked: Way[] }> {
  const graph = new Graph(new ParameterLayout([]), traitsOf(device, {}, precision), true);
  const [a, b] = [graph.input('a', [size, size], precision), graph.input('b', [size, size], precision)];
  const out = graph.tensor('out', [size, size]);
  for (const { layout, variant } of ways) {
    product(graph, { layout, shape: [size, size, size], a, b, out }, variant);
  }
  const arena = new Arena(device);
  try {
    arena.plan(graph);
    const { dispatches } = (await arena.compile()).get(graph)!;
    const times = await compareDispatches(
      device,
      dispatches.map((dispatch) => [dispatch]),
    );
    const order = [...times.keys()].sort((i, j) => times[i]! - times[j]!);
    return { ms: await timeDispatches(device, [dispatches[order[0]!]!]), ranked: order.map((i) => ways[i]!) };
  } finally {
    arena.destroy();
  }
}

/** Of the variants in registers, the one that a GPU may be quickest with at large products. */
const ON_GPU: readonly ProductVariant[] = ['register8'];

/** Sizes of the products that are measured, and how many ways, the quickest at one size, are tried at the next. */
const PRODUCTS = {
  // A processor's best does not depend on the size, and there each compilation is felt.
  software: { sizes: [256, 512, 1024, 2048], ways: 1 },
  gpu: { sizes: [1024, 2048, 4096], ways: 3 },
} as const;

/** Measures what the floor is made of, products in the given precision. Takes a few seconds on a processor. */
export async function measureRates(device: Device, precision: Precision = 'f32'): Promise<Rates> {
  let ways = LAYOUTS.flatMap((layout) =>
    candidates(device, precision === 'f16')
      .filter((variant) => !('split' in PRODUCT_VARIANTS[variant])) // its sums are short
      .filter((variant) => device.software || ON_GPU.includes(variant) || 'depth' in PRODUCT_VARIANTS[variant])
      .map((variant) => ({ layout, variant })),
  );
  let flops = 0;
  const { sizes, ways: tried } = device.software ? PRODUCTS.software : PRODUCTS.gpu;
  for (const size of sizes) {
    const { ms, ranked } = await measureProduct(device, size, ways, precision);
    flops = Math.max(flops, (2 * size ** 3) / ms);
    if (ms > SLOW_PRODUCT_MS) {
      break;
    }
    ways = ranked.slice(0, tried);
  }
  return { flops, bytes: await measureCopy(device), dispatch: await measureEmptyDispatch(device) };
}

/** Uniformly random tokens, the same in every run: what is learnt does not change what a step costs. */
export function randomCorpus(vocab_size: number): Uint32Array {
  const random = new Random(CORPUS_SEED);
  return Uint32Array.from({ length: CORPUS_TOKENS }, () => Math.floor(vocab_size * random.uniform()));
}

/** The step that `Trainer` replays, traced again to be looked at and taken apart. */
export function traceBenchmark(
  device: Device,
  model: GPTConfig,
  training: TrainingConfig,
  { products, precision }: Partial<Computation> = {},
): Graph {
  return traceWith(traitsOf(device, products, precision), model, training);
}

/** The same in kernels that are shaped otherwise. */
export function traceWith(traits: KernelTraits, model: GPTConfig, training: TrainingConfig): Graph {
  const graph = new Graph(layoutOf(model), traits, true);
  traceTraining(graph, model, training, {
    length: CORPUS_TOKENS,
    region: { first: 0, length: CORPUS_TOKENS },
  });
  return graph;
}

/** Gives a graph of `traceBenchmark` memory and contents. The caller destroys the arena. */
export async function allocateTraining(
  device: Device,
  graph: Graph,
  model: GPTConfig,
  training: TrainingConfig,
  corpus: Uint32Array,
): Promise<Arena> {
  const arena = new Arena(device);
  arena.plan(graph);
  const resident = await arena.named(CORPUS, corpusBytes(corpus.length, model.vocab_size));
  await uploadCorpus(device, resident, [corpus], model.vocab_size);
  const starting = await startingBuffers(graph.layout, model, training);
  await allocateNamed(device, arena, [...starting, ...halfBuffers(graph)]);
  return arena;
}

export interface Timing {
  ms_per_step: number;
  /** Timed batches that this is the median of. */
  batches: number;
  submits_per_step: number;
  dispatches_per_step: number;
  parameters: number;
  gpu_bytes: number;
}

/**
 * Times the training loop itself. Each batch begins and ends with the arrival of a submit's results, which is when the
 * GPU has done it; the next submit is already queued then, as in every run. A batch is of `steps` steps or as many as
 * last half a second. `signal` ends it at once.
 */
export async function timeTraining(
  device: Device,
  model: GPTConfig,
  config: TrainingConfig,
  corpus: Uint32Array,
  computation: Partial<Computation> = {},
  steps?: number,
  signal?: AbortSignal,
): Promise<Timing> {
  const wanted = steps ?? Math.ceil(config.max_iters / (LEAST_BATCHES + 3));
  const max_iters = Math.max(config.max_iters, (LEAST_BATCHES + 3) * wanted);
  // never due: nothing but steps is timed
  const training = { ...config, max_iters, eval_interval: max_iters, eval_iters: 1, sample_interval: 0 };
  const layout = layoutOf(model);
  const parameters = await initialParameters(model, layout, training.seed);
  const options: TrainerOptions = {
    model,
    training,
    train: corpus,
    val: corpus.subarray(0, model.block_size + 1),
    state: { ...freshState(training, parameters, 0), ...recordOf(computation) },
  };
  const trainer = await Trainer.create(device, options);
  const stop = () => trainer.control.stop();
  signal?.addEventListener('abort', stop);
  try {
    const batches: number[] = [];
    let submits = 0;
    let timedSteps = 0;
    const begun = performance.now();
    let batch = { started: begun, steps: 0, submits: 0, warm: false };
    await trainer.run({
      steps: (records) => {
        batch.steps += records.length;
        const now = performance.now();
        const ms = now - batch.started;
        if (batch.steps < wanted && (steps !== undefined || ms < BATCH_MS)) {
          return;
        }
        if (batch.warm) {
          batches.push(ms / batch.steps);
          submits += trainer.submits - batch.submits;
          timedSteps += batch.steps;
        }
        const enough = batches.length >= LEAST_BATCHES && now - begun >= QUICK_MS;
        const late = batches.length > 0 && now - begun >= PATIENCE_MS;
        if (enough || late || batches.length >= MOST_BATCHES) {
          trainer.control.stop();
        }
        batch = { started: now, steps: 0, submits: trainer.submits, warm: true };
      },
    });
    signal?.throwIfAborted();
    return {
      ms_per_step: median(batches),
      batches: batches.length,
      submits_per_step: submits / timedSteps,
      dispatches_per_step: trainer.dispatchesPerStep,
      parameters: trainer.parameters,
      gpu_bytes: trainer.gpuBytes,
    };
  } finally {
    signal?.removeEventListener('abort', stop);
    trainer.destroy();
  }
}
