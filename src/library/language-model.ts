import type { Generator } from '../generation/generator.ts';
import { type OpenGenerator, openGenerator } from '../generation/open.ts';
import { SAMPLING_DEFAULTS } from '../generation/options.ts';
import { type WritingOptions, writeText } from '../generation/text.ts';
import { causeOf, type Device } from '../gpu/device.ts';
import type { GPTConfig } from '../model/config.ts';
import { layoutOf } from '../model/parameters.ts';
import type { Weights } from '../model/quantization.ts';
import { adaptCorpus } from '../text/adapt.ts';
import type { Tokenizer } from '../text/byte-pair.ts';
import type { TokenIds } from '../text/corpus.ts';
import { readCorpus, sourceOf } from '../text/read.ts';
import { CharacterTokenizer } from '../text/tokenizer.ts';
import { textLoss } from '../training/text-loss.ts';

/** How to write; see `SAMPLING_DEFAULTS` for what is left out: 300 characters at temperature 0.8. */
export type WriteOptions = Partial<WritingOptions>;

/** What every model can do, however its weights are kept: write, and say how well it predicts a text. */
export abstract class LanguageModel {
  protected readonly device: Device;
  protected readonly tokenizer: Tokenizer;
  /** Of the present weights, once something has been written with them. */
  #writer: Promise<OpenGenerator> | undefined;

  protected constructor(device: Device, tokenizer: Tokenizer) {
    this.device = device;
    this.tokenizer = tokenizer;
  }

  abstract get config(): GPTConfig;
  /** That it writes and predicts with. */
  protected abstract get weights(): Weights;

  /** Learnable numbers. */
  get parameters(): number {
    return layoutOf(this.config).count;
  }

  /** The characters that it knows, and `<|endoftext|>`; the tokens of a model that came with a tokenizer of its own. */
  get vocabulary(): readonly string[] {
    return this.tokenizer.vocabulary;
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
    try {
      const generator = await this.generator();
      for await (const { piece } of writeText(generator, this.tokenizer, prompt, {
        ...SAMPLING_DEFAULTS,
        ...options,
      })) {
        yield piece;
      }
    } catch (error) {
      throw await causeOf(this.device, error);
    }
  }

  /** The mean loss over every token of a text but the first, in nats; a token is a character where there is no other tokenizer. */
  async evaluate(text: string): Promise<number> {
    const { ids } = await this.read(text);
    try {
      return await textLoss(this.device, this.config, this.weights, ids);
    } catch (error) {
      throw await causeOf(this.device, error);
    }
  }

  /** Gives its memory on the GPU back; it takes new memory when it is used again. */
  async release(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    (await writer?.catch(() => undefined))?.destroy(); // whoever writes has been told why there is none
  }

  /** A text in the model's ids. */
  protected async read(text: string): Promise<{ ids: TokenIds; sha256: string }> {
    const corpus = await readCorpus(sourceOf('text', text));
    if (!(this.tokenizer instanceof CharacterTokenizer)) {
      return { ids: this.tokenizer.encode(text), sha256: corpus.sha256 };
    }
    const hint = 'Leave them out, or create the model with a text that has them.';
    return { ids: adaptCorpus(corpus, this.tokenizer, undefined, hint).ids, sha256: corpus.sha256 };
  }

  /** Writes with the present weights. */
  protected async generator(): Promise<Generator> {
    this.#writer ??= openGenerator(this.device, this.config, this.weights).catch((error) => {
      this.#writer = undefined; // the next call may find memory
      throw error;
    });
    return (await this.#writer).generator;
  }
}
