import { InklingError } from '../gpu/errors.ts';
import { CharacterTokenizer, END_OF_TEXT } from './tokenizer.ts';

/** The most distinct characters that a text may have: more is a sign of a script that wants another tokenizer. */
export const MOST_CHARACTERS = 4096;

/** Characters of a text that are shown of it. */
const PREVIEW_LENGTH = 400;

/** Token ids, in as few bits as their vocabulary allows. */
export type TokenIds = Uint8Array | Uint16Array | Uint32Array;

/** A text as the model sees it. */
export interface Corpus {
  tokenizer: CharacterTokenizer;
  ids: TokenIds;
}

/** An array for `length` ids of a vocabulary: 8 bits each up to 256 tokens, else 16. */
export function allocateIds(length: number, vocab_size: number): Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> {
  return vocab_size <= 256 ? new Uint8Array(length) : new Uint16Array(length);
}

/**
 * Makes a corpus from a text that comes piece by piece, in one pass and with the memory of the ids alone.
 *
 * `<|endoftext|>` in the text separates documents: it becomes the reserved id, not thirteen characters, also where it is
 * cut between two pieces. Until the end is known, a character's id is its place in the order of first appearance, from 1
 * on, and 0 is the separator; then all are renamed to the order of code points.
 */
export class CorpusBuilder {
  /** Code point -> provisional id; 0 where it has not been seen. */
  readonly #provisional = new Uint16Array(0x110000);
  /** Code points by provisional id - 1. */
  readonly #points: number[] = [];
  #ids: Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;
  #length = 0;
  #documents = false;
  /** The beginning of a separator that the next piece may complete. */
  #held = '';
  #preview = '';

  /** `expected`: about how many characters will come. More may; memory is moved then. */
  constructor(expected: number) {
    this.#ids = new Uint8Array(Math.max(expected, 1024));
  }

  /** Appends whole code points. */
  add(piece: string): void {
    const text = this.#held === '' ? piece : this.#held + piece;
    if (this.#preview.length < 2 * PREVIEW_LENGTH) {
      this.#preview += piece.slice(0, 2 * PREVIEW_LENGTH);
    }
    let from = 0;
    for (let at = text.indexOf(END_OF_TEXT); at >= 0; at = text.indexOf(END_OF_TEXT, from)) {
      this.#addCharacters(text, from, at);
      this.#addSeparator();
      from = at + END_OF_TEXT.length;
    }
    const held = cutSeparator(text.slice(Math.max(from, text.length - END_OF_TEXT.length + 1)));
    this.#addCharacters(text, from, text.length - held.length);
    this.#held = held;
  }

  /** The corpus, and its beginning as a person reads it. Throws `empty-text` or `too-many-characters`. */
  finish(): Corpus & { preview: string } {
    this.#addCharacters(this.#held, 0, this.#held.length);
    this.#held = '';
    const points = Uint32Array.from(this.#points).sort();
    const characters = Array.from(points, (point) => String.fromCodePoint(point));
    if (characters.join('').trim() === '') {
      throw new InklingError('empty-text', 'The text is empty.', 'Choose a file with words in it, or paste some.');
    }
    if (characters.length > MOST_CHARACTERS) {
      throw new InklingError(
        'too-many-characters',
        `The text has ${group(characters.length)} different characters, and the most that can be learnt is ${group(MOST_CHARACTERS)}.`,
        'Choose a text in an alphabetic script, or a part of this one.',
      );
    }
    const names = new Uint16Array(points.length + 1);
    names[0] = points.length;
    points.forEach((point, id) => {
      names[this.#provisional[point]!] = id;
    });
    const ids = this.#ids.subarray(0, this.#length);
    for (let i = 0; i < ids.length; i++) ids[i] = names[ids[i]!]!;
    const tokenizer = CharacterTokenizer.ofVocabulary([...characters, END_OF_TEXT], this.#documents);
    const preview = Array.from(this.#preview.replaceAll(END_OF_TEXT, '\n')).slice(0, PREVIEW_LENGTH).join('');
    return { tokenizer, ids, preview };
  }

  #addCharacters(text: string, from: number, to: number): void {
    this.#reserve(this.#length + to - from);
    for (let i = from; i < to; i++) {
      let point = text.charCodeAt(i);
      if (point >= 0xd800 && point < 0xdc00) {
        point = text.codePointAt(i)!;
        if (point > 0xffff) i++;
      }
      const id = this.#provisional[point] || this.#learn(point); // may replace the array
      this.#ids[this.#length++] = id;
    }
  }

  #addSeparator(): void {
    this.#reserve(this.#length + 1);
    this.#ids[this.#length++] = 0;
    this.#documents = true;
  }

  /** The provisional id of a code point that comes for the first time. */
  #learn(point: number): number {
    this.#points.push(point);
    const id = Math.min(this.#points.length, 0xffff); // so many are refused in the end
    this.#provisional[point] = id;
    if (id === 256) {
      const wider = new Uint16Array(this.#ids.length);
      wider.set(this.#ids);
      this.#ids = wider;
    }
    return id;
  }

  #reserve(length: number): void {
    if (length > this.#ids.length) {
      const larger = new (this.#ids instanceof Uint8Array ? Uint8Array : Uint16Array)(
        Math.max(length, 2 * this.#ids.length),
      );
      larger.set(this.#ids);
      this.#ids = larger;
    }
  }
}

/** The longest end of `text` that begins a separator without completing it. */
function cutSeparator(text: string): string {
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at + 1)) {
    if (END_OF_TEXT.startsWith(text.slice(at))) return text.slice(at);
  }
  return '';
}

/** The corpus of a text that is there as a whole. */
export function corpusOf(text: string): Corpus & { preview: string } {
  const builder = new CorpusBuilder(text.length);
  builder.add(text);
  return builder.finish();
}

function group(count: number): string {
  return count.toLocaleString('en-US');
}

/**
 * Refuses a text that can't be trained on, `short-text`: its training or its validation part is shorter than one window
 * of `block_size` + 1 tokens.
 */
export function checkLength({ ids }: Pick<Corpus, 'ids'>, block_size: number): void {
  const needed = 10 * block_size + 1;
  if (ids.length < needed) {
    throw new InklingError(
      'short-text',
      block_size === 1
        ? `The text has ${group(ids.length)} characters, and at least ${group(needed)} are needed.`
        : `The text has ${group(ids.length)} characters, and a context of ${block_size} needs at least ${group(needed)}.`,
      block_size === 1 ? 'Choose a longer text.' : 'Choose a longer text, or a smaller context.',
    );
  }
}

/** The two parts of a corpus, as views: training sees only `train`. */
export interface Split {
  train: TokenIds;
  val: TokenIds;
}

/** The first 90 % of the ids for training and the last 10 % (rounded up) for validation. */
export function splitCorpus(ids: TokenIds): Split {
  const n = Math.floor((ids.length * 9) / 10);
  return { train: ids.subarray(0, n), val: ids.subarray(n) };
}
