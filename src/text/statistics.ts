import type { TokenIds } from './corpus.ts';
import type { CharacterTokenizer } from './tokenizer.ts';

/** What can be counted in a text: what a model must beat to know more than that. */
export interface TextStatistics {
  /** The loss of knowing only how frequent each character is, in nats: -sum p(c) ln p(c). */
  unigram: number;
  /** The loss of knowing only how frequent each character is after each other one, in nats: -sum p(b, c) ln p(c | b). */
  bigram: number;
  /** Whether it is made of words that come again, so that a word can be known. */
  wordy: boolean;
  /** Characters of a line on average, or null where there are no line breaks. */
  lineLength: number | null;
}

/** What is counted in a text that a model has written. */
export interface SampleStatistics {
  /** Whole words of at least three letters, and how many of them stand in the text that the model learns. */
  words: number;
  known: number;
  characters: number;
  lineBreaks: number;
}

/** Shorter words come about by chance. */
const LEAST_LETTERS = 3;
/** Ids that are counted in one go: under 10 ms. */
const SLICE = 2 ** 18;
/** Pairs of so many tokens are counted in a table; of more in a map, which holds only those that occur. */
const TABLE = 2048;

/** The words of a text, by their hashes of 32 bits. Two in a billion pairs of words share one. */
class WordSet {
  #table = new Uint32Array(2 ** 12);
  size = 0;

  has(hash: number): boolean {
    return this.#table[this.#place(hash || 1)] !== 0;
  }

  add(hash: number): void {
    const at = this.#place(hash || 1);
    if (this.#table[at] !== 0) return;
    this.#table[at] = hash || 1;
    if (2 * ++this.size > this.#table.length) this.#grow();
  }

  /** Where it stands, or would. */
  #place(hash: number): number {
    const mask = this.#table.length - 1;
    let at = Math.imul(hash, 0x9e3779b1) >>> 7;
    while (this.#table[at & mask] !== 0 && this.#table[at & mask] !== hash) at++;
    return at & mask;
  }

  #grow(): void {
    const before = this.#table;
    this.#table = new Uint32Array(2 * before.length);
    for (const hash of before) if (hash !== 0) this.#table[this.#place(hash)] = hash;
  }
}

/** Finds the words in ids that come one after the other: longest stretches of letters, capital or not. */
class WordReader {
  /** The lower-case code point of each id that is a letter or a mark; 0 for all others. */
  readonly #letters: Uint32Array;
  #hash = 0x811c9dc5;
  #length = 0;

  constructor({ vocabulary }: CharacterTokenizer) {
    this.#letters = Uint32Array.from(vocabulary, (token) =>
      /^[\p{L}\p{M}]$/u.test(token) ? token.toLowerCase().codePointAt(0)! : 0,
    );
  }

  /** The letters of the word that ends before this id, or 0; its hash is `hash` then. */
  push(id: number): number {
    const letter = this.#letters[id]!;
    if (letter !== 0) {
      if (this.#length++ === 0) this.#hash = 0x811c9dc5;
      // Fowler, Noll and Vo's hash, a code point at a time
      this.#hash = Math.imul(this.#hash ^ letter, 0x01000193);
      return 0;
    }
    const length = this.#length;
    this.#length = 0;
    return length;
  }

  get hash(): number {
    return (this.#hash ^ (this.#hash >>> 15)) >>> 0;
  }
}

/** What has been counted in a text, and what is needed to measure what a model has written by it. */
export class TextMeasure {
  readonly statistics: TextStatistics;
  readonly #tokenizer: CharacterTokenizer;
  readonly #words: WordSet;

  private constructor(tokenizer: CharacterTokenizer, statistics: TextStatistics, words: WordSet) {
    this.#tokenizer = tokenizer;
    this.statistics = statistics;
    this.#words = words;
  }

  /** Counts all of a text, in slices: others have their turn between them. */
  static async of(ids: TokenIds, tokenizer: CharacterTokenizer): Promise<TextMeasure> {
    const V = tokenizer.vocab_size;
    const pairs = V <= TABLE ? new Uint32Array(V * V) : new Map<number, number>();
    const reader = new WordReader(tokenizer);
    const words = new WordSet();
    const newline = tokenizer.vocabulary.indexOf('\n');
    let [count, letters, lineBreaks] = [0, 0, 0];
    for (let from = 0; from < ids.length; from += SLICE) {
      const to = Math.min(ids.length, from + SLICE);
      countPairs(ids, from, to, V, pairs);
      for (let i = from; i < to; i++) {
        const id = ids[i]!;
        if (id === newline) lineBreaks++;
        const length = reader.push(id);
        if (length < LEAST_LETTERS) continue;
        words.add(reader.hash);
        count++;
        letters += length;
      }
      if (to < ids.length) await new Promise((resolve) => setTimeout(resolve));
    }
    const wordy = count >= 100 && words.size <= count / 2 && letters / count < 12;
    const lineLength = lineBreaks === 0 ? null : ids.length / lineBreaks;
    return new TextMeasure(tokenizer, { ...entropies(ids, pairs, V), wordy, lineLength }, words);
  }

  /** Counts in a text that begins with a line and may break off within a word. */
  sample(text: string): SampleStatistics {
    const reader = new WordReader(this.#tokenizer);
    let [words, known, lineBreaks] = [0, 0, 0];
    const ids = this.#tokenizer.encode(text);
    for (const id of ids) {
      if (this.#tokenizer.vocabulary[id] === '\n') lineBreaks++;
      if (reader.push(id) < LEAST_LETTERS) continue;
      words++;
      if (this.#words.has(reader.hash)) known++;
    }
    return { words, known, characters: ids.length, lineBreaks };
  }
}

/** Counts each token of a stretch after the one before it. */
function countPairs(
  ids: TokenIds,
  from: number,
  to: number,
  V: number,
  pairs: Uint32Array | Map<number, number>,
): void {
  for (let i = Math.max(1, from); i < to; i++) {
    const pair = ids[i - 1]! * V + ids[i]!;
    if (pairs instanceof Map) pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
    else pairs[pair]!++;
  }
}

/** From the counts of all pairs, and the one token that follows none. */
function entropies(ids: TokenIds, pairs: Uint32Array | Map<number, number>, V: number) {
  const after = new Float64Array(V); // pairs that begin with a token
  const single = new Float64Array(V);
  if (ids.length > 0) single[ids[0]!]! += 1;
  for (const [pair, n] of pairs.entries()) {
    after[Math.floor(pair / V)]! += n;
    single[pair % V]! += n;
  }
  let unigram = 0;
  for (const n of single) if (n > 0) unigram -= (n / ids.length) * Math.log(n / ids.length);
  let bigram = 0;
  for (const [pair, n] of pairs.entries()) {
    if (n > 0) bigram -= (n / (ids.length - 1)) * Math.log(n / after[Math.floor(pair / V)]!);
  }
  return { unigram, bigram };
}
