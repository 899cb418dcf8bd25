/** Numbers of `shares` for each character: two probabilities of its own, and those of the five likeliest. */
export const SHARES = 7;
/** Numbers of `likeliest` for each character. */
export const LIKELIEST = 5;
/** What stands in `likeliest` for the end of a text; no character has this number. */
export const END = 0xffff;
/** What a probability of 1 is in `shares`. */
export const ONE = 65535;

/** How likely each character of a text was, and what else was likely: about 24 bytes a character (code point). */
export interface Choices {
  /** (characters, SHARES): by the plain softmax, as it was drawn, and by the plain softmax for each of the likeliest. */
  shares: Uint16Array<ArrayBuffer>;
  /** (characters, LIKELIEST): code points, the likeliest first. Where the share is 0 there is none. */
  likeliest: Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
}
