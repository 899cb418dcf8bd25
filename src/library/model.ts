import type { Generator } from '../generation/generator.ts';
import { type OpenGenerator, openGenerator } from '../generation/open.ts';
import { SAMPLING_DEFAULTS } from '../generation/options.ts';
import { type WritingOptions, writeText } from '../generation/text.ts';
import type { Device } from '../gpu/device.ts';
import { InklingError } from '../gpu/errors.ts';
import { type GPTConfig, type TrainingConfig, withSteps } from '../model/config.ts';
import { layoutOf } from '../model/parameters.ts';
import { adaptCorpus } from '../text/adapt.ts';
import { type Tokenizer, tokenizerOf } from '../text/byte-pair.ts';
import { checkLength, splitCorpus, type TokenIds } from '../text/corpus.ts';
import { readCorpus, sourceOf } from '../text/read.ts';
import { CharacterTokenizer } from '../text/tokenizer.ts';
import { type Checkpoint, encodeCheckpoint } from '../training/checkpoint.ts';
import { freshState, weightsOf } from '../training/state.ts';
import { textLoss } from '../training/text-loss.ts';
import { type StepRecord, Trainer } from '../training/trainer.ts';

/** What a run tells while it goes, and how to end it early. */
export interface TrainListener {
  /** After each step: its number, loss in nats, gradient norm and learning rate. */
  onStep?(record: StepRecord): void;
  /** After each evaluation: mean losses in nats on the text's first nine tenths, and on its held-back last one. */
  onEvaluation?(evaluation: { step: number; train_loss: number; val_loss: number }): void | Promise<void>;
  /** Ends the run after the steps in hand; `resume` goes on with it. */
  signal?: AbortSignal;
}

/** How to train, under nanoGPT's names. What is left out is as in the preset, or in the run before. */
export type TrainOptions = Partial<TrainingConfig> & TrainListener;

export interface TrainResult {
  /** Steps done. */
  step: number;
  /** False where the signal has ended the run. */
  finished: boolean;
  /** Of the last evaluation, in nats. */
  val_loss: number | null;
}

/** How to write; see `SAMPLING_DEFAULTS` for what is left out: 300 characters at temperature 0.8. */
export type WriteOptions = Partial<WritingOptions>;

/** A GPT with what it knows: its characters, its weights, and how far its training has come. */
export class Model {
  readonly #device: Device;
  readonly #tokenizer: Tokenizer;
  #run: Checkpoint;
  #training = false;
  /** While it trains, once that has been prepared. */
  #trainer: Trainer | undefined;
  /** Of the present weights, once something has been written with them. */
  #writer: Promise<OpenGenerator> | undefined;

  /** Use `Engine.create` or `Engine.load`. */
  constructor(device: Device, run: Checkpoint) {
    this.#device = device;
    this.#run = run;
    this.#tokenizer = tokenizerOf(run.vocabulary, run.tokenizer_json, run.text.documents);
  }

  get config(): GPTConfig {
    return this.#run.model;
  }

  /** Learnable numbers. */
  get parameters(): number {
    return layoutOf(this.config).count;
  }

  /** Steps of its last run. */
  get step(): number {
    return this.#run.state.step;
  }

  /** The characters that it knows, and `<|endoftext|>`; the tokens of a model that came with a tokenizer of its own. */
  get vocabulary(): readonly string[] {
    return this.#tokenizer.vocabulary;
  }

