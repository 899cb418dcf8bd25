import { allocateDecoder, traceDecoder } from '../generation/decoder.ts';
import { Generator } from '../generation/generator.ts';
import { type Device, guarded } from '../gpu/device.ts';
import type { InklingError } from '../gpu/errors.ts';
import { Pacer } from '../gpu/pacer.ts';
import { ReadbackRing, readTogether } from '../gpu/readback.ts';
import { Graph, type KernelTraits, PARAMETERS } from '../graph/graph.ts';
import type { ParameterLayout } from '../graph/parameters.ts';
import { Arena, type Program, requireFits } from '../graph/program.ts';
import { traitsOf } from '../graph/traits.ts';
import type { ProductChoices, Tuning } from '../graph/tuner.ts';
import { checkRunConfig, type GPTConfig, type TrainingConfig } from '../model/config.ts';
import { initialParameters, layoutOf } from '../model/parameters.ts';
import type { TokenIds } from '../text/corpus.ts';
import { exactMatch, type TokenProblem } from './accuracy.ts';
import { CORPUS, corpusBytes, type Region, requireCorpusFits, uploadCorpus } from './batches.ts';
import { type Computation, chooseComputation, recordOf } from './computation.ts';
import { diverged, type UnsoundStep } from './diagnosis.ts';
import { allocateEvaluation, meanLoss, traceEvaluation } from './evaluation.ts';
import type { RunInside } from './inspection/inside.ts';
import { RECORD_BYTES, RECORD_RING } from './optimizer.ts';
import { RunControl, Stopped } from './run-control.ts';
import { AVERAGE, BEST, patienceIsOut, RECORDS, stateBuffers, type TrainingState } from './state.ts';
import { Statistics, type StepNorms, traceDistance, traceWatched } from './statistics.ts';
import { halfBuffers, startingBuffers, traceTraining } from './step.ts';

export type { StepNorms };

/** Submits that may be queued at once: one runs while the next one waits. */
const IN_FLIGHT = 2;

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
  /** Hears what is being done before the first step, and how much of it. */
  preparing?: ((work: Preparation, done: number, total: number) => void) | undefined;
}

/** Timing variants of matrix products; compiling kernels. */
export type Preparation = 'tuning' | 'compiling';

/** One optimizer step: the loss is the mean over the batch, in nats, before that step's update. */
export interface StepRecord {
  /** Steps done after this one: the first is 1. */
  step: number;
  loss: number;
  grad_norm: number;
  lr: number;
}

/** What a run tells while it goes. Each may return a promise; the run waits for it. */
export interface TrainerListener {
  steps?(records: StepRecord[]): void;
  /**
   * Mean losses over fixed windows of the two splits, with the weights after `step` steps. `improved`: no evaluation
   * of the run had a lower validation loss. `accuracy`: the share of the held-out problems that are answered exactly,
   * where the text is a task. The trainer may be asked for a snapshot meanwhile.
   */
  evaluated?(
    step: number,
    train_loss: number,
    val_loss: number,
    improved: boolean,
    accuracy?: number,
  ): void | Promise<void>;
  /** Norms of each tensor in some of the steps, after these have been told; without it none are taken. */
  norms?(norms: StepNorms): void;
  /** Called every `sample_interval` steps, between submits. */
  sampleDue?(step: number): Promise<void>;
}

/**
 * Thrown inside the loop by a step that is not finite, which leaves the trainer as `diverged`, in words; and, without a
 * record, by those after it, which nobody but a snapshot hears.
 */
class Unsound extends Error {
  readonly record: UnsoundStep | undefined;

  constructor(record?: UnsoundStep) {
    super('a step was not finite');
    this.record = record;
  }
}

/** The flat buffer of the weights that evaluations and samples use. */
function weightsBuffer({ ema_decay }: TrainingConfig): string {
  return ema_decay > 0 ? AVERAGE : PARAMETERS;
}

