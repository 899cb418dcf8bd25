import { describe, expect, test } from 'vitest';
import type { GPTConfig } from '../../src/model/config.ts';
import { initialParameters, layoutOf, parameterTable } from '../../src/model/parameters.ts';
import { sum } from '../reference/arrays.ts';
import { parameterShapes } from '../reference/gpt.ts';

const base: GPTConfig = {
  vocab_size: 61,
  block_size: 37,
  n_layer: 3,
  n_head: 3,
  n_embd: 33,
  n_inner: 70,
  bias: true,
  tied: true,
  activation: 'gelu_tanh',
};

const VARIANTS = [true, false].flatMap((bias) => [true, false].map((tied) => ({ ...base, bias, tied })));

describe.each(VARIANTS)('the parameters with bias: $bias, tied: $tied', (config) => {
  const table = parameterTable(config);

  test('have the names, the order and the shapes of nanoGPT', () => {
    expect(table.map(({ name, shape }) => [name, [...shape]])).toEqual([...parameterShapes(config)]);
  });

  test('decay where they have two dimensions', () => {
    for (const { shape, decay } of table) expect(decay).toBe(shape.length >= 2);
  });

  test('stand apart in the flat buffer, decayed ones first', () => {
    const layout = layoutOf(config);
    const slots = [...layout.slots.values()].sort((a, b) => a.offset - b.offset);
    let end = 0;
    for (const { offset, size, decay, name } of slots) {
      expect(offset % 256, name).toBe(0);
      expect(offset, name).toBeGreaterThanOrEqual(end);
      expect(offset / 4 < layout.decayed, name).toBe(decay);
      end = offset + 4 * size;
      if (decay) expect(end / 4, name).toBeLessThanOrEqual(layout.decayed);
    }
    expect(layout.bytes).toBeGreaterThanOrEqual(end);
    expect(layout.count).toBe(sum(table.map(({ shape }) => shape.reduce((a, b) => a * b))));
  });

  test('start as GPT-2 starts', async () => {
    const layout = layoutOf(config);
    const flat = await initialParameters(config, layout, 5);
    const covered = new Uint8Array(flat.length);
    for (const { name, offset, size } of layout.slots.values()) {
      const values = flat.subarray(offset / 4, offset / 4 + size);
      covered.fill(1, offset / 4, offset / 4 + size);
      if (name.endsWith('.bias')) {
        expect(values.every((v) => v === 0)).toBe(true);
      } else if (name.includes('ln_')) {
        expect(values.every((v) => v === 1)).toBe(true);
      } else {
        const std = name.endsWith('c_proj.weight') ? 0.02 / Math.sqrt(6) : 0.02;
        const mean = sum(values) / size;
        const spread = Math.sqrt(sum(values.map((v) => (v - mean) ** 2)) / size);
        // Five standard errors.
        expect(Math.abs(mean), name).toBeLessThan((5 * std) / Math.sqrt(size));
        expect(Math.abs(spread / std - 1), name).toBeLessThan(5 / Math.sqrt(2 * size));
      }
    }
    expect(flat.every((value, i) => covered[i] === 1 || value === 0)).toBe(true);
  });
});

test('the start depends on the seed alone', async () => {
  const layout = layoutOf(base);
  const one = await initialParameters(base, layout, 1);
  expect(await initialParameters(base, layout, 1)).toEqual(one);
  const other = await initialParameters(base, layout, 2);
  const same = one.filter((value, i) => value === other[i] && value !== 0 && value !== 1);
  expect(same.length).toBeLessThan(5);
});

test('no two tensors start alike', async () => {
  const layout = layoutOf(base);
  const flat = await initialParameters(base, layout, 1);
  const starts = [...layout.slots.values()].filter(({ decay }) => decay).map(({ offset }) => flat[offset / 4]);
  expect(new Set(starts).size).toBe(starts.length);
});
