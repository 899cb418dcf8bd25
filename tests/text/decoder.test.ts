import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeText, MOST_BYTES, PlainTextDecoder } from '../../src/text/decoder.ts';

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

/** The same bytes in chunks of `size`. */
function decodeInChunks(bytes: Uint8Array, size: number): string {
  const decoder = new PlainTextDecoder('a.txt');
  let text = '';
  for (let at = 0; at < bytes.length; at += size) text += decoder.decode(bytes.subarray(at, at + size));
  return text + decoder.end();
}

describe('PlainTextDecoder', () => {
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 30 }),
    fc.string({ unit: 'binary', maxLength: 30 }).map((text) => bytesOf(text)),
    fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => utf16(text, true)),
    fc.constantFrom('%PDF-1.7', 'PK\x03\x04', '{\\rtf1').map((text) => bytesOf(text)),
  );

  test('reads or refuses bytes in chunks as it does in one piece, wherever they are cut', () => {
    const outcome = (call: () => string) => {
      const failure = failureOf(() => call());
      return failure ? { code: (failure as { code: string }).code } : { text: call() };
    };
    fc.assert(
      fc.property(anyBytes, fc.integer({ min: 1, max: 8 }), (bytes, size) => {
        expect(outcome(() => decodeInChunks(bytes, size))).toEqual(outcome(() => decodeText(bytes, 'a.txt')));
      }),
      { numRuns: 1000 },
    );
  });

  test('never gives half of a surrogate pair', () => {
    const decoder = new PlainTextDecoder('a.txt');
    const bytes = bytesOf('abcde😀é');
    for (const byte of bytes) {
      const text = decoder.decode(Uint8Array.of(byte));
      expect(text).toBe([...text].filter((c) => !/[\ud800-\udfff]/.test(c) || c.length === 2).join(''));
    }
    expect(decoder.end()).toBe('');
  });

  test('stops at the first byte too many, though nobody has said how many will come', () => {
    const decoder = new PlainTextDecoder('endless.txt');
    const chunk = new Uint8Array(10_000_000).fill(0x61);
    for (let i = 0; i < 20; i++) decoder.decode(chunk);
    expect(failureOf(() => decoder.decode(Uint8Array.of(0x61)))).toMatchObject({
      code: 'bad-text',
      message: 'endless.txt has more than 200,000,000 bytes, and the most that can be read is 200,000,000.',
    });
  });
});