/** Trains a model on a corpus that stays on the GPU. */
export class Trainer {
  readonly layout: ParameterLayout;
  /** Answers prompts. */
  readonly generator: Generator;
  /** Writes the run's own samples and answers its problems, with a cache of its own: an answer may be written at the same time. */
  readonly sampler: Generator;
  readonly control = new RunControl();
  /** What its matrix products read and in which variants, and why that is not what was asked for. */
  readonly computation: Computation;
  readonly #device: Device;
  readonly #arena: Arena;
  readonly #options: Pick<TrainerOptions, 'model' | 'training' | 'problems'>;
  /** Where the training part lies in the corpus; the tokens themselves are on the GPU only. */
  readonly #corpus: { length: number; region: Region };
  readonly #training: TrainingConfig;
  readonly #stepGraph: Graph;
  readonly #step: Program;
  readonly #statistics: Statistics;
  readonly #evaluations: { train: Program; val: Program };
  readonly #readback: ReadbackRing;
  readonly #pacer = new Pacer();
  #done: number;
  #evaluated: number;
  #sampled: number;
  /** Steps that have been submitted, and the last of those submits. */
  #queued: number;
  #flight: Promise<void> = Promise.resolve();
  #best: TrainingState['best'];
  #destroyed = false;

  private constructor(
    device: Device,
    arena: Arena,
    options: TrainerOptions,
    computation: Computation,
    stepGraph: Graph,
    programs: { step: Program; evaluateTrain: Program; evaluateVal: Program },
    writers: { generator: Generator; sampler: Generator },
    statistics: Statistics,
  ) {
    this.#device = device;
    this.#arena = arena;
    const { model, training, problems, train, val, state } = options;
    this.#options = { model, training, problems };
    this.#corpus = { length: train.length + val.length, region: { first: 0, length: train.length } };
    this.#training = training;
    this.computation = computation;
    this.#stepGraph = stepGraph;
    this.layout = stepGraph.layout;
    this.#step = programs.step;
    this.#statistics = statistics;
    this.#evaluations = { train: programs.evaluateTrain, val: programs.evaluateVal };
    this.generator = writers.generator;
    this.sampler = writers.sampler;
    this.#readback = new ReadbackRing(device.gpu, IN_FLIGHT, RECORD_RING * RECORD_BYTES);
    this.#done = state?.step ?? 0;
    this.#queued = this.#done;
    this.#sampled = state?.sampled ?? 0;
    this.#evaluated = state?.evaluated ?? -1;
    this.#best = state?.best ?? null;
  }

