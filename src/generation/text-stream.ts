/** What stands in decoded text for bytes that are no whole character. */
const REPLACEMENT = '\ufffd';

/** Text by ids. */
interface Decoder {
  decode(ids: ArrayLike<number>): string;
}

/**
 * Text out of ids that come one by one. A character of several bytes can be several tokens: it is told once it is whole.
 */
export class TextStream {
  readonly #tokenizer: Decoder;
  #waiting: number[] = [];

  constructor(tokenizer: Decoder) {
    this.#tokenizer = tokenizer;
  }

  /** What is certain now; may be empty. */
  push(id: number): string {
    this.#waiting.push(id);
    const text = this.#tokenizer.decode(this.#waiting);
    // four bytes make the longest character: what is not whole by then never will be
    if (text.endsWith(REPLACEMENT) && this.#waiting.length < 4) return '';
    this.#waiting = [];
    return text;
  }

  /** What is left at the end. */
  end(): string {
    const text = this.#waiting.length > 0 ? this.#tokenizer.decode(this.#waiting) : '';
    this.#waiting = [];
    return text;
  }
}
