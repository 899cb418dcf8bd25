import { describe, expect } from 'vitest';
import type { GPTConfig } from '../../src/model/config.ts';
import { gpuTest } from '../graph/harness.ts';
import { Random } from '../reference/arrays.ts';
import { randomParameters } from '../reference/gpt.ts';
import { probabilities } from '../reference/sampling.ts';
import { GREEDY, WritingModel } from './writer-harness.ts';

const CONFIG: GPTConfig = {
  vocab_size: 17,
  block_size: 8,
  n_layer: 2,
  n_head: 2,
  n_embd: 14,
  n_inner: 30,
  bias: true,
  tied: false,
  activation: 'gelu',
};
const PARAMS = randomParameters(CONFIG, new Random(5), 0.5);
const BOLD = { temperature: 1, length: 40 };

describe('a drawn text', () => {
  gpuTest('is the same for a seed, whatever was written before, and another for another', async ({ device }) => {
    const writing = await WritingModel.create(device, CONFIG, PARAMS);
    const first = await writing.write([1, 2], { ...BOLD, seed: 7 });
    expect(first).toHaveLength(40);
    expect(await writing.write([1, 2], { ...BOLD, seed: 8 })).not.toEqual(first);
    expect(await writing.write([1, 2], { ...BOLD, seed: 7 })).toEqual(first);
    // The pace decides how many tokens a submit has, never which.
    expect(await writing.write([1, 2], { ...BOLD, length: 9, seed: 7 })).toEqual(first.slice(0, 9));
    writing.destroy();
  });

  gpuTest(
    'never has a token that was out of the question, and every one that its prefix allows',
    async ({ device }) => {
      const writing = await WritingModel.create(device, CONFIG, PARAMS);
      const settings = { temperature: 1.5, top_k: 4, top_p: 0.9, repetition_penalty: 1.4, never: 3, seed: 2 };
      const ids = [5, 6, 7];
      const written = await writing.write(ids, { ...settings, length: 60 });
      for (const id of written) {
        const window = writing.window(ids, 3);
        const allowed = probabilities(await writing.logits(window), window, settings);
        expect(allowed[id], `${id} after ${ids}`).toBeGreaterThan(0);
        ids.push(id);
      }
      writing.destroy();
    },
  );

  gpuTest('many at once: the first is the one alone, and each is another', async ({ device }) => {
    for (const sequences of [3, 6]) {
      const alone = await WritingModel.create(device, CONFIG, PARAMS);
      const many = await WritingModel.create(device, CONFIG, PARAMS, { lanes: 1 }, sequences);
      const texts = await many.writeAll([4, 1, 2], { ...BOLD, seed: 9 });
      expect(texts[0]).toEqual(await alone.write([4, 1, 2], { ...BOLD, seed: 9 }));
      expect(new Set(texts.map(String)).size).toBe(sequences);
      const greedy = await many.writeAll([4, 1, 2]);
      for (const text of greedy) expect(text).toEqual(await alone.writeWithoutCache([4, 1, 2], GREEDY.length));
      alone.destroy();
      many.destroy();
    }
  });
});

gpuTest('a text that is broken off does not change the next; two at once take turns', async ({ device }) => {
  const writing = await WritingModel.create(device, CONFIG, PARAMS);
  const expected = await writing.write([1], { ...BOLD, seed: 3 });
  for await (const _ of writing.generator.generate([2], { ...GREEDY, length: 500 })) break;
  expect(await writing.write([1], { ...BOLD, seed: 3 })).toEqual(expected);
  const together = await Promise.all([3, 4, 3].map((seed) => writing.write([1], { ...BOLD, seed })));
  expect(together[0]).toEqual(expected);
  expect(together[2]).toEqual(expected);
  expect(together[1]).not.toEqual(expected);
  writing.destroy();
});

gpuTest('a temperature that is next to zero is zero', async ({ device }) => {
  const writing = await WritingModel.create(device, CONFIG, PARAMS);
  const greedy = await writing.write([4, 1]);
  for (const temperature of [1e-30, 1e-39, 1e-300]) {
    expect(await writing.write([4, 1], { temperature }), `${temperature}`).toEqual(greedy);
  }
  writing.destroy();
});

gpuTest('what cannot be is refused', async ({ device }) => {
  const writing = await WritingModel.create(device, CONFIG, PARAMS);
  for (const wrong of [{ temperature: -1 }, { temperature: Number.NaN }, { top_k: 1.5 }, { top_p: 0 }, { length: 0 }]) {
    await expect(writing.write([1], wrong)).rejects.toMatchObject({ code: 'bad-options' });
  }
  await expect(writing.write([])).rejects.toMatchObject({ code: 'empty-prompt' });
  writing.destroy();
});