  /**
   * Traces, plans and compiles the run and uploads what it starts from. On failure nothing stays allocated.
   *
   * Throws `bad-config`, `too-large`, `out-of-memory` or `internal`.
   */
  static async create(device: Device, options: TrainerOptions): Promise<Trainer> {
    const { model, training, train, val, state } = options;
    checkRunConfig({ model, training });
    const layout = layoutOf(model);
    requireFits(device, layout.bytes, `its ${layout.count.toLocaleString('en-US')} parameters`);
    requireCorpusFits(device, train.length + val.length, model.vocab_size);
    const corpus = { length: train.length + val.length };
    const trainRegion = { first: 0, length: train.length };
    const valRegion = { first: train.length, length: val.length };

    const traced = (traits: KernelTraits) => {
      const graph = new Graph(layout, traits, true);
      traceTraining(graph, model, training, { length: corpus.length, region: trainRegion });
      return graph;
    };
    const { preparing } = options;
    const progress = preparing && ((done: number, total: number) => preparing('tuning', done, total));
    const tuning = options.tuning && { ...options.tuning, progress };
    const computation = await chooseComputation(device, traced, { ...options, wanted: training.precision, tuning });
    const traits = traitsOf(device, computation.products, computation.precision);

    const arena = new Arena(device);
    try {
      const step = traced(traits);

      const evaluation = (region: Region) => {
        const graph = new Graph(layout, traits, false, weightsBuffer(training));
        traceEvaluation(graph, model, training, { length: corpus.length, region });
        return graph;
      };
      const evaluateTrain = evaluation(trainRegion);
      const evaluateVal = evaluation(valRegion);
      const watched = new Graph(layout, traits, true);
      traceWatched(watched, step);
      const distance = new Graph(layout, traits, false);
      const origin = traceDistance(distance);
      for (const graph of [watched, evaluateTrain, evaluateVal, distance]) {
        arena.plan(graph);
      }
      arena.share(step, watched);
      const weights = weightsBuffer(training);
      const decoders = ['answer', 'sample'].map((name) => traceDecoder(model, layout, traits, { name, weights }));
      for (const decoder of decoders) {
        await allocateDecoder(device, arena, decoder);
      }

      const { queue } = device.gpu;
      const resident = await arena.named(CORPUS, corpusBytes(corpus.length, model.vocab_size));
      await uploadCorpus(queue, resident, [train, val], model.vocab_size);
      const starting = await startingBuffers(layout, model, training, state);
      for (const [name, data] of [...starting, ...halfBuffers(step)]) {
        queue.writeBuffer(await arena.named(name, data.byteLength), 0, data);
      }
      await allocateEvaluation(arena, training);
      const [, parameters] = starting.find(([name]) => name === PARAMETERS)!;
      const begun = (state?.step ?? 0) > 0;
      const known = begun ? undefined : (parameters as Float32Array<ArrayBuffer>);
      const drawn = begun && options.seeded;
      const first = async () => (drawn ? initialParameters(model, layout, training.seed) : known);
      const statistics = await Statistics.create({ device, arena, training, watched, distance, origin, first });

      // the first step does not wait for the kernels that write; see `run`
      device.pipelines.watch(preparing && ((done, total) => preparing('compiling', done, total)));
      const programs = await arena.compile([step, evaluateTrain, evaluateVal]);
      const [generator, sampler] = decoders.map((decoder) => new Generator(device, arena, decoder));
      return new Trainer(
        device,
        arena,
        options,
        computation,
        step,
        {
          step: programs.get(step)!,
          evaluateTrain: programs.get(evaluateTrain)!,
          evaluateVal: programs.get(evaluateVal)!,
        },
        { generator: generator!, sampler: sampler! },
        statistics,
      );
    } catch (error) {
      arena.destroy();
      throw error;
    } finally {
      device.pipelines.watch(undefined);
    }
  }

  /** Optimizer steps whose results have arrived. */
  get step(): number {
    return this.#done;
  }

  /** Name of the adapter. */
  get adapter(): string {
    return this.#device.name;
  }

  /** Learnable numbers. */
  get parameters(): number {
    return this.layout.count;
  }

  /** Bytes in all GPU buffers. */
  get gpuBytes(): number {
    return this.#arena.bytes;
  }

  /** The variants of the matrix products, where they were chosen for this model. */
  get products(): ProductChoices | undefined {
    return this.computation.products;
  }

  get dispatchesPerStep(): number {
    return this.#step.dispatches.length;
  }

