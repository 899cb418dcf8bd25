import { type GenerationOptions, Generator, traceGenerator } from '../generation/generator.ts';
import type { Device } from '../gpu/device.ts';
import { InklingError } from '../gpu/errors.ts';
import { ReadbackRing, readBuffer } from '../gpu/readback.ts';
import { Graph } from '../graph/graph.ts';
import { crossEntropy } from '../graph/operators/cross-entropy.ts';
import type { ParameterLayout } from '../graph/parameters.ts';
import { Arena, type Program, requireFits } from '../graph/program.ts';
import { traitsOf } from '../graph/traits.ts';
import { checkRunConfig, type GPTConfig, type TrainingConfig } from '../model/config.ts';
import { gpt } from '../model/gpt.ts';
import { layoutOf } from '../model/parameters.ts';
import { CORPUS, drawBatch, packTokens, type Region } from './batches.ts';
import { EVALUATION_PROGRESS, EVALUATION_RECORDS, recordMeanLoss } from './evaluation.ts';
import { PROGRESS, RECORD_BYTES, RECORD_RING, RECORDS, stateBuffers } from './optimizer.ts';
import { Pacer } from './pacer.ts';
import { RunControl, Stopped } from './run-control.ts';
import { startingBuffers, type TrainingState, traceStep } from './step.ts';

/** Submits that may be queued at once: one runs while the next one waits. */
const IN_FLIGHT = 2;

export interface TrainerOptions {
  model: GPTConfig;
  training: TrainingConfig;
  /** Token ids of the two splits, each longer than the context. */
  train: Uint32Array;
  val: Uint32Array;
  /** Where to go on from; a fresh model from the seed without it. */
  state?: TrainingState;
}

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
   * of the run had a lower validation loss. The trainer may be asked for a snapshot meanwhile.
   */
  evaluated?(step: number, train_loss: number, val_loss: number, improved: boolean): void | Promise<void>;
  /** Called every `sample_interval` steps, between submits. */
  sampleDue?(step: number): Promise<void>;
}

/** Trains a model on a corpus that stays on the GPU. */
export class Trainer {
  readonly layout: ParameterLayout;
  readonly generator: Generator;
  readonly control = new RunControl();
  readonly #device: Device;
  readonly #arena: Arena;
  readonly #training: TrainingConfig;
  readonly #step: Program;
  readonly #evaluations: { train: Program; val: Program };
  readonly #readback: ReadbackRing;
  readonly #pacer = new Pacer();
  #done: number;
  #evaluated: number;
  #best: TrainingState['best'];
  /** Steps that had been done when this trainer was made. */
  readonly #started: number;

  private constructor(
    device: Device,
    arena: Arena,
    { training, state }: TrainerOptions,
    layout: ParameterLayout,
    programs: { step: Program; evaluateTrain: Program; evaluateVal: Program },
    generator: Generator,
  ) {
    this.#device = device;
    this.#arena = arena;
    this.#training = training;
    this.layout = layout;
    this.#step = programs.step;
    this.#evaluations = { train: programs.evaluateTrain, val: programs.evaluateVal };
    this.generator = generator;
    this.#readback = new ReadbackRing(device.gpu, IN_FLIGHT, RECORD_RING * RECORD_BYTES);
    this.#done = state?.step ?? 0;
    this.#started = this.#done;
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
    const traits = traitsOf(device);
    const corpus = { vocab_size: model.vocab_size, length: train.length + val.length };
    const trainRegion = { first: 0, length: train.length };
    const valRegion = { first: train.length, length: val.length };

    const arena = new Arena(device);
    try {
      const step = new Graph(layout, traits, true);
      const drawn = drawBatch(step, {
        ...corpus,
        region: trainRegion,
        batch: training.batch_size,
        context: model.block_size,
        progress: PROGRESS,
      });
      traceStep(step, model, training, drawn.x, drawn.y);

      const evaluation = (region: Region) => {
        const graph = new Graph(layout, traits, false);
        const { x, y } = drawBatch(graph, {
          ...corpus,
          region,
          batch: training.batch_size,
          context: model.block_size,
          progress: EVALUATION_PROGRESS,
          fixedBatches: training.eval_iters,
        });
        recordMeanLoss(graph, crossEntropy(graph, gpt(graph, model, x), y), training.eval_iters);
        return graph;
      };
      const evaluateTrain = evaluation(trainRegion);
      const evaluateVal = evaluation(valRegion);
      const generation = traceGenerator(model, layout, traits);
      for (const graph of [step, evaluateTrain, evaluateVal, generation.graph]) {
        arena.plan(graph);
      }

      const ids = new Uint32Array(corpus.length);
      ids.set(train);
      ids.set(val, train.length);
      const uploads: [name: string, data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>][] = [
        [CORPUS, packTokens(ids, model.vocab_size)],
        ...(await startingBuffers(layout, model, training, state)),
      ];
      for (const [name, data] of uploads) {
        device.gpu.queue.writeBuffer(await arena.named(name, data.byteLength), 0, data);
      }
      await arena.named(EVALUATION_PROGRESS, 8);
      await arena.named(EVALUATION_RECORDS, 4 * training.eval_iters);

      const programs = await arena.compile();
      const generator = new Generator(device, arena, programs.get(generation.graph)!, generation);
      return new Trainer(
        device,
        arena,
        options,
        layout,
        {
          step: programs.get(step)!,
          evaluateTrain: programs.get(evaluateTrain)!,
          evaluateVal: programs.get(evaluateVal)!,
        },
        generator,
      );
    } catch (error) {
      arena.destroy();
      throw error;
    }
  }

