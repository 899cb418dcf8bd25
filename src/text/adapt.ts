import { InklingError } from '../gpu/errors.ts';
import { describeCharacter } from './characters.ts';
import { allocateIds, type Corpus } from './corpus.ts';
import { CharacterTokenizer, END_OF_TEXT } from './tokenizer.ts';

/** What becomes of characters that a model does not know: new rows of the model, or left out of the text. */
export const UNKNOWN_CHOICES = ['add', 'drop'] as const;
export type UnknownChoice = (typeof UNKNOWN_CHOICES)[number];

/** Characters that a sentence gives with their numbers, and characters that it gives at all. */
const NUMBERED = 6;
const LISTED = 40;

/** Characters of a text that a vocabulary lacks, in the order of code points. */
export function unknownCharacters({ tokenizer }: Corpus, known: CharacterTokenizer): string[] {
  return tokenizer.vocabulary.slice(0, -1).filter((character) => !known.has(character));
}

/** `“é” (U+00E9), “ß” (U+00DF)`; a longer list gives numbers only to what cannot be seen, and ends with `and 3 more`. */
export function listCharacters(characters: readonly string[]): string {
  const describe = (character: string) => {
    const description = describeCharacter(character);
    return characters.length > NUMBERED ? description.replace(/^(“.*”) .*$/su, '$1') : description;
  };
  const listed = characters.slice(0, LISTED).map(describe).join(', ');
  return characters.length > LISTED ? `${listed} and ${characters.length - LISTED} more` : listed;
}

/**
 * A text in the ids of a vocabulary that a model has learnt. Characters that it lacks are left out, or get ids of their
 * own between its characters, whose ids stay, and `<|endoftext|>`, which stays last.
 *
 * Throws `unknown-characters` where there are some and nothing has been chosen; `hint` says how to choose.
 */
export function adaptCorpus(
  corpus: Corpus,
  known: CharacterTokenizer,
  choice: UnknownChoice | undefined,
  hint: string,
): Corpus {
  const unknown = unknownCharacters(corpus, known);
  if (unknown.length > 0 && choice === undefined) {
    throw new InklingError(
      'unknown-characters',
      `The model does not know ${unknown.length} of the text’s characters: ${listCharacters(unknown)}.`,
      hint,
    );
  }
  const characters = [...known.vocabulary.slice(0, -1), ...(choice === 'add' ? unknown : [])];
  const tokenizer = CharacterTokenizer.ofVocabulary([...characters, END_OF_TEXT], corpus.tokenizer.documents);
  const DROPPED = 0xffff;
  const idOf = new Map(tokenizer.vocabulary.map((token, id) => [token, id]));
  const renamed = Uint16Array.from(corpus.tokenizer.vocabulary, (token) => idOf.get(token) ?? DROPPED);
  const ids = allocateIds(corpus.ids.length, tokenizer.vocab_size);
  if (ids.BYTES_PER_ELEMENT === corpus.ids.BYTES_PER_ELEMENT && renamed.every((id, old) => id === old)) {
    return { tokenizer, ids: corpus.ids }; // a text that the model has learnt, most often: nothing to rename
  }
  let length = 0;
  for (let i = 0; i < corpus.ids.length; i++) {
    const id = renamed[corpus.ids[i]!]!;
    if (id !== DROPPED) ids[length++] = id;
  }
  return { tokenizer, ids: ids.subarray(0, length) };
}
