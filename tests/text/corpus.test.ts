import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CorpusBuilder, checkLength, corpusOf, splitCorpus } from '../../src/text/corpus.ts';
import { CharacterTokenizer, END_OF_TEXT } from '../../src/text/tokenizer.ts';

/** What a call throws, for a look at its fields. */
function failureOf(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
}

/** Pieces of whole code points. */
function inPieces(text: string, size: number) {
  const builder = new CorpusBuilder(0);
  const points = [...text];
  for (let at = 0; at < points.length; at += size) builder.add(points.slice(at, at + size).join(''));
  return builder.finish();
}

describe('CorpusBuilder', () => {
  test('gives the ids of the tokenizer for the whole text, however it is cut', () => {
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }).map((body) => `é${body}`);
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 20 }), (text, size) => {
        const { tokenizer, ids } = inPieces(text, size);
        const whole = CharacterTokenizer.from(text);
        expect(tokenizer.vocabulary).toEqual(whole.vocabulary);
        expect([...ids]).toEqual([...whole.encode(text)]);
        expect(tokenizer.documents).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  test('reads separators as one token each, also where a piece ends inside of one', () => {
    const document = fc.string({ unit: fc.constantFrom('a', '<', '|', '>', '<|', 'end', '😀'), maxLength: 8 });
    fc.assert(
      fc.property(
        fc.array(document, { minLength: 2, maxLength: 5 }),
        fc.integer({ min: 1, max: 20 }),
        (parts, size) => {
          const text = `a${parts.join(END_OF_TEXT)}`;
          const { tokenizer, ids } = inPieces(text, size);
          const whole = text.split(END_OF_TEXT);
          expect([...ids].filter((id) => id === tokenizer.endOfText)).toHaveLength(whole.length - 1);
          expect(tokenizer.decode(ids)).toBe(text);
          expect(ids).toHaveLength([...whole.join('')].length + whole.length - 1);
          expect(tokenizer.documents).toBe(true);
          expect(tokenizer.vocabulary).toEqual(CharacterTokenizer.from(whole.join('')).vocabulary);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('takes 8 bits an id up to 256 tokens and 16 from there on', () => {
    const different = (count: number) => String.fromCodePoint(...Array.from({ length: count }, (_, i) => 0x400 + i));
    const narrow = corpusOf(different(255).repeat(2));
    expect(narrow.ids).toBeInstanceOf(Uint8Array);
    expect(narrow.tokenizer.vocab_size).toBe(256);
    const wide = inPieces(`${different(256)}z${different(256)}`, 7);
    expect(wide.ids).toBeInstanceOf(Uint16Array);
    expect(wide.tokenizer.decode(wide.ids)).toBe(`${different(256)}z${different(256)}`);
  });

  test('shows how the text begins, in characters and without separators', () => {
    expect(inPieces('😀'.repeat(500), 3).preview).toBe('😀'.repeat(400));
    expect(corpusOf(`Ann${END_OF_TEXT}Bob${END_OF_TEXT}`).preview).toBe('Ann\nBob\n');
  });

  test.each(['', ' \n\t', '\ufeff', END_OF_TEXT])('refuses an empty text: %j', (text) => {
    expect(failureOf(() => corpusOf(text))).toMatchObject({ code: 'empty-text' });
  });

  test('refuses more than 4,096 different characters and says how many there are', () => {
    const different = (count: number) => String.fromCodePoint(...Array.from({ length: count }, (_, i) => 0x4e00 + i));
    expect(failureOf(() => corpusOf(different(4096)))).toBeUndefined();
    expect(failureOf(() => corpusOf(different(4097)))).toMatchObject({
      code: 'too-many-characters',
      message: expect.stringContaining('4,097 different characters'),
    });
    const planes = Array.from({ length: 70_000 }, (_, i) => String.fromCodePoint(0x10000 + i)).join('');
    expect(failureOf(() => corpusOf(planes))).toMatchObject({ message: expect.stringContaining('70,000') });
  });
});

describe('checkLength', () => {
  const check = (text: string, block_size: number) => checkLength(corpusOf(text), block_size);

  test('counts characters, not the halves of surrogate pairs', () => {
    expect(failureOf(() => check('😀'.repeat(80), 8))).toMatchObject({
      code: 'short-text',
      message: 'The text has 80 characters, and a context of 8 needs at least 81.',
    });
    expect(failureOf(() => check('😀'.repeat(81), 8))).toBeUndefined();
  });

  test('refuses exactly the texts whose parts hold no whole window', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 1, max: 60 }), (characters, block_size) => {
        const { train, val } = splitCorpus(new Uint32Array(characters));
        const fits = train.length > block_size && val.length > block_size;
        const failure = failureOf(() => check('x'.repeat(characters), block_size));
        if (fits) expect(failure).toBeUndefined();
        else expect(failure).toMatchObject({ code: 'short-text' });
      }),
    );
  });
});

test('the corpus is cut into nine tenths and the rest, without a copy', () => {
  const ids = Uint32Array.from({ length: 25 }, (_, i) => i);
  const { train, val } = splitCorpus(ids);
  expect([train.length, val.length]).toEqual([22, 3]);
  expect([...train, ...val]).toEqual([...ids]);
  expect(train.buffer).toBe(ids.buffer);
});
