import { InklingError } from '../gpu/errors.ts';
import type { PrecisionChoice, PresetName } from '../model/config.ts';
import type { BenchResult, LeftOut } from '../training/benchmark.ts';
import type { ProfileRow } from '../training/profile.ts';
import { answer } from './answer.ts';
import type { Result } from './messages.ts';
import type { SpareTime } from './spare-time.ts';
import { tuningMemory } from './tuning.ts';

/** One configuration's result, as the command line prints it, and its kernels where they were asked for. */
export interface BenchReport {
  result: BenchResult;
  /** Why it computed in another precision than asked for; empty where it did not. */
  note: string;
  kernels: ProfileRow[];
}

export interface BenchRequest {
  config: PresetName;
  precision: PrecisionChoice;
  /** Whether each kernel is timed by itself, too. */
  profile: boolean;
  /** A configuration whose step must take longer than so many milliseconds is left out. */
  patience_ms: number;
}

/** What the page may ask about a training step's speed. */
export interface BenchmarkCommands {
  /** Times one configuration: some seconds on a GPU, up to minutes on a processor. Codes: `still-training`, `gpu-busy`,
   * `stopped`, and those of `Trainer`. */
  run(request: BenchRequest): Promise<Result<BenchReport | LeftOut>>;
  /** Ends it, which then answers `stopped`. */
  stop(): Promise<Result<null>>;
}

/** Times training steps while no run goes on, by the code of the command line. */
export class Benchmarking implements BenchmarkCommands {
  readonly #spare: SpareTime;
  /** What ends those that have been asked for: from then on, for it may take a while until there is a device. */
  readonly #going = new Set<AbortController>();

  constructor(spare: SpareTime) {
    this.#spare = spare;
  }

  run({ config, ...wanted }: BenchRequest): Promise<Result<BenchReport | LeftOut>> {
    const going = new AbortController();
    this.#going.add(going);
    const done = answer(() =>
      this.#spare.use(async (device) => {
        const { benchmark } = await import('../training/benchmark.ts'); // of no use to those who never ask
        const tuning = device.software ? undefined : { memory: tuningMemory };
        const measured = await benchmark(device, config, { ...wanted, tuning, signal: going.signal });
        if ('floor_ms' in measured) return measured;
        return { result: measured.result, note: measured.note, kernels: measured.kernels };
      }),
    );
    return done.finally(() => this.#going.delete(going));
  }

  stop(): Promise<Result<null>> {
    const why = new InklingError('stopped', 'The measurement was ended.', 'Start it again.');
    for (const going of this.#going) going.abort(why);
    return Promise.resolve({ ok: true, value: null });
  }
}
