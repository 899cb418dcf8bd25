import { describe, expect } from 'vitest';
import { keptTokens, windowStart } from '../../src/generation/window.ts';
import type { ProductVariant } from '../../src/graph/operators/product-variants.ts';
import type { GPTConfig } from '../../src/model/config.ts';
import { gpuTest } from '../graph/harness.ts';
import { Random } from '../reference/arrays.ts';
import { randomParameters } from '../reference/gpt.ts';
import { WritingModel } from './writer-harness.ts';

const BASE: GPTConfig = {
  vocab_size: 23,
  block_size: 11,
  n_layer: 2,
  n_head: 3,
  n_embd: 21,
  n_inner: 50,
  bias: true,
  tied: true,
  activation: 'gelu_tanh',
};

const MODELS: { name: string; config: GPTConfig; lanes: number; product?: ProductVariant; quads?: boolean }[] = [
  { name: 'odd sizes, tied, biases', config: BASE, lanes: 1 },
  { name: 'odd sizes, untied, no biases, rows shared', config: { ...BASE, bias: false, tied: false }, lanes: 32 },
  {
    name: 'aligned sizes, untied, rows shared',
    config: { ...BASE, vocab_size: 64, block_size: 32, n_head: 2, n_embd: 32, n_inner: 128, tied: false },
    lanes: 8,
  },
  {
    name: 'aligned sizes, tied, large tiles',
    config: { ...BASE, vocab_size: 32, block_size: 16, n_head: 4, n_embd: 16, n_inner: 64, activation: 'relu' },
    lanes: 1,
    product: 'quad16',
    quads: true,
  },
  { name: 'a context of one', config: { ...BASE, block_size: 1 }, lanes: 1 },
  { name: 'a context of two', config: { ...BASE, block_size: 2 }, lanes: 1 },
];

describe.each(MODELS)('greedy text is what the largest logits say without a cache: $name', (model) => {
  const { config, lanes, product = 'register4', quads = false } = model;
  const T = config.block_size;
  const random = new Random(T * config.n_embd);
  const params = randomParameters(config, random, 0.6);

  gpuTest('prompts shorter and longer than the context', async ({ device }) => {
    const writing = await WritingModel.create(device, config, params, {
      lanes,
      product: quads && !device.quads ? 'register16' : product,
      quads: quads && device.quads,
    });
    const lengths = [1, T, 2 * T + 1].filter((length) => length > 0);
    const length = 2 * T + 5; // the window slides at least twice
    const different = new Set<number>();
    for (const promptLength of new Set(lengths)) {
      const prompt = [...random.tokens(promptLength, config.vocab_size)];
      const written = await writing.write(prompt, { length });
      expect(written, `prompt of ${promptLength}`).toEqual(await writing.writeWithoutCache(prompt, length));
      for (const id of written) different.add(id);
    }
    expect(different.size, 'different tokens').toBeGreaterThan(T > 2 ? 3 : 1);
    writing.destroy();
  });
});

gpuTest('several chunks of rows are read where the window is long', async ({ device }) => {
  const config = { ...BASE, block_size: 150, n_layer: 1 };
  const random = new Random(3);
  const params = randomParameters(config, random, 0.35);
  const writing = await WritingModel.create(device, config, params);
  expect(writing.generator.decoder.rows).toBe(64);
  const prompt = [...random.tokens(141, config.vocab_size)];
  expect(await writing.write(prompt, { length: 12 })).toEqual(await writing.writeWithoutCache(prompt, 12));
  writing.destroy();
});

gpuTest('equal logits: the token with the lowest id', async ({ device }) => {
  const random = new Random(4);
  const params = randomParameters(BASE, random, 0.35);
  // Tokens 5 and up share one row, and so one logit.
  const wte = params.get('transformer.wte.weight')!;
  for (let id = 6; id < BASE.vocab_size; id++) wte.copyWithin(id * BASE.n_embd, 5 * BASE.n_embd, 6 * BASE.n_embd);
  for (const lanes of [1, 8]) {
    const writing = await WritingModel.create(device, BASE, params, { lanes });
    const written = await writing.write([5, 1, 2], { length: 40 });
    expect(written).toEqual(await writing.writeWithoutCache([5, 1, 2], 40));
    expect(written).toContain(5);
    expect(Math.max(...written)).toBe(5);
    // What is never drawn is passed over, and the next of the equal ones comes.
    const without = await writing.write([5, 1, 2], { length: 40, never: 5 });
    expect(without).toContain(6);
    expect(without).not.toContain(5);
    writing.destroy();
  }
});

gpuTest('the window', async () => {
  const [T, prompt] = [8, 5];
  const starts = Array.from({ length: 20 }, (_, i) => windowStart(prompt, prompt + i, T));
  expect(starts).toEqual([0, 0, 0, 0, 5, 5, 5, 5, 5, 10, 10, 10, 10, 10, 15, 15, 15, 15, 15, 20]);
  expect(windowStart(30, 30, T)).toBe(22);
  expect(windowStart(30, 31, T)).toBe(27);
  for (let count = 1; count < 100; count++) {
    const seen = count - windowStart(1, count, T);
    expect(seen).toBeLessThanOrEqual(T);
    expect(seen).toBeGreaterThanOrEqual(Math.min(count, keptTokens(T)));
  }
});
