import type { Device } from '../gpu/device.ts';
import { Pacer } from '../gpu/pacer.ts';
import { ReadbackRing } from '../gpu/readback.ts';
import type { Arena, Program } from '../graph/program.ts';
import { Unsound } from './diagnosis.ts';
import type { StepRecord, TrainerListener } from './listener.ts';
import { RECORD_BYTES, RECORD_RING } from './optimizer.ts';
import type { RunControl } from './run-control.ts';
import { RECORDS } from './state.ts';
import type { Statistics } from './statistics.ts';

/** Submits that may be queued at once: one runs while the next one waits. */
const IN_FLIGHT = 2;

export interface StepLoopOptions {
  device: Device;
  /** Holds the ring of records, which each step writes one of. */
  arena: Arena;
  /** The whole training step. */
  step: Program;
  statistics: Statistics;
  control: RunControl;
  /** Steps that have been made before. */
  done: number;
}

/** Submits steps, several at a time, and tells their records as they arrive. Counts the steps of the run. */
export class StepLoop {
  readonly #options: StepLoopOptions;
  readonly #readback: ReadbackRing;
  readonly #pacer = new Pacer();
  #done: number;
  #queued: number;
  #flight: Promise<void> = Promise.resolve();

  constructor(options: StepLoopOptions) {
    this.#options = options;
    this.#readback = new ReadbackRing(options.device.gpu, IN_FLIGHT, RECORD_RING * RECORD_BYTES);
    this.#done = options.done;
    this.#queued = options.done;
  }

  /** Steps whose results have arrived. */
  get done(): number {
    return this.#done;
  }

  /** Steps that have been submitted. */
  get queued(): number {
    return this.#queued;
  }

  /** Settles when the steps submitted so far have been told, or with what was wrong with them. */
  get told(): Promise<void> {
    return this.#flight;
  }

  /**
   * Submits steps until `target` of them are done and their records have arrived. Throws `Stopped`, and `Unsound` where a
   * step is not finite; then nothing is in flight any more.
   */
  async runTo(target: number, listener: TrainerListener): Promise<void> {
    const { step, statistics, control } = this.#options;
    const flights: Promise<void>[] = [];
    let lastArrival = performance.now();
    try {
      while (this.#queued < target) {
        const first = this.#queued;
        const due = listener.norms ? statistics.nextDue(first) : Number.POSITIVE_INFINITY;
        const watching = due === first + 1 ? await statistics.prepare() : undefined;
        await control.passed();
        const steps = watching ? 1 : Math.min(this.#pacer.steps, target - first, due - 1 - first);
        this.#queued = first + steps;
        const started = performance.now();
        const submitted = this.#submit(watching?.watched ?? step, first, steps);
        const norms = watching && statistics.take(first + 1, watching);
        norms?.catch(() => {}); // where the step fails, that is what is told
        const before = this.#flight;
        const flight = submitted.then(async (records) => {
          await before.catch(() => {}); // where a browser hears of two submits at once, the later one may come first
          const now = performance.now();
          if (!watching) {
            this.#pacer.learn(steps, now - Math.max(lastArrival, started));
          }
          lastArrival = now;
          this.#arrived(first, records, listener);
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

  destroy(): void {
    this.#readback.destroy();
  }

  /** Counts and tells the steps after the `first` ones, up to the first that is not sound. */
  #arrived(first: number, records: StepRecord[], listener: TrainerListener): void {
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
  }

  /** One submit: `steps` whole steps in one pass, and a copy of their records. */
  async #submit(program: Program, first: number, steps: number): Promise<StepRecord[]> {
    const { device, arena } = this.#options;
    const encoder = device.gpu.createCommandEncoder();
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
    const bytes = await this.#readback.submit(encoder, arena.buffer(RECORDS), ranges);
    const numbers = new Float32Array(bytes);
    return Array.from({ length: steps }, (_, i) => ({
      step: first + i + 1,
      loss: numbers[4 * i]!,
      grad_norm: numbers[4 * i + 1]!,
      lr: numbers[4 * i + 2]!,
    }));
  }
}
