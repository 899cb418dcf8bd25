import { InklingError } from '../gpu/errors.ts';
import { listCharacters } from './characters.ts';

/** The reserved last token: it separates documents, and other programs stop at it. */
export const END_OF_TEXT = '<|endoftext|>';

const CODE_POINTS = 0x110000;

/** The id of a code point that has none. */
const NONE = -1;

/** Distinct code points of a text, ascending. */
function distinct(text: string): number[] {
  const seen = new Uint8Array(CODE_POINTS);
  for (let i = 0; i < text.length; i++) {
    const point = text.codePointAt(i)!;
    seen[point] = 1;
    if (point > 0xffff) i++;
  }
  const points: number[] = [];
  for (let point = 0; point < CODE_POINTS; point++) if (seen[point]) points.push(point);
  return points;
}

/**
 * One token a Unicode code point, and `<|endoftext|>` as the last id.
 *
 * Half of a surrogate pair counts as a character of its own, so that every string comes back as it was.
 */
export class CharacterTokenizer {
  /** The token of each id; the last is `<|endoftext|>`. */
  readonly vocabulary: readonly string[];
  /** V, `<|endoftext|>` included. */
  readonly vocab_size: number;
  /** The id of `<|endoftext|>`: V - 1. */
  readonly endOfText: number;
  /** Whether the text is a list of documents, so that there is something to learn about `<|endoftext|>`. */
  readonly documents: boolean;
  /** Code point -> id, up to the largest code point of the vocabulary. */
  readonly #ids: Int32Array;

  private constructor(characters: readonly string[], documents: boolean) {
    this.documents = documents;
    this.vocabulary = [...characters, END_OF_TEXT];
    this.vocab_size = this.vocabulary.length;
    this.endOfText = characters.length;
    const points = characters.map((character) => character.codePointAt(0)!);
    this.#ids = new Int32Array(points.reduce((most, point) => Math.max(most, point), 0) + 1).fill(NONE);
    points.forEach((point, id) => {
      this.#ids[point] = id;
    });
  }

  /** The tokenizer of a text's own characters, sorted by code point. */
  static from(text: string): CharacterTokenizer {
    return new CharacterTokenizer(
      distinct(text).map((point) => String.fromCodePoint(point)),
      false,
    );
  }

  /** The tokenizer that a checkpoint names. Throws `bad-vocabulary`. */
  static ofVocabulary(vocabulary: readonly string[], documents = false): CharacterTokenizer {
    const refuse = (fault: string): never => {
      throw new InklingError(
        'bad-vocabulary',
        `The model's vocabulary ${fault}.`,
        'The file is damaged or comes from another program: take another one.',
      );
    };
    if (!Array.isArray(vocabulary)) refuse('is no list of characters');
    if (vocabulary.at(-1) !== END_OF_TEXT) refuse(`does not end with ${END_OF_TEXT}`);
    const characters = vocabulary.slice(0, -1);
    characters.forEach((character, id) => {
      const point = typeof character === 'string' ? character.codePointAt(0) : undefined;
      if (point === undefined || character !== String.fromCodePoint(point)) refuse(`has no single character at ${id}`);
    });
    if (new Set(characters).size !== characters.length) refuse('holds a character twice');
    return new CharacterTokenizer(characters, documents);
  }

  /** Whether a character (a single code point) has an id. */
  has(character: string): boolean {
    return (this.#ids[character.codePointAt(0)!] ?? NONE) !== NONE;
  }

  /** The ids of a text, one a code point. Throws `unknown-characters`, naming them. */
  encode(text: string): Uint32Array<ArrayBuffer> {
    const ids = new Uint32Array(text.length);
    let unknown: Set<string> | undefined;
    let n = 0;
    for (let i = 0; i < text.length; i++) {
      const point = text.codePointAt(i)!;
      if (point > 0xffff) i++;
      const id = point < this.#ids.length ? this.#ids[point]! : NONE;
      if (id === NONE) {
        unknown ??= new Set();
        unknown.add(String.fromCodePoint(point));
      } else {
        ids[n++] = id;
      }
    }
    if (unknown) throw unknownCharacters([...unknown]);
    return n < ids.length ? ids.slice(0, n) : ids;
  }

  /** What an empty prompt stands for: the beginning of a line, or of a document. */
  startOfText(): number[] {
    if (this.documents) return [this.endOfText];
    const newline = this.vocabulary.indexOf('\n');
    return [newline >= 0 ? newline : this.endOfText];
  }

  /** The ids that a generator goes on from. Where there are documents, a prompt is the beginning of one. */
  begin(prompt: string): number[] {
    if (prompt === '') return this.startOfText();
    return [...(this.documents ? [this.endOfText] : []), ...this.encode(prompt)];
  }

  /** What a generator does with `<|endoftext|>`: ends there, where there are documents, and else never draws it. */
  ending(): { end?: number; never?: number } {
    return this.documents ? { end: this.endOfText } : { never: this.endOfText };
  }

  /** The text of some ids; `<|endoftext|>` is written out. */
  decode(ids: ArrayLike<number>): string {
    return Array.from(ids, (id) => {
      const token = this.vocabulary[id];
      if (token === undefined) throw new RangeError(`There is no token ${id} in a vocabulary of ${this.vocab_size}.`);
      return token;
    }).join('');
  }
}

function unknownCharacters(characters: string[]): InklingError {
  const [subject, them] = characters.length === 1 ? ['The character', 'it'] : ['The characters', 'them'];
  return new InklingError(
    'unknown-characters',
    `${subject} ${listCharacters(characters)} ${characters.length === 1 ? 'is' : 'are'} not in the text that the model learnt.`,
    `Leave ${them} out, or train on a text that has ${them}.`,
  );
}
