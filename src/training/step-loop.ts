import type { Device } from '../gpu/device.ts';
import { InklingError } from '../gpu/errors.ts';
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
  readonly #submitsBefore: number;
  #submits = 0;
  #done: number;
  #queued: number;
  #flight: Promise<void> = Promise.resolve();
  /** Set once work has been left out: no state of the run is to be trusted, or kept, any more. */
  #lost: InklingError | undefined;

  constructor(options: StepLoopOptions) {
    this.#options = options;
    this.#readback = new ReadbackRing(options.device.gpu, IN_FLIGHT, RECORD_RING * RECORD_BYTES);
    this.#submitsBefore = options.step.submits;
    this.#done = options.done;
    this.#queued = options.done;
  }

  /** Submits of steps so far; a long step takes several. */
  get submits(): number {
    return this.#submits + this.#options.step.submits - this.#submitsBefore;
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
   * step is not finite; then nothing is in flight any more. Throws `work-lost` where a step's record is not its own, and from
   * then on.
   */
  async runTo(target: number, listener: TrainerListener): Promise<void> {
    const { device, step, statistics, control } = this.#options;
    if (this.#lost) throw this.#lost;
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
            const ms = now - Math.max(lastArrival, started);
            this.#pacer.learn(steps, ms);
            device.limit.learn(steps * step.units, ms);
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
      this.#flight = this.#lost ? Promise.reject(this.#lost) : Promise.resolve();
      this.#flight.catch(() => {});
    }
  }

  destroy(): void {
    this.#readback.destroy();
  }

  /** Counts and tells the steps after the `first` ones, up to the first that is not sound. */
  #arrived(first: number, numbers: Float32Array, listener: TrainerListener): void {
    if (this.#lost) throw this.#lost;
    if (first !== this.#done) {
      throw new Unsound(); // a step before these was not sound, and so none of these was made
    }
    const made: StepRecord[] = [];
    let unsound: StepRecord | undefined; // which is made again and again until somebody looks
    for (let at = 0; at < numbers.length && !unsound; at += 4) {
      const step = first + made.length + 1;
      const record = { step, loss: numbers[at]!, grad_norm: numbers[at + 1]!, lr: numbers[at + 2]! };
      if (numbers[at + 3] !== step) {
        this.#lost = workLost(step);
        throw this.#lost;
      }
      if (Number.isFinite(record.loss) && Number.isFinite(record.grad_norm)) made.push(record);
      else unsound = record;
    }
    this.#done += made.length;
    if (made.length > 0) {
      listener.steps?.(made);
    }
    if (unsound) {
      throw new Unsound(unsound);
    }
  }

  /** One submit, or several for a long step: `steps` whole steps, and a copy of their records. */
  async #submit(program: Program, first: number, steps: number): Promise<Float32Array> {
    const encoder = program.record(steps);
    this.#submits += 1;
    const start = first % RECORD_RING;
    const beforeWrap = Math.min(steps, RECORD_RING - start);
    const ranges = [{ offset: start * RECORD_BYTES, bytes: beforeWrap * RECORD_BYTES }];
    if (beforeWrap < steps) {
      ranges.push({ offset: 0, bytes: (steps - beforeWrap) * RECORD_BYTES });
    }
    return new Float32Array(await this.#readback.submit(encoder, this.#options.arena.buffer(RECORDS), ranges));
  }
}

/**
 * Some drivers drop work that takes them too long, and say nothing. Where a dropped submit held the end of a step, the record
 * that is found in its place is another step's.
 */
function workLost(step: number): InklingError {
  return new InklingError(
    'work-lost',
    `The graphics driver has left out step ${step} without a word, so the run cannot be trusted any more.`,
    'Continue it from where it was last saved; a smaller model or batch helps if it happens again.',
  );
}
