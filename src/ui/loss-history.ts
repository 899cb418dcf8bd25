import type { StepRecord } from '../worker/messages.ts';

/** Points kept at most. When they are full, neighbours are merged in pairs, so that drawing never grows dearer. */
const CAPACITY = 2048;

/** Steps that the smoothed curve averages over, about; fewer at the beginning, where the loss falls fast. */
const WINDOW = 40;

/** The training losses of a run, thinned: each point stands for `stride` steps and keeps their mean and extremes. */
export class LossHistory {
  /** The last step that each point stands for. */
  readonly steps: number[] = [];
  readonly mean: number[] = [];
  readonly low: number[] = [];
  readonly high: number[] = [];
  /** The smoothed loss at the last step of each point. */
  readonly smooth: number[] = [];

  #stride = 1;
  /** Steps in the last point, which is open until it holds `stride` of them. */
  #inLast = 0;
  #average = 0;
  #count = 0;

  /** Steps that a point stands for. */
  get stride(): number {
    return this.#stride;
  }

  append({ step, loss }: StepRecord): void {
    // Losses that are no numbers would spoil every later average; the curve simply ends at them.
    if (!Number.isFinite(loss)) return;
    this.#average += (loss - this.#average) / Math.min(WINDOW, 1 + this.#count / 6);
    this.#count += 1;
    if (this.steps.length === 0 || this.#inLast === this.#stride) this.#open();
    const last = this.steps.length - 1;
    this.#inLast += 1;
    this.steps[last] = step;
    this.mean[last] = this.mean[last]! + (loss - this.mean[last]!) / this.#inLast;
    this.low[last] = Math.min(this.low[last]!, loss);
    this.high[last] = Math.max(this.high[last]!, loss);
    this.smooth[last] = this.#average;
  }

  #open(): void {
    if (this.steps.length === CAPACITY) this.#halve();
    this.steps.push(0);
    this.mean.push(0);
    this.low.push(Number.POSITIVE_INFINITY);
    this.high.push(Number.NEGATIVE_INFINITY);
    this.smooth.push(0);
    this.#inLast = 0;
  }

  #halve(): void {
    const half = CAPACITY / 2;
    for (let i = 0; i < half; i++) {
      const left = 2 * i;
      const right = left + 1;
      this.steps[i] = this.steps[right]!;
      this.mean[i] = (this.mean[left]! + this.mean[right]!) / 2;
      this.low[i] = Math.min(this.low[left]!, this.low[right]!);
      this.high[i] = Math.max(this.high[left]!, this.high[right]!);
      this.smooth[i] = this.smooth[right]!;
    }
    for (const column of [this.steps, this.mean, this.low, this.high, this.smooth]) column.length = half;
    this.#stride *= 2;
  }
}
