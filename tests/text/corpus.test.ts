import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkText, countCharacters, decodeText, MOST_BYTES, splitCorpus } from '../../src/text/corpus.ts';
import { CharacterTokenizer } from '../../src/text/tokenizer.ts';

const bytesOf = (...parts: (string | number[])[]) =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? [...new TextEncoder().encode(part)] : part)));

/** UTF-16 with its mark, written here by hand. */
function utf16(text: string, littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(2 * text.length + 2);
  const view = new DataView(bytes.buffer);
  [0xfeff, ...Array.from({ length: text.length }, (_, i) => text.charCodeAt(i))].forEach((unit, i) => {
    view.setUint16(2 * i, unit, littleEndian);
  });
  return bytes;
}

/** What a call throws, for a look at its fields. */
function failureOf(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
}

describe('decodeText', () => {
  test('reads UTF-8 with or without a mark, and UTF-16 with one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 50 }), (body) => {
        const text = `é${body.replaceAll('\0', '')}`;
        expect(decodeText(bytesOf(text), 'a.txt')).toBe(text);
        expect(decodeText(bytesOf([0xef, 0xbb, 0xbf], text), 'a.txt')).toBe(text);
        expect(decodeText(utf16(text, true), 'a.txt')).toBe(text);
        expect(decodeText(utf16(text, false), 'a.txt')).toBe(text);
      }),
    );
  });

  test('keeps line ends as they are', () => {
    expect(decodeText(bytesOf('a\r\nb\n'), 'a.txt')).toBe('a\r\nb\n');
  });

  test.each([
    ['a PDF document', bytesOf('%PDF-1.7\n', [0xe2, 0xe3])],
    ['a ZIP archive', bytesOf('PK\x03\x04', [20, 0, 6, 0])],
    ['an old Word', bytesOf([0xd0, 0xcf, 0x11, 0xe0, 0xa1])],
    ['an RTF document', bytesOf('{\\rtf1\\ansi Hello}')],
    ['a PNG picture', bytesOf([0x89], 'PNG\r\n')],
    ['a JPEG picture', bytesOf([0xff, 0xd8, 0xff, 0xe0])],
    ['a GIF picture', bytesOf('GIF89a', [1, 0])],
    ['a gzip archive', bytesOf([0x1f, 0x8b, 8, 0])],
    ['is a binary file', bytesOf([0x7f], 'ELF', [2, 1, 1, 0, 0, 0xff, 0xfe])],
    ['is not UTF-8 text', bytesOf('caf', [0xe9], ' au lait')],
    ['is not UTF-16 text', utf16('a\ud83d', true)],
    ['is not UTF-16 text', utf16('abc', true).subarray(0, 7)],
    ['holds zero bytes', utf16('abc', true).subarray(2)],
  ])('refuses what is no text: %s', (words, bytes) => {
    expect(failureOf(() => decodeText(bytes, 'book.txt'))).toMatchObject({
      code: 'bad-text',
      message: expect.stringMatching(new RegExp(`^book\\.txt .*${words}.*\\.$`)),
      hint: expect.stringMatching(/\.$/),
    });
  });

  test('refuses a file that is too large by its size alone', () => {
    const bytes = new Uint8Array(MOST_BYTES + 1);
    expect(failureOf(() => decodeText(bytes, 'big.txt'))).toMatchObject({
      code: 'bad-text',
      message: 'big.txt has 200,000,001 bytes, and the most that can be read is 200,000,000.',
    });
  });

  test('either reads bytes or refuses them, and never drops any', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const failure = failureOf(() => {
          const text = decodeText(bytes, 'x');
          if (bytes[0] !== 0xfe && bytes[0] !== 0xff && bytes[0] !== 0xef) expect(bytesOf(text)).toEqual(bytes);
        });
        if (failure) expect(failure).toMatchObject({ code: 'bad-text' });
      }),
      { numRuns: 500 },
    );
  });
});

describe('checkText', () => {
  const check = (text: string, block_size: number) => checkText(text, CharacterTokenizer.from(text), block_size);

  test.each(['', ' \n\t', '\ufeff'])('refuses an empty text: %j', (text) => {
    expect(failureOf(() => check(text, 8))).toMatchObject({ code: 'empty-text' });
  });

  test('counts characters, not the halves of surrogate pairs', () => {
    expect(countCharacters('a😀b')).toBe(3);
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

  test('refuses more than 4,096 different characters and says how many there are', () => {
    const different = (count: number) => String.fromCodePoint(...Array.from({ length: count }, (_, i) => 0x4e00 + i));
    expect(failureOf(() => check(different(4096), 8))).toBeUndefined();
    expect(failureOf(() => check(different(4097), 8))).toMatchObject({
      code: 'too-many-characters',
      message: expect.stringContaining('4,097 different characters'),
    });
  });
});

test('the corpus is cut into nine tenths and the rest, without a copy', () => {
  const ids = Uint32Array.from({ length: 25 }, (_, i) => i);
  const { train, val } = splitCorpus(ids);
  expect([train.length, val.length]).toEqual([22, 3]);
  expect([...train, ...val]).toEqual([...ids]);
  expect(train.buffer).toBe(ids.buffer);
});
