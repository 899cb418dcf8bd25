import { InklingError } from '../gpu/errors.ts';
import { splitCorpus } from '../text/corpus.ts';
import type { Scope } from '../training/pruning.ts';
import type { Measurement, Variant } from '../training/shrink.ts';
import { weightsOf } from '../training/state.ts';
import { answer } from './answer.ts';
import type { LiveRun } from './live-run.ts';
import type { Result } from './messages.ts';
import type { SpareTime } from './spare-time.ts';

export type { Measurement, Scope, Variant };

/** What to try; the model as it is comes first always. */
export interface ShrinkRequest {
  /** Fewer bits a number: 8 and 4. */
  bits: boolean;
  /** Pruning from 10 to 90 %, in these scopes. */
  scopes: Scope[];
  /** Steps of training after pruning; 0 for none. */
  fine_tune: number;
  /** What the samples begin with. */
  prompt: string;
}

/** What a study is of. */
export interface ShrinkStart {
  /** Steps that the model has been trained. */
  step: number;
  /** Name of the text that it has learnt. */
  text: string;
  /** Tokens of the validation part that each loss is a mean of. */
  evaluated: number;
  variants: Variant[];
}

/** Makes copies of the model on the GPU smaller, and measures what becomes of them. The model itself is left alone. */
export interface ShrinkCommands {
  /** Measures one variant after the other. `begun` is told once, and `told` each result as it comes. Codes: `no-model`,
   * `still-training`, `gpu-busy`, `unknown-characters`, `stopped`, and those of `Trainer`. */
  study(
    request: ShrinkRequest,
    begun: (start: ShrinkStart) => void,
    told: (measurement: Measurement) => void,
  ): Promise<Result<null>>;
  /** Ends the study, which then answers `stopped`; what has been told stays true. */
  stop(): Promise<Result<null>>;
}

export class Shrinking implements ShrinkCommands {
  readonly #spare: SpareTime;
  readonly #run: () => LiveRun | undefined;
  /** Of the study that goes on, and of any that is about to be refused beside it. */
  readonly #stopping = new Set<AbortController>();

  /** `run`: the run that the session has in hand, whose model is shrunk. */
  constructor(spare: SpareTime, run: () => LiveRun | undefined) {
    this.#spare = spare;
    this.#run = run;
  }

  study(
    request: ShrinkRequest,
    begun: (start: ShrinkStart) => void,
    told: (measurement: Measurement) => void,
  ): Promise<Result<null>> {
    const stopping = new AbortController();
    const { signal } = stopping;
    this.#stopping.add(stopping);
    const studied = answer(() =>
      this.#spare.use(async (device) => {
        signal.throwIfAborted();
        const run = this.#run();
        if (!run) {
          throw new InklingError('no-model', 'There is no model to shrink yet.', 'Press Train first.');
        }
        const { trainer, tokenizer, config, ids, textName } = run;
        const { prompt, bits, scopes, fine_tune } = request;
        tokenizer.encode(prompt); // names unknown characters first
        const { allVariants, ShrinkStudy } = await import('../training/shrink.ts'); // most visits never shrink
        const state = await trainer.snapshot();
        const study = new ShrinkStudy(device, {
          model: { ...config.model, vocab_size: tokenizer.vocab_size },
          training: config.training,
          weights: weightsOf(state),
          ...splitCorpus(ids),
          vocabulary: tokenizer,
          prompt,
          products: state.products,
        });
        try {
          const variants = allVariants(fine_tune).filter(
            ({ bits: b, prune }) =>
              (b === 32 && !prune) || (b !== 32 && bits) || (prune && scopes.includes(prune.scope)),
          );
          begun({ step: state.step, text: textName, evaluated: study.evaluated, variants });
          for (const variant of variants) {
            signal.throwIfAborted();
            told(await study.measure(variant, signal));
          }
          return null;
        } finally {
          study.destroy();
        }
      }),
    );
    return studied.finally(() => this.#stopping.delete(stopping));
  }

  stop(): Promise<Result<null>> {
    for (const stopping of this.#stopping) {
      stopping.abort(new InklingError('stopped', 'The study was ended.', 'Begin it again.'));
    }
    return Promise.resolve({ ok: true, value: null });
  }
}