  /**
   * Trains to the end of the configuration or of its patience, evaluating and sampling on the way. Resolves with `true`
   * at the end and with `false` when `control.stop()` ended it; the weights stay usable either way. With patience, the
   * weights at the end are those of the lowest validation loss.
   *
   * Throws `diverged` when a loss or a gradient is no longer finite; the weights stay the last good ones.
   */
  async run(listener: TrainerListener): Promise<boolean> {
    const { max_iters, eval_interval, sample_interval } = this.#training;
    const isDue = (interval: number) => this.#done % interval === 0 || this.#done === max_iters;
    const samples = sample_interval > 0;
    if (listener.norms) {
      void this.#statistics.prepare(); // while the first steps are made
    }
    try {
      for (;;) {
        // A resumed run evaluates and writes only what it was interrupted before.
        if (isDue(eval_interval) && this.#evaluated !== this.#done) {
          await this.#evaluate(listener);
        }
        const over = this.#done >= max_iters || this.endedEarly;
        if (over) {
          this.#takeBest();
        }
        if (samples && this.#sampled !== this.#done && (over || isDue(sample_interval))) {
          await this.control.passed();
          await listener.sampleDue?.(this.#done);
          this.#sampled = this.#done;
        }
        if (over) {
          return true;
        }
        if (samples) {
          void this.sampler.prepare(); // while the first steps are made, and after the first evaluation
        }
        // Up to the next step after which something is due.
        const evaluation = nextMultiple(this.#done, eval_interval);
        const sample = samples ? nextMultiple(this.#done, sample_interval) : max_iters;
        await this.#trainTo(Math.min(max_iters, evaluation, sample), listener);
      }
    } catch (error) {
      if (error instanceof Stopped) {
        return false;
      }
      throw error instanceof Unsound && error.record ? await this.#explain(error.record) : error;
    }
  }

  /** The lowest validation loss and its step; null before the first evaluation. */
  get best(): TrainingState['best'] {
    return this.#best;
  }

  /** Whether patience has run out: so many evaluations in a row have not lowered the validation loss. */
  get endedEarly(): boolean {
    return patienceIsOut(this.#training, { evaluated: this.#evaluated, best: this.#best });
  }

  /**
   * The whole training state as it is after the steps submitted so far, at any moment; the run is not held up. Resolves
   * after these steps have been told.
   *
   * Throws `out-of-memory`, or what ended the run before them.
   */
  async snapshot(): Promise<TrainingState> {
    const progress = { step: this.#queued, evaluated: this.#evaluated, sampled: this.#sampled, best: this.#best };
    const told = this.#flight;
    const names = stateBuffers(this.#training);
    const { gpu } = this.#device;
    const copies = await guarded(gpu, 'a copy of the model to save', () => {
      const sources = names.map((name) => this.#arena.buffer(name));
      const reading = readTogether(gpu, sources, 0, this.layout.bytes);
      reading.catch(() => {}); // when memory is short, that is what is thrown
      return reading;
    });
    await told;
    return {
      ...progress,
      ...recordOf(this.computation),
      buffers: new Map(names.map((name, i) => [name, new Float32Array(copies[i]!)])),
    };
  }

  /** What an inspection reads. Nothing of it may be written. */
  get inside(): RunInside {
    return {
      device: this.#device,
      ...this.#options,
      layout: this.layout,
      traits: this.#stepGraph.traits,
      corpus: this.#corpus,
      weights: weightsBuffer(this.#training),
      buffer: (name) => this.#arena.buffer(name),
      isThere: () => !this.#destroyed,
    };
  }

  destroy(): void {
    this.#destroyed = true;
    this.control.stop();
    this.generator.destroy();
    this.sampler.destroy();
    this.#readback.destroy();
    this.#arena.destroy();
  }

  /** Submits steps until `target` of them are done and their records have arrived. */
  async #trainTo(target: number, listener: TrainerListener): Promise<void> {
    const flights: Promise<void>[] = [];
    let lastArrival = performance.now();
    try {
      while (this.#queued < target) {
        const first = this.#queued;
        const due = listener.norms ? this.#statistics.nextDue(first) : Number.POSITIVE_INFINITY;
        const watching = due === first + 1 ? await this.#statistics.prepare() : undefined;
        await this.control.passed();
        const steps = watching ? 1 : Math.min(this.#pacer.steps, target - first, due - 1 - first);
        this.#queued = first + steps;
        const started = performance.now();
        const submitted = this.#submitSteps(watching?.watched ?? this.#step, first, steps);
        const norms = watching && this.#statistics.take(first + 1, watching);
        norms?.catch(() => {}); // where the step fails, that is what is told
        const flight = submitted.then(async (records) => {
          const now = performance.now();
          if (!watching) {
            this.#pacer.learn(steps, now - Math.max(lastArrival, started));
          }
          lastArrival = now;
          if (first !== this.#done) {
            throw new Unsound(); // a step before these was not sound, and so none of these was made
          }
          const unsound = records.find(({ loss, grad_norm }) => !Number.isFinite(loss) || !Number.isFinite(grad_norm));
          const made = unsound ? records.slice(0, records.indexOf(unsound)) : records;
          this.#done += made.length;
          if (made.length > 0) {
            listener.steps?.(made);
          }
          if (unsound) {
            throw new Unsound(unsound);
          }
          if (norms) {
            listener.norms!(await norms);
          }
        });
        // A failure is met where the flight is awaited; until then it must not count as unhandled.
        flight.catch(() => {});
        this.#flight = flight;
        flights.push(flight);
        if (flights.length === IN_FLIGHT) {
          await flights.shift();
        }
      }
      // one after the other, so that the first failure is the one that is told
      for (const flight of flights) {
        await flight;
      }
    } finally {
      await Promise.allSettled(flights); // a stop leaves nothing in flight either
      // Where a step was not sound, those after it were not made.
      this.#queued = this.#done;
      this.#flight = Promise.resolve();
    }
  }

  /** One submit: `steps` whole steps in one pass, and a copy of their records. */
  async #submitSteps(program: Program, first: number, steps: number): Promise<StepRecord[]> {
    const encoder = this.#device.gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let i = 0; i < steps; i++) {
      program.encode(pass);
    }
    pass.end();
    const start = first % RECORD_RING;
    const beforeWrap = Math.min(steps, RECORD_RING - start);
    const ranges = [{ offset: start * RECORD_BYTES, bytes: beforeWrap * RECORD_BYTES }];
    if (beforeWrap < steps) {
      ranges.push({ offset: 0, bytes: (steps - beforeWrap) * RECORD_BYTES });
    }
    const bytes = await this.#readback.submit(encoder, this.#arena.buffer(RECORDS), ranges);
    const numbers = new Float32Array(bytes);
    return Array.from({ length: steps }, (_, i) => ({
      step: first + i + 1,
      loss: numbers[4 * i]!,
      grad_norm: numbers[4 * i + 1]!,
      lr: numbers[4 * i + 2]!,
    }));
  }

  async #evaluate(listener: TrainerListener): Promise<void> {
    const passed = () => this.control.passed();
    const mean = (program: Program) => meanLoss(this.#device, this.#arena, program, this.#training.eval_iters, passed);
    const train_loss = await mean(this.#evaluations.train);
    const val_loss = await mean(this.#evaluations.val);
    const { problems } = this.#options;
    const accuracy = problems && (await exactMatch(this.sampler, problems, passed));
    this.#evaluated = this.#done;
    if (!Number.isFinite(train_loss) || !Number.isFinite(val_loss)) {
      throw new Unsound({ step: this.#done + 1, loss: Number.NaN, grad_norm: Number.NaN });
    }
    const improved = val_loss < (this.#best?.val_loss ?? Number.POSITIVE_INFINITY);
    if (improved) {
      this.#best = { step: this.#done, val_loss };
      if (this.#training.patience > 0) {
        this.#copy(weightsBuffer(this.#training), BEST);
      }
    }
    await listener.evaluated?.(this.#done, train_loss, val_loss, improved, accuracy);
  }

  /** At the end of a run with patience, the model is the best that it has been. */
  #takeBest(): void {
    if (this.#training.patience > 0 && this.#best !== null) {
      this.#copy(BEST, weightsBuffer(this.#training));
    }
  }

  #copy(from: string, to: string): void {
    const encoder = this.#device.gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(this.#arena.buffer(from), 0, this.#arena.buffer(to), 0, this.layout.bytes);
    this.#device.gpu.queue.submit([encoder.finish()]);
  }

  #explain(failed: UnsoundStep): Promise<InklingError> {
    const { model, training } = this.#options;
    const corpus = this.#corpus;
    const run = { device: this.#device, arena: this.#arena, graph: this.#stepGraph, model, training, corpus };
    return diverged(run, failed);
  }
}

function nextMultiple(after: number, interval: number): number {
  return (Math.floor(after / interval) + 1) * interval;
}
