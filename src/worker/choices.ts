import type { Written } from '../generation/text.ts';
import { type Choices, END, LIKELIEST, ONE, SHARES } from '../storage/choices.ts';
import type { CharacterTokenizer } from '../text/tokenizer.ts';

/** A text as it grows, with how each character was chosen. */
export class TextRecord {
  text = '';
  readonly #tokenizer: CharacterTokenizer;
  #written: Written[] = [];

  constructor(tokenizer: CharacterTokenizer) {
    this.#tokenizer = tokenizer;
  }

  add(piece: string, written: readonly Written[]): void {
    this.text += piece;
    for (const one of written) this.#written.push(one);
  }

  /** What has come since the last time. */
  take(): { text: string; choices: Choices } {
    const taken = { text: this.text, choices: pack(this.#written, this.#tokenizer) };
    this.text = '';
    this.#written = [];
    return taken;
  }
}

/** Tokens of one character each, as they are told and kept. */
export function pack(written: readonly Written[], { vocabulary, endOfText }: CharacterTokenizer): Choices {
  const shares = new Uint16Array(SHARES * written.length);
  const codes = new Uint32Array(LIKELIEST * written.length);
  for (const [n, { choice }] of written.entries()) {
    const { probability, drawnWith, likeliest } = choice;
    const all = [probability, drawnWith, ...likeliest.map((one) => one.probability)];
    for (const [i, share] of all.entries()) shares[SHARES * n + i] = Math.round(ONE * share);
    for (const [i, { token }] of likeliest.entries()) {
      codes[LIKELIEST * n + i] = token === endOfText ? END : vocabulary[token]!.codePointAt(0)!;
    }
  }
  return { shares, likeliest: codes.every((code) => code <= END) ? Uint16Array.from(codes) : codes };
}
