import type { SessionEvent, StepRecord } from './messages.ts';

/** Steps are told this often, in milliseconds; other events go at once, after the steps that came before them. */
const INTERVAL_MS = 100;

/** Sends events to the one listener, steps in batches, with the run's speed measured over its unpaused time. */
export class EventStream {
  listener: (event: SessionEvent) => unknown = () => {};
  #heard: unknown;
  #records: StepRecord[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #clock: RunClock | undefined;

  /** A new run, of which `steps` are to come. */
  startRun(clock: RunClock): void {
    this.#records = [];
    this.#clock = clock;
  }

  steps(records: readonly StepRecord[]): void {
    this.#records.push(...records);
    this.#clock?.advance(records.length);
    this.#timer ??= setTimeout(() => this.flush(), INTERVAL_MS);
  }

  send(event: SessionEvent): void {
    this.flush();
    this.#heard = this.listener(event);
  }

  /** Resolves when the listener has had all that was told until now: through a port of its own, it may come late. */
  async heard(): Promise<void> {
    await Promise.allSettled([this.#heard]); // whatever became of it there
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#records.length > 0 && this.#clock) {
      const records = this.#records;
      this.#records = [];
      this.#heard = this.listener({
        kind: 'step',
        records,
        tokens_per_s: this.#clock.tokensPerSecond(),
        seconds_left: this.#clock.secondsLeft(),
      });
    }
  }
}

/** How fast a run goes. Time spent paused does not count; time spent on evaluations and samples does for what is left. */
export class RunClock {
  readonly #tokensPerStep: number;
  readonly #steps: number;
  #done = 0;
  #running = 0;
  #since: number | undefined = performance.now();
  /** Moments and counts of the last two seconds or so of steps. */
  #recent: { at: number; done: number }[] = [];

  constructor(steps: number, tokensPerStep: number) {
    this.#steps = steps;
    this.#tokensPerStep = tokensPerStep;
  }

  pause(): void {
    if (this.#since !== undefined) {
      this.#running += performance.now() - this.#since;
      this.#since = undefined;
      this.#recent = [];
    }
  }

  resume(): void {
    this.#recent = []; // what was in flight has arrived since
    this.#since ??= performance.now();
  }

  advance(steps: number): void {
    const at = performance.now();
    this.#done += steps;
    this.#recent.push({ at, done: this.#done });
    while (this.#recent.length > 2 && at - this.#recent[1]!.at > 2000) {
      this.#recent.shift();
    }
  }

  tokensPerSecond(): number {
    const first = this.#recent[0];
    const last = this.#recent.at(-1);
    if (!first || !last || last.at === first.at) {
      return (1000 * this.#done * this.#tokensPerStep) / Math.max(1, this.elapsedMs());
    }
    return (1000 * (last.done - first.done) * this.#tokensPerStep) / (last.at - first.at);
  }

  secondsLeft(): number {
    return this.#done === 0 ? 0 : ((this.#steps - this.#done) * this.elapsedMs()) / this.#done / 1000;
  }

  elapsedMs(): number {
    return this.#running + (this.#since === undefined ? 0 : performance.now() - this.#since);
  }
}
