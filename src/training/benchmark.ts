import type { Device } from '../gpu/device.ts';
import type { KernelTraits } from '../graph/graph.ts';
import type { Tuning } from '../graph/tuner.ts';
import {
  type GPTConfig,
  type OptimizerName,
  type PrecisionChoice,
  type PresetName,
  preset,
  type TrainingConfig,
  withOptimizer,
} from '../model/config.ts';
import { floorOf, measureRates, type Rates, randomCorpus, timeTraining, traceBenchmark, traceWith } from './bench.ts';
import { type Computation, chooseComputation } from './computation.ts';
import { type ProfileRow, profile } from './profile.ts';
import { stepWork, type Work } from './work.ts';

/** Distinct characters of nanoGPT's Shakespeare, which all figures are for. */
export const BENCH_VOCABULARY = 65;

export interface BenchOptions {
  precision?: PrecisionChoice | undefined;
  tuning?: Tuning | undefined;
  /** Another than the preset's. */
  optimizer?: OptimizerName | undefined;
  /** Steps of each timed batch; as many as last half a second without it. */
  steps?: number | undefined;
  /** A configuration whose step must take longer than so many milliseconds is left out. */
  patience_ms?: number | undefined;
  /** Whether each kernel is timed by itself, too. */
  profile?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** A training step of one configuration, beside the least that it can take on the adapter. */
export interface BenchResult {
  config: PresetName;
  parameters: number;
  ms_per_step: number;
  tokens_per_s: number;
  floor_ms: number;
  floor: { arithmetic_ms: number; bytes_ms: number; dispatch_ms: number };
  dispatches_per_step: number;
  submits_per_step: number;
  gpu_bytes: number;
  dropout: number;
  optimizer: OptimizerName;
  precision: 'f32' | 'f16';
}

/** A result with what it was taken from. */
export interface Benchmark {
  result: BenchResult;
  /** Why it computed in another precision than asked for; empty where it did not. */
  note: string;
  rates: Rates;
  /** Timed batches that the median was taken of. */
  batches: number;
  kernels: ProfileRow[];
}

/** A configuration that cannot be quick here, and the least that its step takes. */
export interface LeftOut {
  config: PresetName;
  floor_ms: number;
}

/**
 * Times a training step of a preset, with the loop that every run uses, and what the adapter reaches before and after it.
 *
 * Throws what `Trainer.create` throws, and the reason of `signal` when it is aborted.
 */
export async function benchmark(device: Device, name: PresetName, options: BenchOptions): Promise<Benchmark | LeftOut> {
  const { model: shape, training: usual } = preset(name);
  const training = options.optimizer ? withOptimizer(usual, options.optimizer) : usual;
  const model = { ...shape, vocab_size: BENCH_VOCABULARY };
  const { precision: wanted, tuning, signal } = options;
  const traced = (traits: KernelTraits) => traceWith(traits, model, training);
  const computation = await chooseComputation(device, traced, { wanted, tuning });
  signal?.throwIfAborted();
  const before = await measureRates(device, computation.precision);
  signal?.throwIfAborted();
  const graph = traceBenchmark(device, model, training, computation);
  const work = stepWork(graph, model, training.batch_size);
  const least = floorOf(work, graph.dispatches.length, before);
  if (least.ms > (options.patience_ms ?? Number.POSITIVE_INFINITY)) return { config: name, floor_ms: least.ms };
  return time(device, { name, model, training, work, before, computation }, options);
}

interface Case {
  name: PresetName;
  model: GPTConfig;
  training: TrainingConfig;
  work: Work;
  /** Measured just before. */
  before: Rates;
  computation: Computation;
}

async function time(device: Device, one: Case, { steps, signal, ...options }: BenchOptions): Promise<Benchmark> {
  const { name, model, training, work, computation } = one;
  const corpus = randomCorpus(BENCH_VOCABULARY);
  const timing = await timeTraining(device, model, training, corpus, computation, steps, signal);
  signal?.throwIfAborted();
  const { ms_per_step, dispatches_per_step, submits_per_step, parameters, gpu_bytes, batches } = timing;
  const rates = better(one.before, await measureRates(device, computation.precision));
  signal?.throwIfAborted();
  const { ms: floor_ms, ...floor } = floorOf(work, dispatches_per_step, rates);
  const result: BenchResult = {
    config: name,
    parameters,
    ms_per_step,
    tokens_per_s: Math.round((training.batch_size * model.block_size * 1000) / ms_per_step),
    floor_ms,
    floor,
    dispatches_per_step,
    submits_per_step,
    gpu_bytes,
    dropout: training.dropout,
    optimizer: training.optimizer,
    precision: computation.precision,
  };
  const kernels = options.profile ? await profile(device, model, training, corpus, rates, computation, signal) : [];
  return { result, note: computation.note, rates, batches, kernels };
}

/** A rate is what an adapter can reach: what else the machine did while one was measured must not lower it. */
function better(a: Rates, b: Rates): Rates {
  return {
    flops: Math.max(a.flops, b.flops),
    bytes: Math.max(a.bytes, b.bytes),
    dispatch: Math.min(a.dispatch, b.dispatch),
  };
}
