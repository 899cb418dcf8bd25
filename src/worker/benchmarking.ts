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
  #going: AbortController | undefined;

  constructor(spare: SpareTime) {
    this.#spare = spare;
  }

  run({ config, ...wanted }: BenchRequest): Promise<Result<BenchReport | LeftOut>> {
    return answer(() =>
      this.#spare.use(async (device) => {
        const going = new AbortController();
        this.#going = going;
        try {
          const { benchmark } = await import('../training/benchmark.ts'); // of no use to those who never ask
          const tuning = device.software ? undefined : { memory: tuningMemory };
          const done = await benchmark(device, config, { ...wanted, tuning, signal: going.signal });
          if ('floor_ms' in done) return done;
          return { result: done.result, note: done.note, kernels: done.kernels };
        } finally {
          this.#going = undefined;
        }
      }),
    );
  }

  stop(): Promise<Result<null>> {
    this.#going?.abort(new InklingError('stopped', 'The measurement was ended.', 'Start it again.'));
    return Promise.resolve({ ok: true, value: null });
  }
}
