import { expect, test } from 'vitest';
import type { Generator } from '../../src/generation/generator.ts';
import { SAMPLING_DEFAULTS } from '../../src/generation/options.ts';
import { type Piece, StopString, type Vocabulary, writeText } from '../../src/generation/text.ts';

/** Pushes the characters one by one. */
function through(stop: string, text: string): { pieces: string[]; stopped: boolean } {
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

function scripted(...texts: string[]) {
  const asked: { prompt: number[]; never?: number }[] = [];
  const generator = {
    decoder: { sequences: texts.length },
    async *generate(prompt: ArrayLike<number>, { length, never }: { length: number; never?: number }) {
      asked.push({ prompt: Array.from(prompt), ...(never !== undefined && { never }) });
      for (let n = 0; n < length; n++) yield Uint32Array.from(texts, (text) => text.charCodeAt(n) - 97);
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
