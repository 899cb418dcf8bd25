import { expect, test } from 'vitest';
import { corpusOf } from '../../src/text/corpus.ts';
import { TextMeasure } from '../../src/text/statistics.ts';

async function measure(text: string): Promise<TextMeasure> {
  const { ids, tokenizer } = corpusOf(text);
  return TextMeasure.of(ids, tokenizer);
}

test('entropies that are known: equally frequent characters, a certain successor, and one of two', async () => {
  const cycle = (await measure('abcd'.repeat(5000))).statistics;
  expect(cycle.unigram).toBeCloseTo(Math.log(4), 9);
  expect(cycle.bigram).toBe(0);
  // after a comes a as often as b, after b always c, after c always a
  const quarters = (await measure('aabc'.repeat(4000))).statistics;
  expect(quarters.unigram).toBeCloseTo(0.5 * Math.log(2) + 0.5 * Math.log(4), 9);
  expect(quarters.bigram).toBeCloseTo(0.5 * Math.log(2), 4); // the pairs are one fewer than the characters
});

test('they are those of counting in a plain way, over slices and for a large vocabulary', async () => {
  let seed = 7;
  const next = (n: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % n;
  };
  const text = (characters: number, length: number) =>
    Array.from({ length }, (_, i) =>
      String.fromCodePoint(0x4e00 + (i < characters ? i : Math.min(next(characters), next(characters)))),
    ).join('');
  for (const [characters, length] of [
    [40, 600_000],
    [3000, 20_000],
  ] as const) {
    const written = text(characters, length);
    const count = (keys: Iterable<string>) => {
      const counts = new Map<string, number>();
      for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
      return counts;
    };
    const entropy = (counts: Map<string, number>) => {
      const total = [...counts.values()].reduce((a, b) => a + b, 0);
      return [...counts.values()].reduce((sum, n) => sum - (n / total) * Math.log(n / total), 0);
    };
    const pairs = count(Array.from({ length: length - 1 }, (_, i) => written.slice(i, i + 2)));
    const { unigram, bigram } = (await measure(written)).statistics;
    expect(unigram).toBeCloseTo(entropy(count(written)), 9);
    expect(bigram).toBeCloseTo(entropy(pairs) - entropy(count(written.slice(0, -1))), 9); // the chain rule
  }
});

test('words are known with capitals or without; short and unfinished ones do not count', async () => {
  const line = 'Call me Ishmael. The whale, the sea and the ship.\n';
  const text = await measure(line.repeat(30));
  expect(text.statistics).toMatchObject({ wordy: true, lineLength: line.length });
  // me is too short, whaleship is none, and what is cut off may have become anything
  const { words, known, characters, lineBreaks } = text.sample('the me Ishmael\nThe whaleship sea whal');
  expect([words, known, characters, lineBreaks]).toEqual([5, 4, 37, 1]);
});

test('a text whose words never come again is not judged by words, nor one without any', async () => {
  const names = Array.from({ length: 300 }, (_, i) => `Name${String.fromCharCode(97 + (i % 26), 97 + i / 26)}x`);
  expect((await measure(names.join('\n'))).statistics.wordy).toBe(false);
  expect((await measure('12+34=46;'.repeat(300))).statistics).toMatchObject({ wordy: false, lineLength: null });
  expect((await measure(`${'无'.repeat(40)}。`.repeat(200))).statistics.wordy).toBe(false); // no spaces between words
});
