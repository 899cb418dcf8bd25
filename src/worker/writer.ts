import { checkGenerationOptions, SAMPLING_DEFAULTS } from '../generation/options.ts';
import { writeText } from '../generation/text.ts';
import type { Sample } from '../storage/metrics.ts';
import type { TextMeasure } from '../text/statistics.ts';
import type { CharacterTokenizer } from '../text/tokenizer.ts';
import type { Trainer } from '../training/trainer.ts';
import { TextRecord } from './choices.ts';
import type { GenerateRequest, SessionEvent } from './messages.ts';

/** Generated characters are told this often, in milliseconds. */
const INTERVAL_MS = 50;
/** Characters of a sample written during training, and how bold they are. */
const SAMPLE_LENGTH = 160;
const SAMPLE_TEMPERATURE = 0.8;

/** A model that can write, and how to read what it writes. */
export interface WritingModel {
  trainer: Trainer;
  tokenizer: CharacterTokenizer;
}

/** Answers prompts one at a time, the newest first, and writes the samples of a run. */
export class Writer {
  readonly #send: (event: SessionEvent) => void;
  /** The answer being written; a newer prompt or a cancellation ends it. */
  #current: { cancelled: boolean; superseded: boolean; ended: Promise<void> } | undefined;

  constructor(send: (event: SessionEvent) => void) {
    this.#send = send;
  }

  cancel(): void {
    if (this.#current) {
      this.#current.cancelled = true;
    }
  }

  /** Streams an answer as `generated` events. Throws `unknown-characters` or `bad-options` before it disturbs anything. */
  async answer(model: WritingModel, request: GenerateRequest): Promise<void> {
    model.tokenizer.begin(request.prompt);
    checkGenerationOptions({ ...SAMPLING_DEFAULTS, ...request });
    const former = this.#current;
    const current = { cancelled: false, superseded: false, ended: Promise.resolve() };
    this.#current = current;
    if (former) {
      former.cancelled = true;
      former.superseded = true;
    }
    const writing = (former?.ended ?? Promise.resolve()).then(() => this.#stream(model, request, current));
    current.ended = writing.catch(() => {});
    await writing;
  }

  /**
   * A sample of a run, from the beginning of a line; told as it is written. Waits while the run is paused; throws
   * `Stopped` when it stops. `measure`: what its words are looked up in, if that has been read yet.
   */
  async sample(
    { trainer, tokenizer }: WritingModel,
    step: number,
    seed: number,
    measure?: TextMeasure,
  ): Promise<Sample> {
    const options = { ...SAMPLING_DEFAULTS, length: SAMPLE_LENGTH, temperature: SAMPLE_TEMPERATURE, seed };
    const whole = new TextRecord(tokenizer);
    const part = new TextRecord(tokenizer);
    let told = performance.now();
    for await (const { piece, written } of writeText(trainer.sampler, tokenizer, '', options)) {
      whole.add(piece, written);
      part.add(piece, written);
      if (performance.now() - told > INTERVAL_MS) {
        this.#send({ kind: 'sampling', step, ...part.take() });
        told = performance.now();
      }
      await trainer.control.passed(); // a pause or a stop is obeyed between two characters
    }
    const { text, choices } = whole.take();
    return { step, text, choices, counted: measure?.sample(text) };
  }

  async #stream(
    { trainer, tokenizer }: WritingModel,
    { prompt, ...request }: GenerateRequest,
    current: { cancelled: boolean; superseded: boolean },
  ): Promise<void> {
    const part = new TextRecord(tokenizer);
    let told = performance.now();
    try {
      const options = { ...SAMPLING_DEFAULTS, ...request };
      for await (const written of writeText(trainer.generator, tokenizer, prompt, options)) {
        if (current.cancelled) {
          break;
        }
        part.add(written.piece, written.written);
        if (performance.now() - told > INTERVAL_MS) {
          this.#send({ kind: 'generated', ...part.take(), done: false });
          told = performance.now();
        }
      }
    } catch (error) {
      // a new run has taken the model away while a character was on its way
      if (!current.cancelled) {
        throw error;
      }
    }
    if (!current.superseded) {
      this.#send({ kind: 'generated', ...part.take(), done: true });
    }
  }
}
