import { expect, test } from 'vitest';
import {
  expectation,
  expectedVariant,
  type PRODUCT_VARIANTS,
  quickestFirst,
} from '../../src/graph/operators/product-variants.ts';
import { Learnt } from '../../src/graph/tuner.ts';

// Products of nanoGPT's GPU configuration, and of the smallest one.
test.each([
  ['NT', [16384, 1536, 384], 'ahead128', 'shared128x64'],
  ['NN', [16384, 384, 384], 'ahead128', 'shared128x64'],
  ['TN', [1152, 384, 16384], 'split128', 'split128x64'],
  ['NT', [128, 96, 32], 'sliced4', 'sliced4'],
] as const)('%s %j takes %s where there is the workgroup memory, and otherwise %s', (layout, size, most, least) => {
  expect(expectedVariant({ workgroupMemory: 49152 }, layout, size)).toBe(most);
  expect(expectedVariant({}, layout, size)).toBe(least);
});

test('what keeps many numbers in registers is expected to be slow where there are few', () => {
  const size = [16384, 1536, 384] as const;
  const slower = (name: 'register16' | 'ahead128' | 'shared128') =>
    expectation(true)(name, size) / expectation()(name, size);
  expect(slower('register16')).toBe(3);
  expect(slower('ahead128')).toBe(3);
  expect(slower('shared128')).toBe(1);
});

test('what has been timed scales what is expected of variants that ask as much of an adapter, then of those that read alike', () => {
  const size = [16384, 1536, 384] as const;
  const before = expectation(false);
  const learnt = new Learnt(false);
  expect(learnt.time('shared64', size)).toBe(before('shared64', size));
  // an adapter on which barriers are ten times as dear as expected, and large tiles another ten times
  learnt.learn('shared64', size, (10 * before('shared64', size)) / 1000);
  learnt.learn('ahead128', size, (100 * before('ahead128', size)) / 1000);
  learnt.learn('register8', size, before('register8', size) / 1000);
  const other = [512, 512, 512] as const;
  const factor = (name: keyof typeof PRODUCT_VARIANTS) => learnt.time(name, other) / before(name, other);
  expect(factor('shared64')).toBeCloseTo(10, 8);
  expect(factor('shared128x64')).toBeCloseTo(100, 8);
  expect(factor('shared32')).toBeCloseTo(Math.sqrt(1000), 8); // none of its size is known: all that read through memory
  expect(factor('register4')).toBeCloseTo(1, 8);
  expect(factor('sliced4')).toBeCloseTo(10, 8); // nothing like it is known: all
  const names = ['shared32', 'shared64', 'shared128', 'register8'] as const;
  expect(quickestFirst(names, 'NT', other)[0]).not.toBe('register8');
  expect(quickestFirst(names, 'NT', other, learnt.time)[0]).toBe('register8');
  learnt.learn('shared64', size, 0); // a clock that stood still
  expect(factor('shared64')).toBeCloseTo(10, 8);
});
