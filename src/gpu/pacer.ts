/**
 * GPU work in one submit, in milliseconds: long enough to hide the submit, short enough for a smooth page. Two are in
 * flight, one that runs and one that waits, so 14 to 28 ms of work are.
 */
const TARGET_MS = 14;
const MOST_STEPS = 256;

/**
 * Chooses how many steps go into a submit, so that each keeps the GPU busy for about 14 ms whatever the model and the
 * adapter. Affects when results arrive, never what they are.
 */
export class Pacer {
  /** Steps for the next submit. */
  steps = 1;

  /** Learns that a submit of `steps` took `ms`. Grows at most twofold at a time, so that one odd reading does no harm. */
  learn(steps: number, ms: number): void {
    const ideal = (steps * TARGET_MS) / Math.max(ms, 0.1);
    this.steps = Math.round(Math.min(MOST_STEPS, Math.max(1, Math.min(ideal, 2 * this.steps))));
  }
}
