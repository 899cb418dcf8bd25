import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeCharacter } from '../../src/text/characters.ts';
import { CharacterTokenizer, END_OF_TEXT } from '../../src/text/tokenizer.ts';

/** Any string: every plane, and halves of surrogate pairs. */
const anyString = fc.string({ unit: 'binary', maxLength: 200 });
const brokenString = fc.array(fc.integer({ min: 0xd7f0, max: 0xe010 }), { maxLength: 60 }).map((units) => {
  return String.fromCharCode(...units);
});

describe('CharacterTokenizer', () => {
  test('has one token a code point, sorted, and the end of text last', () => {
    const tokenizer = CharacterTokenizer.from('ba\n你é😀ab');
    expect(tokenizer.vocabulary).toEqual(['\n', 'a', 'b', 'é', '你', '😀', END_OF_TEXT]);
    expect(tokenizer.vocab_size).toBe(7);
    expect(tokenizer.endOfText).toBe(6);
    expect([...tokenizer.encode('b😀a')]).toEqual([2, 5, 1]);
    expect(tokenizer.decode([2, 5, 1, 6])).toBe(`b😀a${END_OF_TEXT}`);
  });

  test('reads the name of the end token in a text as ordinary characters', () => {
    const tokenizer = CharacterTokenizer.from(END_OF_TEXT);
    const ids = tokenizer.encode(END_OF_TEXT);
    expect(ids).toHaveLength(END_OF_TEXT.length);
    expect(ids).not.toContain(tokenizer.endOfText);
  });

  test('gives every string back as it was, whatever its characters', () => {
    fc.assert(
      fc.property(fc.oneof(anyString, brokenString), (text) => {
        const tokenizer = CharacterTokenizer.from(text);
        const ids = tokenizer.encode(text);
        expect(ids).toHaveLength([...text].length);
        expect(tokenizer.decode(ids)).toBe(text);
        const sorted = tokenizer.vocabulary.slice(0, -1).map((character) => character.codePointAt(0)!);
        expect(sorted).toEqual([...new Set([...text].map((c) => c.codePointAt(0)!))].sort((a, b) => a - b));
      }),
      { numRuns: 300 },
    );
  });

  test('comes back from its vocabulary, as a checkpoint does', () => {
    fc.assert(
      fc.property(fc.oneof(anyString, brokenString), (text) => {
        const tokenizer = CharacterTokenizer.from(text);
        const again = CharacterTokenizer.ofVocabulary(JSON.parse(JSON.stringify(tokenizer.vocabulary)));
        expect(again.vocabulary).toEqual(tokenizer.vocabulary);
        expect(again.encode(text)).toEqual(tokenizer.encode(text));
      }),
    );
  });

  test('begins and ends with a document, where it has learnt some', () => {
    const [book, list] = [false, true].map((documents) =>
      CharacterTokenizer.ofVocabulary(['\n', 'a', END_OF_TEXT], documents),
    );
    expect([book!.begin(''), book!.begin('a'), book!.ending()]).toEqual([[0], [1], { never: 2 }]);
    expect([list!.begin(''), list!.begin('a'), list!.ending()]).toEqual([[2], [2, 1], { end: 2 }]);
    expect(CharacterTokenizer.from('ab').begin('')).toEqual([2]);
  });

  test('keeps the order of a given vocabulary', () => {
    expect([...CharacterTokenizer.ofVocabulary(['z', 'a', END_OF_TEXT]).encode('az')]).toEqual([1, 0]);
  });

  test('names the characters that it does not know', () => {
    const tokenizer = CharacterTokenizer.from('abc');
    const failure = (text: string) => {
      try {
        tokenizer.encode(text);
      } catch (error) {
        return error;
      }
    };
    expect(failure('aéa😀é')).toMatchObject({
      code: 'unknown-characters',
      message: 'The characters “é” (U+00E9), “😀” (U+1F600) are not in the text that the model learnt.',
    });
    expect(failure('a\n')).toMatchObject({
      message: 'The character line break (U+000A) is not in the text that the model learnt.',
      hint: 'Leave it out, or train on a text that has it.',
    });
    expect(failure('defghij')).toMatchObject({ message: expect.stringContaining(' and 2 more are not') });
  });

  test.each([
    ['no list', 'abc'],
    ['nothing', []],
    ['no end', ['a', 'b']],
    ['an end elsewhere', [END_OF_TEXT, 'a']],
    ['two characters in one', ['a', 'bc', END_OF_TEXT]],
    ['an empty one', ['', END_OF_TEXT]],
    ['a number', [1, END_OF_TEXT]],
    ['one twice', ['a', 'a', END_OF_TEXT]],
    ['two ends', [END_OF_TEXT, END_OF_TEXT]],
  ])('refuses a vocabulary with %s', (_, vocabulary) => {
    expect(() => CharacterTokenizer.ofVocabulary(vocabulary as string[])).toThrow(
      expect.objectContaining({ code: 'bad-vocabulary' }),
    );
  });

  test('refuses an id that it does not have', () => {
    expect(() => CharacterTokenizer.from('ab').decode([0, 3])).toThrow(RangeError);
  });
});

test('a character is shown where it can be seen', () => {
  expect(describeCharacter('é')).toBe('“é” (U+00E9)');
  expect(describeCharacter(' ')).toBe('space (U+0020)');
  expect(describeCharacter('\u0007')).toBe('U+0007');
  expect(describeCharacter('\ud83d')).toBe('U+D83D');
});
