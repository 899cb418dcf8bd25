/**
 * Milliseconds of work that one submit may hold. While one is computed the screen may not be drawn, and a driver takes a GPU
 * from who keeps it for a second or two, which on a phone or an office machine a single step of a large model would.
 */
const MOST_MS = 50;

/** Operations and bytes in a millisecond on a GPU that is slow. */
const SLOW = { flops: 0.3e9, bytes: 30e6 };

/** Work in units: the milliseconds that it would take a slow GPU. */
export function unitsOf(flops: number, bytes: number): number {
  return flops / SLOW.flops + bytes / SLOW.bytes;
}

/** How much work a submit may hold on a device. Assumes a slow one until it learns better. */
export class WorkLimit {
  /** Milliseconds of a unit. */
  #pace = 1;

  /** Units for one submit. */
  get most(): number {
    return MOST_MS / this.#pace;
  }

  /** Learns that `units` of work took `ms`. Allows at most twice as much at a time, so that one odd reading does no harm. */
  learn(units: number, ms: number): void {
    if (units > 0) this.#pace = Math.max(ms / units, this.#pace / 2);
  }
}
