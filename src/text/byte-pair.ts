import { Tokenizer as Library } from '@huggingface/tokenizers';
import { InklingError } from '../gpu/errors.ts';
import { CharacterTokenizer, END_OF_TEXT } from './tokenizer.ts';

/** What generation and training ask of a tokenizer. */
export type Tokenizer = Pick<
  CharacterTokenizer,
  'vocabulary' | 'vocab_size' | 'endOfText' | 'documents' | 'encode' | 'decode' | 'startOfText' | 'begin' | 'ending'
>;

/** Characters that are encoded at a time, at least; the cut is made before a space, which begins a token. */
const PIECE = 1 << 16;

/** Between a word and a space. Cut within a row of spaces and line ends, these would become other tokens. */
const BEFORE_SPACE = /(?<=\S)(?= )/g;

/** A byte-pair tokenizer (Sennrich et al., 2016, arXiv 1508.07909) as a Hugging Face `tokenizer.json` describes it. */
export class BytePairTokenizer implements Tokenizer {
  readonly vocabulary: readonly string[];
  readonly vocab_size: number;
  /** The id of `<|endoftext|>`; -1 without one. */
  readonly endOfText: number;
  /** A prompt is what it is, not the beginning of a document. */
  readonly documents = false;
  readonly #library: Library;

  /** `vocabulary`: the token of each id, as the file spells it. Throws `bad-tokenizer`. */
  constructor(json: string, vocabulary: readonly string[]) {
    this.vocabulary = vocabulary;
    this.vocab_size = vocabulary.length;
    this.endOfText = vocabulary.indexOf(END_OF_TEXT);
    try {
      this.#library = new Library(JSON.parse(json), { clean_up_tokenization_spaces: false });
      this.decode([...this.encode('a b')]);
    } catch (error) {
      throw new InklingError(
        'bad-tokenizer',
        `Its tokenizer.json cannot be used: ${error instanceof Error ? error.message.split('\n')[0] : error}.`,
        'Take another copy, or a GPT-2 whose tokenizer is byte-pair encoding.',
      );
    }
  }

  encode(text: string): Uint32Array<ArrayBuffer> {
    const ids: number[] = [];
    for (let at = 0; at < text.length; ) {
      BEFORE_SPACE.lastIndex = at + PIECE;
      const end = BEFORE_SPACE.exec(text)?.index ?? text.length;
      for (const id of this.#library.encode(text.slice(at, end), { add_special_tokens: false }).ids) ids.push(id);
      at = end;
    }
    return Uint32Array.from(ids);
  }

  decode(ids: ArrayLike<number>): string {
    return ids.length === 0 ? '' : this.#library.decode(Array.from(ids), { skip_special_tokens: false });
  }

  startOfText(): number[] {
    const newline = this.encode('\n');
    return this.endOfText >= 0 ? [this.endOfText] : [newline[0] ?? 0];
  }

  begin(prompt: string): number[] {
    return prompt === '' ? this.startOfText() : [...this.encode(prompt)];
  }

  ending(): { end?: number } {
    return this.endOfText >= 0 ? { end: this.endOfText } : {};
  }
}

/** The tokenizer of a model: one token a character, unless it came with another. Throws `bad-vocabulary` or `bad-tokenizer`. */
export function tokenizerOf(vocabulary: readonly string[], json?: string, documents = false): Tokenizer {
  return json === undefined
    ? CharacterTokenizer.ofVocabulary(vocabulary, documents)
    : new BytePairTokenizer(json, vocabulary);
}
