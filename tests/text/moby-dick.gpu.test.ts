import { afterEach, expect, test, vi } from 'vitest';
import { loadMobyDick } from '../../src/text/moby-dick.ts';

afterEach(() => vi.unstubAllGlobals());

test('the page fetches the bundled text', async () => {
  const text = await loadMobyDick();
  expect(text.length).toBe(1_190_317);
  expect(text).toContain('Call me Ishmael.');
});

test('a missing file is told in a sentence', async () => {
  vi.stubGlobal('fetch', async () => new Response('', { status: 404 }));
  await expect(loadMobyDick()).rejects.toMatchObject({
    code: 'bad-text',
    message: 'The text of Moby-Dick could not be fetched: the server answered 404.',
  });
});
