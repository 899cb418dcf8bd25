import { allocateDecoder, type Decoder, traceDecoder } from '../generation/decoder.ts';
import { Generator } from '../generation/generator.ts';
import type { Device } from '../gpu/device.ts';
import { Graph, type KernelTraits, PARAMETERS } from '../graph/graph.ts';
import type { ParameterLayout } from '../graph/parameters.ts';
import { Arena, type Program, requireFits } from '../graph/program.ts';
import { traitsOf } from '../graph/traits.ts';
import type { ProductChoices, Tuning } from '../graph/tuner.ts';
import { checkRunConfig, type GPTConfig, type TrainingConfig } from '../model/config.ts';
import { initialParameters, layoutOf } from '../model/parameters.ts';
import type { TokenIds } from '../text/corpus.ts';
import type { TokenProblem } from './accuracy.ts';
import { CORPUS, corpusBytes, requireCorpusFits, uploadCorpus } from './batches.ts';
import { type Computation, chooseComputation, unprovenInHalf } from './computation.ts';
import { allocateEvaluation, traceEvaluation } from './evaluation.ts';
import { type TrainingState, weightsBuffer } from './state.ts';
import { Statistics, traceDistance, traceWatched } from './statistics.ts';
import { allocateNamed, type CorpusPart, halfBuffers, startingBuffers, traceTraining } from './step.ts';

export interface TrainerOptions {
  model: GPTConfig;
  training: TrainingConfig;
  /** Token ids of the two splits, each longer than the context. */
  train: TokenIds;
  val: TokenIds;
  /** What each evaluation asks the model, where the text is a task with right answers. */
  problems?: readonly TokenProblem[] | undefined;
  /** Where to go on from; a fresh model from the seed without it. */
  state?: TrainingState;
  /** Whether the run of `state` started from its seed, so that its first weights can be drawn again. */
  seeded?: boolean | undefined;
  /** The variants of the matrix products to take, where `state` has none: those of another run. */
  products?: ProductChoices | undefined;
  /** Times the variants of the kernels first, unless these or `state` has a choice already, or has made steps without one. Without it, the adapter's kind decides. */
  tuning?: Omit<Tuning, 'progress'> | undefined;
  /** Takes f16, if asked to, also where it has not been seen to learn as f32 does: to measure just that. */
  measuring?: boolean | undefined;
  /** Hears what is being done before the first step, and how much of it. */
  preparing?: ((work: Preparation, done: number, total: number) => void) | undefined;
}

/** Timing variants of matrix products; compiling kernels. */
export type Preparation = 'tuning' | 'compiling';

/** Everything of a run that lies on the GPU. */
export interface TrainerParts {
  /** Owns all of its memory. */
  arena: Arena;
  computation: Computation;
  /** The training step as it was traced. */
  graph: Graph;
  /** The step, and a batch of an evaluation of each split. */
  programs: { step: Program; train: Program; val: Program };
  /** Two that write, each with a cache of its own. */
  generator: Generator;
  sampler: Generator;
  statistics: Statistics;
}

/** The two splits, which lie one after the other in the corpus on the GPU. */
export function splitsOf({ train, val }: Pick<TrainerOptions, 'train' | 'val'>): {
  train: CorpusPart;
  val: CorpusPart;
} {
  const length = train.length + val.length;
  return {
    train: { length, region: { first: 0, length: train.length } },
    val: { length, region: { first: train.length, length: val.length } },
  };
}

/** The graphs of a run, and what `traceDistance` has returned. */
interface Traced {
  step: Graph;
  watched: Graph;
  evaluations: { train: Graph; val: Graph };
  distance: Graph;
  origin: ReturnType<typeof traceDistance>;
  decoders: { answer: Decoder; sample: Decoder };
}

function stepGraph(options: TrainerOptions, layout: ParameterLayout, traits: KernelTraits): Graph {
  const graph = new Graph(layout, traits, true);
  traceTraining(graph, options.model, options.training, splitsOf(options).train);
  return graph;
}