  /** Optimizer steps whose results have arrived. */
  get step(): number {
    return this.#done;
  }

  /** Learnable numbers. */
  get parameters(): number {
    return this.layout.count;
  }

  /** Bytes in all GPU buffers. */
  get gpuBytes(): number {
    return this.#arena.bytes;
  }

  get dispatchesPerStep(): number {
    return this.#step.dispatches.length;
  }

  /**
   * Trains to the end of the configuration, evaluating and sampling on the way. Resolves with `true` at the end and
   * with `false` when `control.stop()` ended it; the weights stay usable either way.
   *
   * Throws `diverged` when a loss is no longer a number.
   */
  async run(listener: TrainerListener): Promise<boolean> {
    const { max_iters, eval_interval, sample_interval } = this.#training;
    const isDue = (interval: number) => this.#done % interval === 0 || this.#done === max_iters;
    const samples = sample_interval > 0;
    try {
      for (;;) {
        // A resumed run evaluates only if it was interrupted before it could.
        if (isDue(eval_interval) && this.#evaluated !== this.#done) {
          await this.#evaluate(listener);
        }
        if (samples && this.#done > this.#started && isDue(sample_interval)) {
          await this.control.passed();
          await listener.sampleDue?.(this.#done);
        }
        if (this.#done >= max_iters) {
          return true;
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
      throw error;
    }
  }

  /** Writes text with the present weights. `prompt`: at least one token id. */
  generate(prompt: readonly number[], options: GenerationOptions): AsyncGenerator<number> {
    return this.generator.generate(prompt, options);
  }

  /** Reads the whole training state back. Not to be called while `run` has work in flight. */
  async snapshot(): Promise<TrainingState> {
    const buffers = new Map<string, Float32Array<ArrayBuffer>>();
    for (const name of stateBuffers(this.#training)) {
      const bytes = await readBuffer(this.#device.gpu, this.#arena.buffer(name), 0, this.layout.bytes);
      buffers.set(name, new Float32Array(bytes));
    }
    return { step: this.#done, evaluated: this.#evaluated, best: this.#best, buffers };
  }

  destroy(): void {
    this.control.stop();
    this.generator.destroy();
    this.#readback.destroy();
    this.#arena.destroy();
  }

  /** Submits steps until `target` of them are done and their records have arrived. */
  async #trainTo(target: number, listener: TrainerListener): Promise<void> {
    const flights: Promise<void>[] = [];
    let queued = this.#done;
    let lastArrival = performance.now();
    try {
      while (queued < target) {
        await this.control.passed();
        const first = queued;
        const steps = Math.min(this.#pacer.steps, target - queued);
        queued += steps;
        const started = performance.now();
        const flight = this.#submitSteps(first, steps).then((records) => {
          const now = performance.now();
          this.#pacer.learn(steps, now - Math.max(lastArrival, started));
          lastArrival = now;
          this.#done = first + steps;
          listener.steps?.(records);
          checkFinite(records);
        });
        // A failure is met where the flight is awaited; until then it must not count as unhandled.
        flight.catch(() => {});
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
    }
  }

  /** One submit: `steps` whole steps in one pass, and a copy of their records. */
  async #submitSteps(first: number, steps: number): Promise<StepRecord[]> {
    const encoder = this.#device.gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let i = 0; i < steps; i++) {
      this.#step.encode(pass);
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
    const train_loss = await this.#meanLoss(this.#evaluations.train);
    const val_loss = await this.#meanLoss(this.#evaluations.val);
    this.#evaluated = this.#done;
    const improved = val_loss < (this.#best?.val_loss ?? Number.POSITIVE_INFINITY);
    if (improved) {
      this.#best = { step: this.#done, val_loss };
    }
    await listener.evaluated?.(this.#done, train_loss, val_loss, improved);
  }

  /** Mean loss over the fixed batches of one split. Each batch is a submit of its own, so that a pause is obeyed. */
  async #meanLoss(program: Program): Promise<number> {
    const { eval_iters } = this.#training;
    const { queue } = this.#device.gpu;
    queue.writeBuffer(this.#arena.buffer(EVALUATION_PROGRESS), 0, new Uint32Array(2));
    for (let batch = 0; batch < eval_iters; batch++) {
      await this.control.passed();
      program.run();
      await queue.onSubmittedWorkDone();
    }
    await this.control.passed();
    const records = this.#arena.buffer(EVALUATION_RECORDS);
    const losses = new Float32Array(await readBuffer(this.#device.gpu, records, 0, 4 * eval_iters));
    return losses.reduce((sum, loss) => sum + loss, 0) / eval_iters;
  }
}

function nextMultiple(after: number, interval: number): number {
  return (Math.floor(after / interval) + 1) * interval;
}

function checkFinite(records: readonly StepRecord[]): void {
  const bad = records.find(({ loss, grad_norm }) => !Number.isFinite(loss) || !Number.isFinite(grad_norm));
  if (bad) {
    throw new InklingError(
      'diverged',
      `The loss is no longer a number since step ${bad.step}: the run has diverged.`,
      'Take a smaller learning rate, or turn gradient clipping on.',
    );
  }
}
