import { ALTERNATIVES, RECORD_NUMBERS } from '../graph/operators/window.ts';

/** How likely a token was when it was drawn. Probabilities are numbers from 0 to 1; see draw_token.wgsl. */
export interface Choice {
  token: number;
  /** By the plain softmax of the logits: at temperature 1, with no penalty and nothing left out. */
  probability: number;
  /** The probability with which it was drawn, under the options of the draw; 1 at temperature 0. */
  drawnWith: number;
  /** The likeliest tokens by that softmax, the likeliest first; as many as the vocabulary has, five at most. */
  likeliest: { token: number; probability: number }[];
}

/** One token of each of B sequences, drawn in one step, as the GPU has recorded it. */
export class Draws {
  /** (B, RECORD_NUMBERS). */
  readonly #words: Uint32Array;
  #numbers: Float32Array | undefined;

  constructor(words: Uint32Array) {
    this.#words = words;
  }

  /** The id that was drawn for sequence `b`. */
  token(b: number): number {
    return this.#words[b * RECORD_NUMBERS]!;
  }

  /** How likely it was, and what else was likely. A model that has diverged gives probabilities of 0. */
  choice(b: number): Choice {
    const words = this.#words;
    this.#numbers ??= new Float32Array(words.buffer, words.byteOffset, words.length);
    const at = b * RECORD_NUMBERS;
    const share = (i: number) => Math.min(1, Math.max(0, this.#numbers![at + i]! || 0));
    const likeliest = Array.from({ length: ALTERNATIVES }, (_, n) => ({
      token: words[at + 3 + n]!,
      probability: share(3 + ALTERNATIVES + n),
    })).filter(({ probability }) => probability > 0);
    return { token: words[at]!, probability: share(1), drawnWith: share(2), likeliest };
  }
}
