import type { Generator } from '../generation/generator.ts';
import { type Device, guarded } from '../gpu/device.ts';
import { readTogether } from '../gpu/readback.ts';
import type { ParameterLayout } from '../graph/parameters.ts';
import type { ProductChoices } from '../graph/tuner.ts';
import { type Computation, recordOf } from './computation.ts';
import { diverged, Unsound } from './diagnosis.ts';
import { Evaluator } from './evaluator.ts';
import type { RunInside } from './inspection/inside.ts';
import type { StepRecord, TrainerListener } from './listener.ts';
import { RunControl, Stopped } from './run-control.ts';
import { stateBuffers, type TrainingState, weightsBuffer } from './state.ts';
import type { StepNorms } from './statistics.ts';
import type { CorpusPart } from './step.ts';
import { StepLoop } from './step-loop.ts';
import {
  makeTrainerParts,
  type Preparation,
  splitsOf,
  type TrainerOptions,
  type TrainerParts,
} from './trainer-parts.ts';

export type { Preparation, StepNorms, StepRecord, TrainerListener, TrainerOptions };

/** Trains a model on a corpus that stays on the GPU. */
export class Trainer {
  /** Pauses, resumes and stops it. */
  readonly control = new RunControl();
  readonly #device: Device;
  readonly #parts: TrainerParts;
  /** Not the texts, which are on the GPU only. */
  readonly #options: Pick<TrainerOptions, 'model' | 'training'> & { corpus: CorpusPart };
  readonly #loop: StepLoop;
  readonly #evaluator: Evaluator;
  /** The step after which the last sample was written. */
  #sampled: number;
  #destroyed = false;

  private constructor(device: Device, parts: TrainerParts, options: TrainerOptions) {
    const { model, training, problems, state } = options;
    const { arena, programs, sampler, statistics } = parts;
    const { control } = this;
    this.#device = device;
    this.#parts = parts;
    this.#options = { model, training, corpus: splitsOf(options).train };
    this.#loop = new StepLoop({ device, arena, step: programs.step, statistics, control, done: state?.step ?? 0 });
    this.#evaluator = new Evaluator({ device, arena, training, programs, sampler, problems, control, state });
    this.#sampled = state?.sampled ?? 0;
  }

  /**
   * Traces, plans and compiles the run and uploads what it starts from. On failure nothing stays allocated.
   *
   * Throws `bad-config`, `too-large`, `out-of-memory` or `internal`.
   */
  static async create(device: Device, options: TrainerOptions): Promise<Trainer> {
    return new Trainer(device, await makeTrainerParts(device, options), options);
  }

  /** Answers prompts. */
  get generator(): Generator {
    return this.#parts.generator;
  }

  /** Writes the run's own samples and answers its problems, with a cache of its own: an answer may be written at the same time. */
  get sampler(): Generator {
    return this.#parts.sampler;
  }

  /** What its matrix products read and in which variants, and why that is not what was asked for. */
  get computation(): Computation {
    return this.#parts.computation;
  }

  get layout(): ParameterLayout {
    return this.#parts.graph.layout;
  }

  /** Optimizer steps whose results have arrived. */
  get step(): number {
    return this.#loop.done;
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
    return this.#parts.arena.bytes;
  }

  /** The variants of the matrix products, where they were chosen for this model. */
  get products(): ProductChoices | undefined {
    return this.computation.products;
  }

  /** Submits of steps so far. */
  get submits(): number {
    return this.#loop.submits;
  }

  get dispatchesPerStep(): number {
    return this.#parts.programs.step.dispatches.length;
  }

  /** The lowest validation loss and its step; null before the first evaluation. */
  get best(): TrainingState['best'] {
    return this.#evaluator.best;
  }

  /** Whether patience has run out: so many evaluations in a row have not lowered the validation loss. */
  get endedEarly(): boolean {
    return this.#evaluator.patienceIsOut;
  }

  /**
   * Trains to the end of the configuration or of its patience, evaluating and sampling on the way. Resolves with `true`
   * at the end and with `false` when `control.stop()` ended it; the weights stay usable either way. With patience, the
   * weights at the end are those of the lowest validation loss.
   *
   * Throws `diverged` when a loss or a gradient is no longer finite; the weights stay the last good ones.
   */
  async run(listener: TrainerListener): Promise<boolean> {
    const { sampler, statistics } = this.#parts;
    const { max_iters, eval_interval, sample_interval } = this.#options.training;
    const loop = this.#loop;
    const evaluator = this.#evaluator;
    const isDue = (interval: number) => loop.done % interval === 0 || loop.done === max_iters;
    const samples = sample_interval > 0;
    if (listener.norms) {
      void statistics.prepare(); // while the first steps are made
    }
    try {
      for (;;) {
        // A resumed run evaluates and writes only what it was interrupted before.
        if (isDue(eval_interval) && evaluator.evaluated !== loop.done) {
          await evaluator.evaluate(loop.done, listener);
        }
        const over = loop.done >= max_iters || this.endedEarly;
        if (over) {
          evaluator.takeBest();
        }
        if (samples && this.#sampled !== loop.done && (over || isDue(sample_interval))) {
          await this.control.passed();
          await listener.sampleDue?.(loop.done);
          this.#sampled = loop.done;
        }
        if (over) {
          return true;
        }
        if (samples) {
          void sampler.prepare(); // while the first steps are made, and after the first evaluation
        }
        // Up to the next step after which something is due.
        const evaluation = nextMultiple(loop.done, eval_interval);
        const sample = samples ? nextMultiple(loop.done, sample_interval) : max_iters;
        await loop.runTo(Math.min(max_iters, evaluation, sample), listener);
      }
    } catch (error) {
      if (error instanceof Stopped) {
        return false;
      }
      if (error instanceof Unsound && error.record) {
        const { arena, graph } = this.#parts;
        throw await diverged({ device: this.#device, arena, graph, ...this.#options }, error.record);
      }
      throw error;
    }
  }

  /**
   * The whole training state as it is after the steps submitted so far, at any moment; the run is not held up. Resolves
   * after these steps have been told.
   *
   * Throws `out-of-memory`, or what ended the run before them.
   */
  async snapshot(): Promise<TrainingState> {
    const { evaluated, best } = this.#evaluator;
    const progress = { step: this.#loop.queued, evaluated, sampled: this.#sampled, best };
    const { told } = this.#loop;
    const names = stateBuffers(this.#options.training);
    const { gpu } = this.#device;
    const copies = await guarded(gpu, 'a copy of the model to save', () => {
      const sources = names.map((name) => this.#parts.arena.buffer(name));
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
      traits: this.#parts.graph.traits,
      weights: weightsBuffer(this.#options.training),
      buffer: (name) => this.#parts.arena.buffer(name),
      isThere: () => !this.#destroyed,
    };
  }

  destroy(): void {
    this.#destroyed = true;
    this.control.stop();
    this.generator.destroy();
    this.sampler.destroy();
    this.#loop.destroy();
    this.#parts.arena.destroy();
  }
}

function nextMultiple(after: number, interval: number): number {
  return (Math.floor(after / interval) + 1) * interval;
}
