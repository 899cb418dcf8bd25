import type { Generator } from '../generation/generator.ts';
import { causeOf, type Device } from '../gpu/device.ts';
import { InklingError } from '../gpu/errors.ts';
import type { Bits } from '../graph/packed.ts';
import { type GPTConfig, type TrainingConfig, withSteps } from '../model/config.ts';
import { layoutOf } from '../model/parameters.ts';
import { quantize } from '../model/quantization.ts';
import { tokenizerOf } from '../text/byte-pair.ts';
import { checkLength, splitCorpus, type TokenIds } from '../text/corpus.ts';
import { type Checkpoint, encodeCheckpoint } from '../training/checkpoint.ts';
import { pruneWeights, type Scope } from '../training/pruning.ts';
import {
  allVariants,
  checkVariant,
  fineTuning,
  type Measurement,
  ShrinkStudy,
  shrunkRun,
  type Variant,
} from '../training/shrink.ts';
import { freshState, weightsOf } from '../training/state.ts';
import { type StepRecord, Trainer } from '../training/trainer.ts';
import { LanguageModel } from './language-model.ts';
import { QuantizedModel } from './quantized-model.ts';

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

/** How to measure what shrinking makes of a model. */
export interface StudyOptions {
  /** What the samples begin with; nothing without it. */
  prompt?: string;
  /** Ends the study: its loop then throws the signal's reason. */
  signal?: AbortSignal;
}

const AS_IT_IS: Variant = { bits: 32 };

/** A GPT with what it knows: its characters, its weights, and how far its training has come. */
export class Model extends LanguageModel {
  #run: Checkpoint;
  #training = false;
  /** While it trains, once that has been prepared. */
  #trainer: Trainer | undefined;

  /** Use `Engine.create` or `Engine.load`. */
  constructor(device: Device, run: Checkpoint) {
    super(device, tokenizerOf(run.vocabulary, run.tokenizer_json, run.text.documents));
    this.#run = run;
  }

  get config(): GPTConfig {
    return this.#run.model;
  }

  /** Steps of its last run. */
  get step(): number {
    return this.#run.state.step;
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
    const { ids, sha256 } = await this.read(text);
    const described = { name: 'text', sha256, documents: this.tokenizer.documents };
    const run = { ...this.#run, training, state, text: described, val_loss: null };
    return this.#follow(run, ids, { onStep, onEvaluation, signal });
  }

  /** Goes on with a run that was interrupted, on the same text, as if it had not been. Throws `other-text`, and as `train`. */
  async resume(text: string, listener: TrainListener = {}): Promise<TrainResult> {
    const { ids, sha256 } = await this.read(text);
    if (sha256 !== this.#run.text.sha256) {
      throw new InklingError(
        'other-text',
        'This is not the text that the run has learnt from.',
        'Give that text, or start a new run with train.',
      );
    }
    return this.#follow(this.#run, ids, listener);
  }

  /** A checkpoint: a safetensors file with weights, the optimizer's state and, as JSON, everything else. */
  save(): Uint8Array<ArrayBuffer> {
    return encodeCheckpoint(this.#run);
  }

  /**
   * A copy whose matrices have so many bits a number: it writes and is evaluated from these, with a part of the memory.
   * Throws `bad-options`.
   */
  quantize(bits: Bits): QuantizedModel {
    checkVariant({ bits });
    const weights = quantize(layoutOf(this.config), this.weights, bits);
    return new QuantizedModel(this.device, this.config, this.tokenizer, weights);
  }

  /**
   * A copy in which the share of the weights with the smallest magnitudes is zero: of all matrices together (`global`), or
   * of each (`tensor`). Norms and biases stay. What is zero stays zero when the copy is trained. Throws `bad-options`.
   */
  prune(share: number, scope: Scope = 'global'): Model {
    checkVariant({ bits: 32, prune: { share, scope } });
    const weights = pruneWeights(layoutOf(this.config), this.weights, share, scope);
    return new Model(this.device, shrunkRun(this.#run, weights));
  }

  /**
   * Trains some steps further with a new schedule, from half of the rate that the run before began with; weights of matrices
   * that are zero stay zero. What it brings after `prune` is to be compared with what it brings without. Throws as `train`.
   */
  fineTune(text: string, steps: number, listener: TrainListener = {}): Promise<TrainResult> {
    const { eval_iters } = this.#run.training;
    return this.train(text, { ...fineTuning(this.#run.training, steps), eval_iters, ...listener });
  }

  /**
   * Shrinks copies of the model in each of these ways, or in all that the command line tries, and measures what becomes of
   * them, the model as it is first: size, loss on the last tenth of the text, speed and a sample of each, as they come. The
   * model stays as it is. Throws `bad-options`, `unknown-characters`, `short-text`, `too-large`, `out-of-memory`.
   */
  async *studyShrinking(
    text: string,
    ways: readonly Variant[] = allVariants(0),
    { prompt = '', signal }: StudyOptions = {},
  ): AsyncGenerator<Measurement> {
    ways.forEach(checkVariant);
    const { ids } = await this.read(text);
    const { model, training, state } = this.#run;
    checkLength({ ids }, model.block_size);
    this.tokenizer.encode(prompt); // names unknown characters before anything is measured
    const study = new ShrinkStudy(this.device, {
      ...{ model, training, weights: this.weights, vocabulary: this.tokenizer, prompt, products: state.products },
      ...splitCorpus(ids),
    });
    try {
      const rest = ways.filter(({ bits, prune, fine_tune }) => bits !== 32 || prune || fine_tune);
      for (const way of [AS_IT_IS, ...rest]) {
        signal?.throwIfAborted();
        yield await study.measure(way, signal);
      }
    } finally {
      study.destroy();
    }
  }

  protected get weights(): Float32Array<ArrayBuffer> {
    return weightsOf(this.#run.state);
  }

  /** Also while it trains. */
  protected override async generator(): Promise<Generator> {
    return this.#trainer?.generator ?? super.generator();
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
      trainer = await Trainer.create(this.device, { ...run, train, val });
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
      if (finished && run.training.patience > 0) val_loss = trainer.best?.val_loss ?? val_loss; // whose weights it has taken
      this.#run = { ...run, val_loss, state: await trainer.snapshot() };
      return { step: trainer.step, finished, val_loss };
    } catch (error) {
      throw await causeOf(this.device, error);
    } finally {
      signal?.removeEventListener('abort', stop);
      this.#training = false;
      this.#trainer = undefined;
      trainer?.destroy();
      await this.release();
    }
  }
}
