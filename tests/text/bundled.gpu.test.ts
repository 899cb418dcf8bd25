import { afterEach, expect, test, vi } from 'vitest';
import { openBundled } from '../../src/text/bundled.ts';
import { openDataset } from '../../src/text/datasets.ts';
import { readCorpus } from '../../src/text/read.ts';

afterEach(() => vi.unstubAllGlobals());

test('the page fetches the bundled texts', async () => {
  const book = await readCorpus(await openDataset('moby-dick', openBundled));
  expect(book.ids.length).toBe(1_190_317);
  expect(book.tokenizer.decode(book.ids.subarray(0, 2000))).toContain('Call me Ishmael.');
  const names = await readCorpus(await openDataset('names', openBundled));
  expect(names.tokenizer.decode(names.ids)).toContain('<|endoftext|>Aaron<|endoftext|>');
});

test('a missing file is told in a sentence', async () => {
  vi.stubGlobal('fetch', async () => new Response('', { status: 404 }));
  await expect(openBundled('moby-dick')).rejects.toMatchObject({
    code: 'bad-text',
    message: 'The bundled text “moby-dick” could not be fetched: the server answered 404.',
  });
});
