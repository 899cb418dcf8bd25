import { expect, test } from 'vitest';
import { encodeGGUF } from '../../src/formats/gguf.ts';
import { huggingFaceFiles } from '../../src/formats/huggingface/export.ts';
import { importHuggingFace } from '../../src/formats/huggingface/import.ts';
import { TextStream } from '../../src/generation/text-stream.ts';
import { BytePairTokenizer, tokenizerOf } from '../../src/text/byte-pair.ts';
import { CharacterTokenizer } from '../../src/text/tokenizer.ts';
import { bytePairJson, bytePairModel } from '../formats/models.ts';

const SAMPLE = 'the thing in the inn\n\tsings: é, 墨, 👍🏽 and nothing else\u2028';

test('a byte-pair tokenizer brings any text back, with fewer tokens than bytes', () => {
  const { json, vocabulary } = bytePairJson();
  const tokenizer = new BytePairTokenizer(json, vocabulary);
  const ids = tokenizer.encode(SAMPLE);
  expect(tokenizer.decode(ids)).toBe(SAMPLE);
  expect(ids.length).toBeLessThan(new TextEncoder().encode(SAMPLE).length - 10);
  // Ġthe, by its three merges
  expect(tokenizer.vocabulary[tokenizer.encode(' the')[0]!]).toBe('Ġthe');
  expect(tokenizer.decode([tokenizer.endOfText])).toBe('<|endoftext|>');
  expect(tokenizer.startOfText()).toEqual([tokenizer.endOfText]);
});

test('long texts are encoded in pieces that no token crosses', () => {
  const { json, vocabulary } = bytePairJson();
  const tokenizer = new BytePairTokenizer(json, vocabulary);
  const long = `${SAMPLE}\n`.repeat(4000);
  expect(tokenizer.decode(tokenizer.encode(long))).toBe(long);
});

test('a stream tells whole characters only, and everything in the end', () => {
  const { json, vocabulary } = bytePairJson();
  const tokenizer = new BytePairTokenizer(json, vocabulary);
  const stream = new TextStream(tokenizer);
  const pieces = Array.from(tokenizer.encode(SAMPLE), (id) => stream.push(id));
  expect(pieces.join('') + stream.end()).toBe(SAMPLE);
  for (const piece of pieces) expect(piece).not.toContain('\ufffd');
  const cut = new TextStream(tokenizer);
  expect(cut.push(tokenizer.encode('墨')[0]!)).toBe('');
  expect(cut.end()).toBe('\ufffd');
  const characters = new TextStream(CharacterTokenizer.from('ab\ufffd'));
  expect([0, 2, 1].map((id) => characters.push(id)).join('')).toBe('a\ufffdb');
});

test('an imported model keeps its byte-pair tokenizer, in every format', () => {
  const model = bytePairModel();
  const read = importHuggingFace(huggingFaceFiles(model));
  expect(read).toEqual(model);
  expect(tokenizerOf(read.vocabulary, read.tokenizer_json)).toBeInstanceOf(BytePairTokenizer);
  expect(new TextDecoder('latin1').decode(encodeGGUF(model))).toContain('t h');
});

test('what the library cannot use is refused in words', () => {
  const { json, vocabulary } = bytePairJson();
  const wrong = JSON.stringify({ ...JSON.parse(json), decoder: { type: 'Nothing' } });
  expect(() => new BytePairTokenizer(wrong, vocabulary)).toThrow(
    expect.objectContaining({ code: 'bad-tokenizer', message: expect.stringMatching(/^[^\n]*\.$/) }),
  );
});
