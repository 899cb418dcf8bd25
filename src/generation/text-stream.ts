/** What stands in decoded text for bytes that are no whole character: one for each stretch that could still become one. */
const REPLACEMENT = '\ufffd';

/** Text by ids. */
interface Decoder {
  decode(ids: ArrayLike<number>): string;
}

/**
 * Text out of ids that come one by one. A character of several bytes can be several tokens, and a token can end one
 * character and begin the next: each character is told once it is whole.
 */
export class TextStream {
  readonly #tokenizer: Decoder;
  /** From the one in which the unfinished character begins. */
  #waiting: number[] = [];
  /** How much of their text has been told. */
  #told = 0;

  constructor(tokenizer: Decoder) {
    this.#tokenizer = tokenizer;
  }

  /** What is certain now; may be empty. */
  push(id: number): string {
    const before = this.#tokenizer.decode(this.#waiting);
    this.#waiting.push(id);
    const text = this.#tokenizer.decode(this.#waiting);
    const unfinished = text.endsWith(REPLACEMENT);
    const certain = unfinished ? text.length - REPLACEMENT.length : text.length;
    const piece = text.slice(this.#told, certain);
    this.#told = certain;
    if (!unfinished) {
      this.#waiting = [];
      this.#told = 0;
    } else if (before !== '' && text === before + this.#tokenizer.decode([id])) {
      // what came before never becomes a character
      this.#waiting = [id];
      this.#told = certain - before.length;
    }
    return piece;
  }

  /** What is left at the end. */
  end(): string {
    const text = this.#tokenizer.decode(this.#waiting).slice(this.#told);
    this.#waiting = [];
    this.#told = 0;
    return text;
  }
}
