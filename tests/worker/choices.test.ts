import { expect, test } from 'vitest';
import { CharacterTokenizer, END_OF_TEXT } from '../../src/text/tokenizer.ts';
import { choiceAt, covers } from '../../src/ui/samples.ts';
import { pack, TextRecord } from '../../src/worker/choices.ts';

const tokenizer = CharacterTokenizer.ofVocabulary(['a', 'b', '😀', END_OF_TEXT]);
const written = (token: number, probability: number, others: [number, number][]) => ({
  length: tokenizer.vocabulary[token]!.length,
  choice: {
    token,
    probability,
    drawnWith: probability / 2,
    likeliest: others.map(([other, share]) => ({ token: other, probability: share })),
  },
});

test('what the engine says of each draw comes back on the page, to four digits', () => {
  const choices = pack(
    [
      written(0, 0.25, [
        [1, 0.5],
        [3, 0.125],
      ]),
      written(1, 1, [[1, 1]]),
    ],
    tokenizer,
  );
  expect(covers(choices, 2)).toBe(true);
  expect(choices.likeliest).toBeInstanceOf(Uint16Array);
  const first = choiceAt(choices, 0);
  expect(first.probability).toBeCloseTo(0.25, 4);
  expect(first.drawnWith).toBeCloseTo(0.125, 4);
  expect(first.likeliest.map(({ character }) => character)).toEqual(['b', null]); // null ends the text
  expect(choiceAt(choices, 1)).toMatchObject({ probability: 1, likeliest: [{ character: 'b', probability: 1 }] });
});

test('characters beyond 16 bits are kept whole, and a record is told piece by piece', () => {
  const record = new TextRecord(tokenizer);
  record.add('a', [written(0, 0.5, [[2, 0.5]])]);
  const taken = record.take();
  expect(taken.text).toBe('a');
  expect(taken.choices.likeliest).toBeInstanceOf(Uint32Array);
  expect(choiceAt(taken.choices, 0).likeliest[0]!.character).toBe('😀');
  expect(record.take()).toEqual({ text: '', choices: pack([], tokenizer) });
});
