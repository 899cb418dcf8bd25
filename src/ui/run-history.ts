import type { StepRecord } from '../worker/messages.ts';

/** Points kept at most. When they are full, neighbours are merged in pairs, so that drawing never grows dearer. */
const CAPACITY = 2048;

/** Steps that the loss in words averages over, about; fewer at the beginning, where it falls fast. */
const WINDOW = 40;

/** A quantity over the steps, thinned: each point stands for `stride` values and keeps their mean and extremes. */
export class ThinnedSeries {
  /** The last step that each point stands for. */
  readonly x: number[] = [];
  readonly mean: number[] = [];
  readonly low: number[] = [];
  readonly high: number[] = [];

  #stride = 1;
  /** Values in the last point, which is open until it holds `stride` of them. */
  #inLast = 0;

  /** Values that a point stands for. */
  get stride(): number {
    return this.#stride;
  }

  /** Takes a value; what is no number would spoil every later mean, and is left out. */
  append(step: number, value: number): void {
    if (!Number.isFinite(value)) return;
    if (this.x.length === 0 || this.#inLast === this.#stride) this.#open();
    const last = this.x.length - 1;
    this.#inLast += 1;
    this.x[last] = step;
    this.mean[last] = this.mean[last]! + (value - this.mean[last]!) / this.#inLast;
    this.low[last] = Math.min(this.low[last]!, value);
    this.high[last] = Math.max(this.high[last]!, value);
  }

  /**
   * Moving averages of the points into `into`, each over about `window` values, fewer at the beginning: exponential,
   * as if no value had been merged.
   */
  smooth(window: number, into: number[]): void {
    let average = 0;
    let seen = 0;
    into.length = this.mean.length;
    for (let i = 0; i < this.mean.length; i++) {
      const values = i < this.mean.length - 1 ? this.#stride : this.#inLast;
      const kept = (1 - 1 / Math.min(window, 1 + seen / 6)) ** values;
      average = kept * average + (1 - kept) * this.mean[i]!;
      into[i] = average;
      seen += values;
    }
  }

  #open(): void {
    if (this.x.length === CAPACITY) this.#halve();
    this.x.push(0);
    this.mean.push(0);
    this.low.push(Number.POSITIVE_INFINITY);
    this.high.push(Number.NEGATIVE_INFINITY);
    this.#inLast = 0;
  }

  #halve(): void {
    const half = CAPACITY / 2;
    for (let i = 0; i < half; i++) {
      const left = 2 * i;
      const right = left + 1;
      this.x[i] = this.x[right]!;
      this.mean[i] = (this.mean[left]! + this.mean[right]!) / 2;
      this.low[i] = Math.min(this.low[left]!, this.low[right]!);
      this.high[i] = Math.max(this.high[left]!, this.high[right]!);
    }
    for (const column of [this.x, this.mean, this.low, this.high]) column.length = half;
    this.#stride *= 2;
  }
}

/** What a run measures in every step. It only grows, and stays small however long the run. */
export class RunHistory {
  /** In nats. */
  readonly loss = new ThinnedSeries();
  readonly lr = new ThinnedSeries();
  /** Over all tensors, before clipping. */
  readonly gradNorm = new ThinnedSeries();
  /** Tokens a second, paused time left out. */
  readonly speed = new ThinnedSeries();
  #average = 0;
  #count = 0;

  append({ step, loss, lr, grad_norm }: StepRecord): void {
    this.loss.append(step, loss);
    this.lr.append(step, lr);
    this.gradNorm.append(step, grad_norm);
    if (!Number.isFinite(loss)) return;
    this.#average += (loss - this.#average) / Math.min(WINDOW, 1 + this.#count / 6);
    this.#count += 1;
  }

  /** The loss of the last steps, averaged; null before the first. */
  get recentLoss(): number | null {
    return this.#count === 0 ? null : this.#average;
  }
}
