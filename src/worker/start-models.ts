import { InklingError } from '../gpu/errors.ts';
import type { RunConfig } from '../model/config.ts';
import { checkLength } from '../text/corpus.ts';
import { type TrainingState, weightsOf } from '../training/state.ts';
import type { LiveRun } from './live-run.ts';
import type { Start } from './messages.ts';
import { readStartModel, type StartModel, startFrom } from './start.ts';
import type { LoadedText } from './texts.ts';

/** The models that a run can start from: the one trained last, and the one that was opened. */
export class StartModels {
  readonly #run: () => LiveRun | undefined;
  #opened: StartModel | undefined;

  /** `run`: the run in hand, whose model is the one trained last. */
  constructor(run: () => LiveRun | undefined) {
    this.#run = run;
  }

  /** Throws as `readStartModel`; then the model that was opened before stays. */
  async open(name: string, file: Blob): Promise<void> {
    this.#opened = await readStartModel(name, file);
  }

  /** A model to start from, but for its weights, which may still be in training. Throws `no-model`. */
  describe(from: 'run' | 'file'): Omit<StartModel, 'parameters'> {
    const run = this.#run();
    if (from === 'file' && this.#opened) return this.#opened;
    if (from === 'run' && run) {
      const { config, tokenizer, textName } = run;
      return { name: textName, model: { ...config.model, vocab_size: tokenizer.vocab_size }, tokenizer };
    }
    throw new InklingError('no-model', 'There is no model to start from yet.', 'Open one, or start with a new model.');
  }

  /**
   * The text of a new run in its model's ids, and the weights that it starts from, if it does not start from none. Throws
   * `no-model`, `short-text`, and as `startFrom`.
   */
  async begin(
    start: Start,
    loaded: LoadedText,
    { model, training }: RunConfig,
  ): Promise<{ text: LoadedText; state: TrainingState | undefined }> {
    if (start.from === 'new') return { text: loaded, state: undefined };
    const from = { ...this.describe(start.from), parameters: await this.#weights(start.from) };
    const begun = startFrom(from, loaded, start.unknown, training);
    checkLength(begun.text, model.block_size);
    return begun;
  }

  async #weights(from: 'run' | 'file'): Promise<Float32Array> {
    return from === 'file' ? this.#opened!.parameters : weightsOf(await this.#run()!.trainer.snapshot());
  }
}
