import { describe, expect, test } from 'vitest';
import { ACTIVATIONS, preset } from '../../src/model/config.ts';
import { anatomyOf } from '../../src/model/counts.ts';
import { curveOf } from '../../src/ui/panels/parameters/curves.ts';
import { large, percentage, span } from '../../src/ui/panels/parameters/magnitudes.ts';
import { fault, subjectOf } from '../../src/ui/panels/parameters/subject.ts';
import { counted } from '../../src/ui/strings/parameters.ts';
import { initialView } from '../../src/ui/view.ts';
import { activate } from '../reference/activation.ts';

describe('numbers of any size can be read', () => {
  test.each([
    [0, '0'],
    [3072, '3,072'],
    [38_400_000, '38.4 million'],
    [300e9, '300 billion'],
    [3.1428e23, '3.14 × 10²³'],
    [999_999, '999,999'],
  ])('%d', (value, written) => {
    expect(large(value)).toBe(written);
  });

  test.each([
    [45, '45 s'],
    [3 * 86_400, '3 days'],
    [3 * 365.25 * 86_400, '3 years'],
    [5.1e6 * 365.25 * 86_400, '5.1 million years'],
  ])('%d seconds', (seconds, written) => {
    expect(span(seconds)).toBe(written);
  });

  test.each([
    [0, '0 %'],
    [1e-7, '< 0.01 %'],
    [0.3321, '33.2 %'],
    [1, '100 %'],
  ])('a share of %d', (share, written) => {
    expect(percentage(share)).toBe(written);
  });
});

test('a count is written as symbols, as numbers, and as what they make', () => {
  const { block } = anatomyOf({ ...preset('tiny').model, vocab_size: 65 });
  const config = { ...preset('tiny').model, vocab_size: 65 };
  const attention = block.find(({ id }) => id === 'attn')!;
  expect(attention.tensors.map((tensor) => counted(config, tensor))).toEqual([
    '3 C × C = 3 × 32 × 32 = 3,072',
    '3 C = 3 × 32 = 96',
    'C × C = 32 × 32 = 1,024',
    'C = 32',
  ]);
});

test.each(ACTIVATIONS)('the drawn curve of %s is the one that the kernel computes', (activation) => {
  for (let x = -4; x <= 4; x += 0.25) expect(curveOf(activation, x)).toBeCloseTo(activate(activation, x), 5);
});

describe('what is counted', () => {
  const view = initialView();

  test('is what the form would train, and falls back to it', () => {
    const form = subjectOf('form', view, null);
    expect(form.sizes).toMatchObject({ n_layer: 2, n_embd: 32, optimizer: 'adamw' });
    expect(form.tokens).toBe(1000 * 4 * 32);
    expect(subjectOf('run', view, null)).toEqual(form); // there is none
    expect(subjectOf('own', view, null)).toEqual(form);
  });

  test('may be of any size, but must fit together', () => {
    const { sizes } = subjectOf('gpt3-175b', view, null);
    expect(fault(sizes)).toBeNull();
    expect(fault({ ...sizes, n_head: 7 })).toBe('The width 12,288 is not divisible by 7 heads.');
    expect(fault({ ...sizes, n_layer: 0 })).toBe('Blocks must be a whole number from 1 on.');
    expect(fault({ ...sizes, block_size: Number.NaN })).toContain('Context');
  });
});
