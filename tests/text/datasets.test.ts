import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterEach, expect, test, vi } from 'vitest';
import { corpusOf, splitCorpus } from '../../src/text/corpus.ts';
import { BUNDLED, type BundledFile, DATASET_NAMES, DATASETS, openDataset } from '../../src/text/datasets.ts';
import { readCorpus, sourceOf } from '../../src/text/read.ts';
import { END_OF_TEXT } from '../../src/text/tokenizer.ts';

const readBundled = (file: BundledFile) => readFileSync(createRequire(import.meta.url).resolve(BUNDLED[file]), 'utf8');
const openBundled = async (file: BundledFile) => sourceOf(file, readBundled(file));

afterEach(() => vi.unstubAllGlobals());

test('every text but the one that is downloaded opens without a request, under its title', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new Error('A request was made.')));
  for (const name of DATASET_NAMES.filter((name) => name !== 'shakespeare')) {
    const { ids, name: title, tokenizer } = await readCorpus(await openDataset(name, openBundled));
    expect(title).toBe(DATASETS[name].title);
    expect(ids.length).toBeGreaterThan(50_000);
    expect(tokenizer.documents).toBe(name !== 'moby-dick');
  }
  await expect(openDataset('shakespeare', openBundled)).rejects.toMatchObject({ code: 'not-fetched' });
});

test('names: one a document, each once, in an order that leaves no letter to validation alone', async () => {
  const { ids, tokenizer } = await readCorpus(await openDataset('names', openBundled));
  const listed = tokenizer.decode(ids).split(END_OF_TEXT);
  expect(listed.pop()).toBe('');
  const expected = ['female-names', 'male-names'].flatMap((file) =>
    readBundled(file as BundledFile)
      .trim()
      .split(/\s+/),
  );
  expect([...listed].sort()).toEqual([...new Set(expected)].sort());
  expect(tokenizer.vocabulary.filter((token) => token.length > 1)).toEqual([END_OF_TEXT]);
  const { train, val } = splitCorpus(ids);
  const initials = (part: typeof train) => new Set([...tokenizer.decode(part).matchAll(/>([A-Z])/g)].map(([, c]) => c));
  expect([...initials(val)].filter((c) => !initials(train).has(c))).toEqual([]);
  expect(initials(val).size).toBeGreaterThan(20);
});

test('Tiny Shakespeare is asked for by its public address', async () => {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (url: URL) => {
    asked.push(url.href);
    return new Response('First Citizen:\nBefore we proceed any further, hear me speak.\n');
  });
  const { name, tokenizer } = await readCorpus(await openDataset('shakespeare', openBundled));
  expect(name).toBe('Tiny Shakespeare');
  expect(tokenizer.vocabulary).toContain('F');
  expect(asked).toEqual(['https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt']);
});

test('a text of documents is the same corpus when it comes back as a file', () => {
  const text = `Ann${END_OF_TEXT}Bob${END_OF_TEXT}`;
  const { ids, tokenizer } = corpusOf(text);
  expect(corpusOf(tokenizer.decode(ids)).ids).toEqual(ids);
});
