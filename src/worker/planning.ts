import type { Device } from '../gpu/device.ts';
import { InklingError, toFailure } from '../gpu/errors.ts';
import type { KernelTraits } from '../graph/graph.ts';
import { traitsOf } from '../graph/traits.ts';
import { checkRunConfig, type RunConfig } from '../model/config.ts';
import { parameterCount } from '../model/parameters.ts';
import { compileAhead } from '../training/head-start.ts';
import { estimateMemory, type MemoryEstimate } from '../training/memory.ts';
import { Trainer } from '../training/trainer.ts';
import { type Trial, timeSteps } from '../training/trial.ts';
import { answer } from './answer.ts';
import { productsOf, type RunText, requireMemory, trainerOptions } from './live-run.ts';
import type { Failure, Result } from './messages.ts';
import type { SpareTime } from './spare-time.ts';

/** What a run will take, known before it starts. */
export interface RunEstimate {
  /** Numbers that the model learns, as many as its buffers hold. */
  parameters: number;
  /** Bytes on the GPU: in all, and by what they are for. */
  memory: { total: number; parameters: number; activations: number; corpus: number; writing: number };
  /** Why this adapter cannot hold it, or null. */
  failure: Failure | null;
}

/** How long a step took in a trial. */
export interface Measured {
  ms_per_step: number;
  /** Steps that were timed. */
  steps: number;
}

/** What the page may ask about a run that has not started. */
export interface PlanningCommands {
  /** Counts what a run of this configuration takes on the present text. No work for the GPU. Codes: `no-text`, `bad-config`. */
  estimate(config: RunConfig): Promise<Result<RunEstimate>>;
  /**
   * Compiles, as long as the GPU has nothing else to do, the kernels that a run of this configuration on the present text
   * would compile first; `products` as in `train`. Another call takes its place. Answers whether all are there. Codes:
   * `no-text`, `bad-config`, `bad-link`, `too-large`, and those of `Graphics.open`.
   */
  prepare(config: RunConfig, products?: Readonly<Record<string, string>>): Promise<Result<boolean>>;
  /** Makes a few steps of this configuration on the present text, times them and throws them away. One trial at a time, and
   * none while a run goes on. Codes: `still-training`, `gpu-busy`, `superseded`, `no-text`, and those of `train`. */
  measure(config: RunConfig): Promise<Result<Measured>>;
  /** Ends the trial that goes on, which answers `superseded`. */
  cancelMeasuring(): Promise<Result<null>>;
}

/** Counts and times runs that have not started. */
export class Planning implements PlanningCommands {
  readonly #device: () => Promise<Device>;
  readonly #spare: SpareTime;
  readonly #present: () => RunText | undefined;
  #trial: Trial | undefined;

  /** `text`: the one that the next run would learn. */
  constructor(device: () => Promise<Device>, spare: SpareTime, text: () => RunText | undefined) {
    this.#device = device;
    this.#spare = spare;
    this.#present = text;
  }

  estimate(config: RunConfig): Promise<Result<RunEstimate>> {
    return answer(async () => {
      checkRunConfig(config);
      const text = this.#text();
      const model = { ...config.model, vocab_size: text.tokenizer.vocab_size };
      const plan = (adapter?: KernelTraits) => estimateMemory(model, config.training, text.ids.length, adapter);
      let estimate: MemoryEstimate | undefined;
      let failure: Failure | null = null;
      try {
        const device = await this.#device();
        estimate = plan(traitsOf(device));
        requireMemory(device, estimate, text);
      } catch (error) {
        failure = toFailure(error);
      }
      const { total, parameters, activations, corpus, writing } = estimate ?? plan();
      return {
        parameters: parameterCount(model),
        memory: { total, parameters, activations, corpus, writing },
        failure: failure?.code === 'too-large' ? failure : null, // a missing adapter is told elsewhere
      };
    });
  }

  prepare(config: RunConfig, products?: Readonly<Record<string, string>>): Promise<Result<boolean>> {
    return answer(async () => {
      checkRunConfig(config);
      const text = this.#text();
      const plan = { config, text, products: productsOf(products) };
      return this.#spare.fill((device, free) => compileAhead(device, trainerOptions(device, plan), free));
    });
  }

  measure(config: RunConfig): Promise<Result<Measured>> {
    return answer(async () => {
      checkRunConfig(config);
      const text = this.#text();
      await this.end();
      return this.#spare.use(async (device) => {
        const trial = timeSteps(
          (training, state) =>
            Trainer.create(device, trainerOptions(device, { config: { ...config, training }, text, state })),
          { ...config.model, vocab_size: text.tokenizer.vocab_size },
          config.training,
        );
        this.#trial = trial;
        try {
          return await trial.result;
        } finally {
          if (this.#trial === trial) this.#trial = undefined;
        }
      });
    });
  }

  cancelMeasuring(): Promise<Result<null>> {
    return answer(async () => {
      await this.end();
      return null;
    });
  }

  /** Ends the trial that goes on, if one does, and waits until nothing of it is on the GPU. */
  async end(): Promise<void> {
    const trial = this.#trial;
    trial?.stop();
    await trial?.result.catch(() => {});
  }

  #text(): RunText {
    const text = this.#present();
    if (!text) throw new InklingError('no-text', 'There is no text to learn from yet.', 'Choose a text first.');
    return text;
  }
}
