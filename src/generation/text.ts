import type { Choice } from './draws.ts';
import type { Generator } from './generator.ts';
import type { GenerationOptions } from './options.ts';
import { TextStream } from './text-stream.ts';

/** What a tokenizer has to know for writing. */
export interface Vocabulary {
  /** The ids that a prompt stands for, the empty one as well. */
  begin(prompt: string): ArrayLike<number>;
  decode(ids: ArrayLike<number>): string;
  /** What becomes of `<|endoftext|>`: a text ends there where the corpus has documents, and otherwise never has it. */
  ending(): { end?: number; never?: number };
}

export interface WritingOptions extends Omit<GenerationOptions, 'never' | 'end'> {
  /** A text ends before the first of these that comes; the empty string never does. */
  stop?: string | readonly string[];
}

/** How a stretch of a text was chosen: a token, and how many UTF-16 code units of the piece are its. */
export interface Written {
  length: number;
  choice: Choice;
}

/** A piece of one of the texts that are being written. */
export interface Piece {
  /** Which of them, from 0 on. */
  text: number;
  piece: string;
  /** The tokens of the piece, in order; their lengths add up to its own. */
  written: readonly Written[];
  /** Whether the text has come to its end: its length, a stop string, or `<|endoftext|>`. */
  done: boolean;
}

/** Holds back what may be the beginning of a stop string until it is known to be none. */
export class StopString {
  readonly #stops: readonly string[];
  #held = '';

  constructor(stops: string | readonly string[]) {
    this.#stops = (typeof stops === 'string' ? [stops] : stops).filter((stop) => stop !== '');
  }

  /** What of the text so far may be shown now, and whether a stop string has come. */
  push(piece: string): { shown: string; stopped: boolean } {
    const text = this.#held + piece;
    const found = this.#stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0);
    if (found.length > 0) {
      this.#held = '';
      return { shown: text.slice(0, Math.min(...found)), stopped: true };
    }
    let held = 0;
    for (const stop of this.#stops) {
      let length = Math.min(text.length, stop.length - 1);
      while (!stop.startsWith(text.slice(text.length - length))) length--;
      held = Math.max(held, length);
    }
    this.#held = text.slice(text.length - held);
    return { shown: text.slice(0, text.length - held), stopped: false };
  }

  /** What is still held back when a text ends otherwise. */
  rest(): string {
    const rest = this.#held;
    this.#held = '';
    return rest;
  }
}

/** The tokens whose text has not been shown yet, wholly or at all. */
class Unshown {
  #waiting: Written[] = [];

  push(length: number, choice: Choice): void {
    this.#waiting.push({ length, choice });
  }

  /** The tokens of the next `length` code units. One that lies on the end is divided; those without any go along. */
  take(length: number): Written[] {
    const taken: Written[] = [];
    let left = length;
    while (left > 0) {
      const first = this.#waiting[0]!;
      const part = Math.min(left, first.length);
      taken.push({ ...first, length: part });
      left -= part;
      if (part < first.length) this.#waiting[0] = { ...first, length: first.length - part };
      else this.#waiting.shift();
    }
    return taken;
  }
}

/**
 * Continues `prompt`, once for each sequence of the generator, piece by piece. The prompt itself is not repeated. Breaking
 * out of the loop ends the writing.
 *
 * Throws `unknown-characters` for a prompt that the vocabulary lacks, and `bad-options`.
 */
export async function* writeText(
  generator: Generator,
  vocabulary: Vocabulary,
  prompt: string,
  { stop = '', ...options }: WritingOptions,
): AsyncGenerator<Piece> {
  const { end, never } = vocabulary.ending();
  const texts = Array.from({ length: generator.decoder.sequences }, () => ({
    stop: new StopString(stop),
    stream: new TextStream(vocabulary),
    unshown: new Unshown(),
    done: false,
  }));
  let written = 0;
  for await (const draws of generator.generate(vocabulary.begin(prompt), { ...options, never })) {
    const last = ++written === options.length;
    for (const [number, text] of texts.entries()) {
      if (text.done) {
        continue;
      }
      const token = draws.token(number);
      const ended = token === end;
      const whole = ended ? text.stream.end() : text.stream.push(token) + (last ? text.stream.end() : '');
      text.unshown.push(whole.length, draws.choice(number));
      const { shown, stopped } = text.stop.push(whole);
      text.done = ended || stopped || last;
      const piece = text.done && !stopped ? shown + text.stop.rest() : shown;
      if (piece !== '' || text.done) {
        yield { text: number, piece, written: text.unshown.take(piece.length), done: text.done };
      }
    }
    if (texts.every(({ done }) => done)) {
      return;
    }
  }
}
