import { expect, test } from 'vitest';
import { Draws } from '../../src/generation/draws.ts';
import type { Generator } from '../../src/generation/generator.ts';
import { SAMPLING_DEFAULTS } from '../../src/generation/options.ts';
import { type Piece, StopString, type Vocabulary, writeText } from '../../src/generation/text.ts';
import { RECORD_NUMBERS } from '../../src/graph/operators/window.ts';

/** Pushes the characters one by one. */
function through(stop: string | readonly string[], text: string): { pieces: string[]; stopped: boolean } {
  const watch = new StopString(stop);
  const pieces: string[] = [];
  for (const character of text) {
    const { shown, stopped } = watch.push(character);
    pieces.push(shown);
    if (stopped) return { pieces, stopped };
  }
  pieces.push(watch.rest());
  return { pieces, stopped: false };
}

test.for([
  ['', 'abc', 'abc', false],
  ['x', 'abc', 'abc', false],
  ['b', 'abc', 'a', true],
  ['bc', 'abbc', 'ab', true],
  ['aab', 'aaaab', 'aa', true],
  ['abab', 'abaabab!', 'aba', true],
  ['\n\n', 'one\ntwo\n\nthree', 'one\ntwo', true],
  ['end', 'the en', 'the en', false],
  ['😀😀', 'a😀b😀😀', 'a😀b', true],
  [['', 'xy', 'z'], 'axxyz', 'ax', true],
  [['abcd', 'bc'], 'xabcd', 'xa', true],
  [['q', 'cde'], 'abcd', 'abcd', false],
] as const)('stop at %j in %j leaves %j', ([stop, text, left, stopped]) => {
  const result = through(stop, text);
  expect(result.pieces.join('')).toBe(left);
  expect(result.stopped).toBe(stopped);
});

test('nothing of the stop string is shown before it is whole, and nothing is held back that cannot begin it', () => {
  expect(through('the', 'to the').pieces).toEqual(['', 'to', ' ', '', '', '']);
});

/** Two texts from fixed tokens; ids are code points less 97, and 26 is `<|endoftext|>`. */
const VOCABULARY: Vocabulary = {
  begin: (prompt) => (prompt === '' ? [26] : Array.from(prompt, (character) => character.codePointAt(0)! - 97)),
  decode: (ids) => Array.from(ids, (id) => String.fromCodePoint(id + 97)).join(''),
  ending: () => ({ never: 26 }),
};
const OF_DOCUMENTS: Vocabulary = { ...VOCABULARY, ending: () => ({ end: 26 }) };

/** Tokens as the GPU records them; token t was drawn with probability t / 100, and z would have been as likely. */
function drawsOf(tokens: number[]): Draws {
  const words = new Uint32Array(tokens.length * RECORD_NUMBERS);
  const numbers = new Float32Array(words.buffer);
  for (const [b, token] of tokens.entries()) {
    words[b * RECORD_NUMBERS] = token;
    words[b * RECORD_NUMBERS + 3] = 25;
    for (const i of [1, 2, 8]) numbers[b * RECORD_NUMBERS + i] = token / 100;
  }
  return new Draws(words);
}

function scripted(...texts: string[]) {
  const asked: { prompt: number[]; never?: number }[] = [];
  const generator = {
    decoder: { sequences: texts.length },
    async *generate(prompt: ArrayLike<number>, { length, never }: { length: number; never?: number }) {
      asked.push({ prompt: Array.from(prompt), ...(never !== undefined && { never }) });
      for (let n = 0; n < length; n++) yield drawsOf(texts.map((text) => text.charCodeAt(n) - 97));
    },
  };
  return { generator: generator as unknown as Generator, asked };
}

async function collect(pieces: AsyncGenerator<Piece>): Promise<string[]> {
  const texts: string[] = [];
  for await (const { text, piece } of pieces) texts[text] = (texts[text] ?? '') + piece;
  return texts;
}

test('each text ends by itself: at its length, at the stop string, at the end of its document', async () => {
  const { generator, asked } = scripted('abcde', 'xabxx', 'ab{cd');
  const options = { ...SAMPLING_DEFAULTS, length: 4 };
  expect(await collect(writeText(generator, OF_DOCUMENTS, 'cd', options))).toEqual(['abcd', 'xabx', 'ab']);
  expect(await collect(writeText(generator, VOCABULARY, '', { ...options, stop: 'b' }))).toEqual(['a', 'xa', 'a']);
  expect(asked).toEqual([{ prompt: [2, 3] }, { prompt: [26], never: 26 }]);
});

test('each character comes with how it was chosen, also one that was held back; what a stop string takes goes with it', async () => {
  const of = async (text: string, stop: string) => {
    const { generator } = scripted(text);
    const options = { ...SAMPLING_DEFAULTS, length: text.length, stop };
    const pieces: Piece[] = [];
    for await (const piece of writeText(generator, VOCABULARY, '', options)) pieces.push(piece);
    for (const { piece, written } of pieces) {
      expect(written.reduce((sum, { length }) => sum + length, 0)).toBe(piece.length);
    }
    return pieces.flatMap(({ written }) => written.map(({ choice }) => choice));
  };
  const choices = await of('abcab', 'abx');
  expect(choices.map(({ token }) => token)).toEqual([0, 1, 2, 0, 1]);
  expect(choices[2]!.probability).toBeCloseTo(0.02, 7);
  expect(choices[2]!.likeliest).toEqual([{ token: 25, probability: choices[2]!.probability }]);
  expect(choices[0]!.likeliest).toEqual([]); // nothing is likely to the extent of 0
  expect((await of('abcab', 'ca')).map(({ token }) => token)).toEqual([0, 1]);
});
