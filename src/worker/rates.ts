import type { Rates } from '../training/bench.ts';
import { answer } from './answer.ts';
import type { Result } from './messages.ts';
import type { SpareTime } from './spare-time.ts';

export type { Rates };

/** What the page may ask about the adapter's speed. */
export interface RateCommands {
  /** Times large matrix products, a copy and an empty dispatch: some seconds on a processor. Codes: `still-training`,
   * `gpu-busy`. */
  measure(): Promise<Result<Rates>>;
}

export class AdapterRates implements RateCommands {
  readonly #spare: SpareTime;

  constructor(spare: SpareTime) {
    this.#spare = spare;
  }

  measure(): Promise<Result<Rates>> {
    return answer(() =>
      this.#spare.use(async (device) => {
        const { measureRates } = await import('../training/bench.ts'); // of no use to those who never ask
        return measureRates(device);
      }),
    );
  }
}
