import type { Failure, Result } from '../worker/messages.ts';
import { FAILURES } from './strings.ts';

/**
 * The commands that wait for an answer: all of them fail at once when nobody is left to answer. Of one that has been answered
 * nothing stays; in a race with a promise that lasts, its answer would stay as long as that does.
 */
export class OpenCommands {
  readonly #open = new Set<(failed: Result<never>) => void>();
  #failed: Result<never> | null = null;

  /** The answer of a command, or why there is none. Never throws. */
  async answer<T>(command: Promise<Result<T>>): Promise<Result<T>> {
    if (this.#failed !== null) return this.#failed;
    let fail = (_: Result<never>) => {};
    const failed = new Promise<Result<never>>((resolve) => {
      fail = resolve;
    });
    this.#open.add(fail);
    try {
      return await Promise.race([command, failed]);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { ok: false, failure: FAILURES.internal(message) };
    } finally {
      this.#open.delete(fail);
    }
  }

  /** Commands that wait. */
  get size(): number {
    return this.#open.size;
  }

  /** Fails all that wait, and all to come. */
  fail(failure: Failure): void {
    this.#failed = { ok: false, failure };
    for (const fail of this.#open) fail(this.#failed);
  }
}
