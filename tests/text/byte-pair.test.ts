import { Tokenizer as Library } from '@huggingface/tokenizers';
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
  // where lines are apart by several ends, and words by several spaces, too: as if it were encoded at once
  const gaps = 'the\n\n  thing \n in\t\n'.repeat(8000);
  expect(gaps.length).toBeGreaterThan(2 << 16);
  const file = JSON.parse(json);
  const tokens = [...vocabulary.slice(0, -1), 'ĊĊ', 'ĠĠ', '<|endoftext|>'];
  file.added_tokens[0].id = tokens.length - 1;
  file.model.vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  file.model.merges = [...file.model.merges, 'Ċ Ċ', 'Ġ Ġ'];
  const whole = new Library(file, {}).encode(gaps, { add_special_tokens: false }).ids;
  expect(Array.from(new BytePairTokenizer(JSON.stringify(file), tokens).encode(gaps))).toEqual(whole);
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
  expect(cut.push(tokenizer.encode('a')[0]!)).toBe('a');
  const characters = new TextStream(CharacterTokenizer.from('ab\ufffd'));
  expect([0, 2, 1].map((id) => characters.push(id)).join('')).toBe('a\ufffdb');
});

test('a token may end one character and begin the next, and bytes may never become one', () => {
  const bytes = new TextEncoder().encode('墨é日本👍🏽é');
  const decode = (ids: ArrayLike<number>) =>
    new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(Array.from(ids, (id) => pieces[id]!).flat()));
  const pieces: number[][] = [];
  for (const size of [1, 2, 5]) {
    pieces.length = 0;
    for (let at = 0; at < bytes.length; at += size) pieces.push([...bytes.subarray(at, at + size)]);
    const stream = new TextStream({ decode });
    const told = pieces.map((_, id) => stream.push(id));
    expect(told.join('')).not.toContain('\ufffd');
    expect(told.join('') + stream.end()).toBe('墨é日本👍🏽é');
  }
  // four beginnings without an end, and a letter: each is told when it is certain that nothing comes of it
  pieces.splice(0, pieces.length, [0xe5], [0xe5], [0xf0, 0x9f], [0xe5, 0x8d], [0x61]);
  const stream = new TextStream({ decode });
  expect(pieces.map((_, id) => stream.push(id))).toEqual(['', '\ufffd', '\ufffd', '\ufffd', '\ufffda']);
  expect(stream.end()).toBe('');
});

test('an imported model keeps its byte-pair tokenizer, in every format', () => {
  const model = bytePairModel();
  const read = importHuggingFace(huggingFaceFiles(model));
  expect(read).toEqual(model);
  expect(tokenizerOf(read.vocabulary, read.tokenizer_json)).toBeInstanceOf(BytePairTokenizer);
  expect(new TextDecoder('latin1').decode(encodeGGUF(model))).toContain('t h');
});

test('an expression that need never come to an end is refused, wherever it stands', () => {
  const files = huggingFaceFiles(bytePairModel());
  const file = JSON.parse(bytePairJson().json);
  const split = { type: 'Split', pattern: { Regex: '(\\p{L}+)+$' }, behavior: 'Isolated', invert: false };
  const level = file.pre_tokenizer;
  for (const change of [
    { pre_tokenizer: { type: 'Sequence', pretokenizers: [split, { ...level, use_regex: false }] } },
    { normalizer: { ...split, type: 'Replace', content: '' } },
    { decoder: { type: 'Sequence', decoders: [{ ...split, type: 'Replace', content: '' }, level] } },
  ]) {
    const bytes = new TextEncoder().encode(JSON.stringify({ ...file, ...change }));
    expect(() => importHuggingFace(new Map([...files, ['tokenizer.json', bytes]]))).toThrow(
      expect.objectContaining({ code: 'bad-tokenizer', message: expect.stringMatching(/regular expression[^\n]*\.$/) }),
    );
  }
});

test('what the library cannot use is refused in words', () => {
  const { json, vocabulary } = bytePairJson();
  const wrong = JSON.stringify({ ...JSON.parse(json), decoder: { type: 'Nothing' } });
  expect(() => new BytePairTokenizer(wrong, vocabulary)).toThrow(
    expect.objectContaining({ code: 'bad-tokenizer', message: expect.stringMatching(/^[^\n]*\.$/) }),
  );
});
