import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { adaptCorpus, listCharacters, unknownCharacters } from '../../src/text/adapt.ts';
import { corpusOf } from '../../src/text/corpus.ts';
import { CharacterTokenizer, END_OF_TEXT } from '../../src/text/tokenizer.ts';

const known = CharacterTokenizer.ofVocabulary(['c', 'b', 'a', END_OF_TEXT]);
const text = fc
  .string({ unit: fc.constantFrom('a', 'b', 'c', 'd', 'é', END_OF_TEXT), minLength: 1, maxLength: 60 })
  .map((body) => `a${body}`);

describe('a text in the ids of a model', () => {
  test('keeps the ids of known characters; unknown ones come after them, and the end stays last', () => {
    fc.assert(
      fc.property(text, (text) => {
        const { ids, tokenizer } = adaptCorpus(corpusOf(text), known, 'add', '');
        expect(tokenizer.decode(ids)).toBe(text);
        expect(tokenizer.vocabulary.slice(0, 3)).toEqual(['c', 'b', 'a']);
        expect(tokenizer.vocabulary.slice(3, -1)).toEqual(
          ['d', 'é'].filter((c) => text.replaceAll(END_OF_TEXT, '').includes(c)),
        );
        expect(tokenizer.vocabulary.at(-1)).toBe(END_OF_TEXT);
      }),
    );
  });

  test('or leaves them out', () => {
    fc.assert(
      fc.property(text, (text) => {
        const { ids, tokenizer } = adaptCorpus(corpusOf(text), known, 'drop', '');
        const kept = text.split(END_OF_TEXT).map((part) => part.replace(/[dé]/g, ''));
        expect(tokenizer.decode(ids)).toBe(kept.join(END_OF_TEXT));
        expect(tokenizer.vocabulary).toEqual(known.vocabulary);
      }),
    );
  });

  test('asks for the choice where there is one to make, and lists what it is about', () => {
    const corpus = corpusOf('adé');
    expect(unknownCharacters(corpus, known)).toEqual(['d', 'é']);
    expect(() => adaptCorpus(corpus, known, undefined, 'Choose.')).toThrow(
      expect.objectContaining({
        code: 'unknown-characters',
        message: 'The model does not know 2 of the text’s characters: “d” (U+0064), “é” (U+00E9).',
        hint: 'Choose.',
      }),
    );
    expect([...adaptCorpus(corpusOf('abc'), known, undefined, '').ids]).toEqual([2, 1, 0]);
    expect(listCharacters([...'abcdef\n'])).toBe('“a”, “b”, “c”, “d”, “e”, “f”, line break (U+000A)');
    expect(listCharacters(Array.from({ length: 43 }, () => 'x'))).toMatch(/^“x”, .*“x” and 3 more$/);
  });

  test('is not copied where nothing changes', () => {
    const corpus = corpusOf('abc');
    expect(adaptCorpus(corpus, corpus.tokenizer, undefined, '').ids).toBe(corpus.ids);
  });

  test('takes 16 bits when added characters ask for it', () => {
    const many = String.fromCodePoint(...Array.from({ length: 254 }, (_, i) => 0x400 + i));
    const { ids, tokenizer } = adaptCorpus(corpusOf(`abc${many}`.slice(0, 255)), known, 'add', '');
    expect(tokenizer.vocab_size).toBe(256);
    expect(ids).toBeInstanceOf(Uint8Array);
    const wide = adaptCorpus(corpusOf(many), known, 'add', '');
    expect(wide.tokenizer.vocab_size).toBe(258);
    expect(wide.ids).toBeInstanceOf(Uint16Array);
    expect(wide.tokenizer.decode(wide.ids)).toBe(many);
  });
});
