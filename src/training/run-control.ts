/** Thrown inside the loop when it has been told to stop; never leaves the trainer. */
export class Stopped extends Error {}

/** Pause, resume and stop for a loop that asks `passed()` before each piece of GPU work. */
export class RunControl {
  #paused: Promise<void> | undefined;
  #release: () => void = () => {};
  #stopped = false;

  get paused(): boolean {
    return this.#paused !== undefined;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Does nothing once stopped: a loop that is to end must not wait. */
  pause(): void {
    if (this.#stopped) {
      return;
    }
    this.#paused ??= new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  resume(): void {
    this.#release();
    this.#paused = undefined;
  }

  stop(): void {
    this.#stopped = true;
    this.resume();
  }

  /** Waits while paused. Throws `Stopped` once stopped. */
  async passed(): Promise<void> {
    while (this.#paused) {
      await this.#paused;
    }
    if (this.#stopped) {
      throw new Stopped();
    }
  }
}
