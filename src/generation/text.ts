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
  /** A text ends before the first of these. */
  stop?: string;
}

/** A piece of one of the texts that are being written. */
export interface Piece {
  /** Which of them, from 0 on. */
  text: number;
  piece: string;
  /** Whether the text has come to its end: its length, a stop string, or `<|endoftext|>`. */
  done: boolean;
}

/** Holds back what may be the beginning of a stop string until it is known to be none. */
export class StopString {
  readonly #stop: string;
  #held = '';

  constructor(stop: string) {
    this.#stop = stop;
  }

  /** What of the text so far may be shown now, and whether the stop string has come. */
  push(piece: string): { shown: string; stopped: boolean } {
    const text = this.#held + piece;
    if (this.#stop === '') {
      return { shown: text, stopped: false };
    }
    const found = text.indexOf(this.#stop);
    if (found >= 0) {
      this.#held = '';
      return { shown: text.slice(0, found), stopped: true };
    }
    let held = Math.min(text.length, this.#stop.length - 1);
    while (!this.#stop.startsWith(text.slice(text.length - held))) {
      held--;
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
    done: false,
  }));
  let written = 0;
  for await (const tokens of generator.generate(vocabulary.begin(prompt), { ...options, never })) {
    const last = ++written === options.length;
    for (const [number, text] of texts.entries()) {
      if (text.done) {
        continue;
      }
      const ended = tokens[number] === end;
      const whole = ended ? text.stream.end() : text.stream.push(tokens[number]!);
      const { shown, stopped } = text.stop.push(last && !ended ? whole + text.stream.end() : whole);
      text.done = ended || stopped || last;
      const piece = text.done && !stopped ? shown + text.stop.rest() : shown;
      if (piece !== '' || text.done) {
        yield { text: number, piece, done: text.done };
      }
    }
    if (texts.every(({ done }) => done)) {
      return;
    }
  }
}
