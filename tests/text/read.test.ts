import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeText } from '../../src/text/decoder.ts';
import { type ByteSource, chunksOf, readCorpus, sourceOf } from '../../src/text/read.ts';
import { CharacterTokenizer } from '../../src/text/tokenizer.ts';

/** Bytes in chunks of the given sizes, over and over. */
function inChunks(bytes: Uint8Array, sizes: number[], known = true): ByteSource {
  return {
    name: 'a.txt',
    ...(known && { bytes: bytes.length }),
    chunks: (async function* () {
      for (let at = 0, i = 0; at < bytes.length; at += sizes[i++ % sizes.length]!) {
        yield bytes.subarray(at, at + sizes[i % sizes.length]!);
      }
    })(),
  };
}

describe('readCorpus', () => {
  test('reads in chunks what is there as a whole: characters cut in their middle, CRLF, byte order marks', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'é', '你', '😀', '\r\n', '\n', '\ufeff'), maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.boolean(),
        fc.boolean(),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
        async (body, mark, known, sizes) => {
          const bytes = new TextEncoder().encode(`${mark ? '\ufeff' : ''}x${body}`);
          const read = await readCorpus(inChunks(bytes, sizes, known));
          const whole = decodeText(bytes, 'a.txt');
          const tokenizer = CharacterTokenizer.from(whole);
          expect(read.tokenizer.vocabulary).toEqual(tokenizer.vocabulary);
          expect([...read.ids]).toEqual([...tokenizer.encode(whole)]);
          expect(read.tokenizer.decode(read.ids)).toBe(`x${body}`);
          expect(read.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('tells how far it has come', async () => {
    const told: [number, number | undefined][] = [];
    await readCorpus(inChunks(new TextEncoder().encode('abcdefghij'), [4]), (...progress) => told.push(progress));
    expect(told).toEqual([
      [4, 10],
      [8, 10],
      [10, 10],
    ]);
  });

  test('refuses by the size alone, before a byte is read', async () => {
    const source = { name: 'big.txt', bytes: 200_000_001, chunks: unreadable() };
    await expect(readCorpus(source)).rejects.toMatchObject({
      code: 'bad-text',
      message: 'big.txt has 200,000,001 bytes, and the most that can be read is 200,000,000.',
    });
  });

  test('a refused stream is cancelled', async () => {
    let cancelled = false;
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(Uint8Array.of(0x61, 0xff, 0x61, 0x61, 0x61)),
      cancel: () => {
        cancelled = true;
      },
    });
    await expect(readCorpus({ name: 'bad.txt', chunks: chunksOf(stream) })).rejects.toMatchObject({ code: 'bad-text' });
    expect(cancelled).toBe(true);
  });

  test('the ids are all that a large text leaves in memory', async () => {
    const line = new TextEncoder().encode('A drop of ink may make a million think. Это капля чернил.\n');
    const chunk = new Uint8Array(2 ** 20).map((_, i) => line[i % line.length]!);
    const whole = chunk.subarray(0, chunk.length - (chunk.length % line.length));
    const CHUNKS = 24;
    const chunks = (async function* () {
      for (let i = 0; i < CHUNKS; i++) yield whole;
    })();
    const before = process.memoryUsage();
    let most = 0;
    const read = await readCorpus({ name: 'large.txt', bytes: CHUNKS * whole.length, chunks }, () => {
      const { heapUsed, external } = process.memoryUsage();
      most = Math.max(most, heapUsed + external - before.heapUsed - before.external);
    });
    expect(read.ids).toBeInstanceOf(Uint8Array);
    expect(read.ids.length).toBeLessThan(CHUNKS * whole.length);
    // the ids, the table of code points, and what the garbage collector has not come to yet
    expect(most).toBeLessThan(CHUNKS * 2 ** 20 + 48 * 2 ** 20);
  });
});

// biome-ignore lint/correctness/useYield: it must not come to that
async function* unreadable(): AsyncGenerator<Uint8Array> {
  throw new Error('This was read.');
}

test('a string becomes the bytes of its UTF-8', async () => {
  const { ids, sha256 } = await readCorpus(sourceOf('Pasted text', 'é😀'));
  expect(ids).toHaveLength(2);
  expect(sha256).toBe(createHash('sha256').update('é😀', 'utf8').digest('hex'));
});