/** All graphs of a run, in the order in which they are needed. */
export function traceRun(options: TrainerOptions, layout: ParameterLayout, traits: KernelTraits): Traced {
  const { model, training } = options;
  const weights = weightsBuffer(training);
  const splits = splitsOf(options);
  const evaluation = (split: CorpusPart) => {
    const graph = new Graph(layout, traits, false, weights);
    traceEvaluation(graph, model, training, split);
    return graph;
  };
  const step = stepGraph(options, layout, traits);
  const watched = new Graph(layout, traits, true);
  traceWatched(watched, step);
  const distance = new Graph(layout, traits, false);
  const origin = traceDistance(distance);
  const decoder = (name: string) => traceDecoder(model, layout, traits, { name, weights });
  return {
    step,
    watched,
    evaluations: { train: evaluation(splits.train), val: evaluation(splits.val) },
    distance,
    origin,
    decoders: { answer: decoder('answer'), sample: decoder('sample') },
  };
}

/** Plans memory for all graphs, and gives the buffers that outlive them what the run starts from. */
async function allocate(device: Device, arena: Arena, traced: Traced, options: TrainerOptions): Promise<Statistics> {
  const { model, training, train, val, state, seeded } = options;
  const { step, watched, evaluations, distance, origin, decoders } = traced;
  const { layout } = step;
  for (const graph of [watched, evaluations.train, evaluations.val, distance]) {
    arena.plan(graph);
  }
  arena.share(step, watched);
  for (const decoder of [decoders.answer, decoders.sample]) {
    await allocateDecoder(device, arena, decoder);
  }
  const resident = await arena.named(CORPUS, corpusBytes(train.length + val.length, model.vocab_size));
  await uploadCorpus(device, resident, [train, val], model.vocab_size);
  const starting = await startingBuffers(layout, model, training, state);
  await allocateNamed(device, arena, [...starting, ...halfBuffers(step)]);
  await allocateEvaluation(arena, training);
  // What the run's first weights were, so that it can be told how far they have moved.
  const [, parameters] = starting.find(([name]) => name === PARAMETERS)!;
  const begun = (state?.step ?? 0) > 0;
  const known = begun ? undefined : (parameters as Float32Array<ArrayBuffer>);
  const drawn = begun && seeded;
  const first = async () => (drawn ? initialParameters(model, layout, training.seed) : known);
  return Statistics.create({ device, arena, training, watched, distance, origin, first });
}

/**
 * Traces, plans and compiles a run and uploads what it starts from. On failure nothing stays allocated.
 *
 * Throws `bad-config`, `too-large`, `out-of-memory` or `internal`.
 */
export async function makeTrainerParts(device: Device, options: TrainerOptions): Promise<TrainerParts> {
  const { model, training, train, val, preparing } = options;
  checkRunConfig({ model, training });
  const layout = layoutOf(model);
  requireFits(device, layout.bytes, `its ${layout.count.toLocaleString('en-US')} parameters`);
  requireCorpusFits(device, train.length + val.length, model.vocab_size);

  const progress = preparing && ((done: number, total: number) => preparing('tuning', done, total));
  const tuning = options.tuning && { ...options.tuning, progress };
  const wanted = training.precision;
  const unproven = options.measuring ? undefined : unprovenInHalf(training);
  const asked = { ...options, wanted, unproven, tuning };
  const computation = await chooseComputation(device, (traits) => stepGraph(options, layout, traits), asked);
  const arena = new Arena(device);
  try {
    const traced = traceRun(options, layout, traitsOf(device, computation.products, computation.precision));
    const statistics = await allocate(device, arena, traced, options);
    // the first step does not wait for the kernels that write; see `Trainer.run`
    device.pipelines.watch(preparing && ((done, total) => preparing('compiling', done, total)));
    const { step, evaluations, decoders } = traced;
    const programs = await arena.compile([step, evaluations.train, evaluations.val]);
    return {
      arena,
      computation,
      graph: step,
      programs: {
        step: programs.get(step)!,
        train: programs.get(evaluations.train)!,
        val: programs.get(evaluations.val)!,
      },
      generator: new Generator(device, arena, decoders.answer),
      sampler: new Generator(device, arena, decoders.sample),
      statistics,
    };
  } catch (error) {
    arena.destroy();
    throw error;
  } finally {
    device.pipelines.watch(undefined);
  }
}