  /**
   * Trains on a text, from the present weights on, with a new schedule. `max_iters` alone shortens the whole schedule.
   *
   * Throws `bad-config`, `unknown-characters`, `short-text`, `too-large`, `out-of-memory`, `diverged` or `busy`.
   */
  async train(text: string, { onStep, onEvaluation, signal, ...change }: TrainOptions = {}): Promise<TrainResult> {
    const before = this.#run.training;
    const training = { ...withSteps(before, change.max_iters ?? before.max_iters), ...change, sample_interval: 0 };
    const state = freshState(training, weightsOf(this.#run.state));
    const { ids, sha256 } = await this.#read(text);
    const described = { name: 'text', sha256, documents: this.#tokenizer.documents };
    const run = { ...this.#run, training, state, text: described, val_loss: null };
    return this.#follow(run, ids, { onStep, onEvaluation, signal });
  }

  /** Goes on with a run that was interrupted, on the same text, as if it had not been. Throws `other-text`, and as `train`. */
  async resume(text: string, listener: TrainListener = {}): Promise<TrainResult> {
    const { ids, sha256 } = await this.#read(text);
    if (sha256 !== this.#run.text.sha256) {
      throw new InklingError(
        'other-text',
        'This is not the text that the run has learnt from.',
        'Give that text, or start a new run with train.',
      );
    }
    return this.#follow(this.#run, ids, listener);
  }

  /** Continues a prompt. The result does not repeat it. Throws `unknown-characters` or `bad-options`. */
  async write(prompt = '', options: WriteOptions = {}): Promise<string> {
    let text = '';
    for await (const piece of this.stream(prompt, options)) {
      text += piece;
    }
    return text;
  }

  /** `write`, piece by piece as it comes. Breaking out of the loop ends it; until it has ended, other texts wait. */
  async *stream(prompt = '', options: WriteOptions = {}): AsyncGenerator<string> {
    const generator = await this.#generator();
    for await (const { piece } of writeText(generator, this.#tokenizer, prompt, { ...SAMPLING_DEFAULTS, ...options })) {
      yield piece;
    }
  }

  /** The mean loss over every token of a text but the first, in nats; a token is a character where there is no other tokenizer. */
  async evaluate(text: string): Promise<number> {
    const { ids } = await this.#read(text);
    return textLoss(this.#device, this.config, weightsOf(this.#run.state), ids);
  }

  /** A checkpoint: a safetensors file with weights, the optimizer's state and, as JSON, everything else. */
  save(): Uint8Array<ArrayBuffer> {
    return encodeCheckpoint(this.#run);
  }

  /** Gives its memory on the GPU back; it takes new memory when it is used again. */
  async release(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    (await writer?.catch(() => undefined))?.destroy(); // whoever writes has been told why there is none
  }

  /** A text in the model's ids. */
  async #read(text: string): Promise<{ ids: TokenIds; sha256: string }> {
    const corpus = await readCorpus(sourceOf('text', text));
    if (!(this.#tokenizer instanceof CharacterTokenizer)) {
      return { ids: this.#tokenizer.encode(text), sha256: corpus.sha256 };
    }
    const hint = 'Leave them out, or create the model with a text that has them.';
    return { ids: adaptCorpus(corpus, this.#tokenizer, undefined, hint).ids, sha256: corpus.sha256 };
  }

  async #generator(): Promise<Generator> {
    if (this.#trainer) {
      return this.#trainer.generator;
    }
    this.#writer ??= openGenerator(this.#device, this.config, weightsOf(this.#run.state)).catch((error) => {
      this.#writer = undefined; // the next call may find memory
      throw error;
    });
    return (await this.#writer).generator;
  }

  async #follow(run: Checkpoint, ids: TokenIds, { onStep, onEvaluation, signal }: TrainListener): Promise<TrainResult> {
    if (this.#training) {
      throw new InklingError(
        'busy',
        'The model is being trained already.',
        'Wait for that run, or end it by its signal.',
      );
    }
    checkLength({ ids }, run.model.block_size);
    const { train, val } = splitCorpus(ids);
    let trainer: Trainer | undefined;
    const stop = () => trainer?.control.stop();
    let { val_loss } = run;
    this.#training = true;
    try {
      trainer = await Trainer.create(this.#device, { ...run, train, val });
      this.#trainer = trainer;
      signal?.addEventListener('abort', stop);
      const finished =
        !signal?.aborted &&
        (await trainer.run({
          steps: (records) => records.forEach((record) => void onStep?.(record)),
          evaluated: async (step, train_loss, loss) => {
            val_loss = loss;
            await onEvaluation?.({ step, train_loss, val_loss: loss });
          },
        }));
      this.#run = { ...run, val_loss, state: await trainer.snapshot() };
      return { step: trainer.step, finished, val_loss };
    } finally {
      signal?.removeEventListener('abort', stop);
      this.#training = false;
      this.#trainer = undefined;
      trainer?.destroy();
      await this.release();
    }
  }
}
