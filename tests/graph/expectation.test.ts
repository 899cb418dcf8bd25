import { expect, test } from 'vitest';
import { expectedVariant } from '../../src/graph/operators/product.ts';
import { expectation, PRODUCT_VARIANTS, type Variant } from '../../src/graph/operators/product-variants.ts';

const sums = (name: keyof typeof PRODUCT_VARIANTS) => {
  const { tile }: Variant = PRODUCT_VARIANTS[name];
  return tile[0] * tile[1];
};

// Products of nanoGPT's GPU configuration, and of the smallest one.
test.each([
  ['NT', [16384, 1536, 384], 128, 64],
  ['NN', [16384, 384, 384], 128, 64],
  ['TN', [1152, 384, 16384], 128, 64],
  ['NT', [128, 96, 32], 16, 16],
] as const)('%s %j: a thread keeps %d sums where it has the registers, and otherwise %d', (layout, size, many, few) => {
  expect(sums(expectedVariant(undefined, layout, size))).toBe(many);
  expect(sums(expectedVariant(undefined, layout, size, expectation(true)))).toBe(few);
});
