import { expect, test } from 'vitest';
import { unitsOf, WorkLimit } from '../../src/gpu/work-limit.ts';

test('a device that nothing is known of is taken for a slow one', () => {
  // 0.3 TFLOP/s and 30 GB/s
  expect(unitsOf(3e9, 0)).toBeCloseTo(10, 10);
  expect(unitsOf(0, 3e8)).toBeCloseTo(10, 10);
  expect(new WorkLimit().most).toBe(50);
});

test('a submit is to take 50 ms, as soon as it is known how much that is', () => {
  const limit = new WorkLimit();
  for (let i = 0; i < 20; i++) limit.learn(Math.min(limit.most, 800), 0.01 * Math.min(limit.most, 800)); // a hundred times as quick
  expect(limit.most).toBeCloseTo(5000, 6);
  limit.learn(100, 500); // another page has the GPU
  expect(limit.most).toBeCloseTo(10, 10);
  limit.learn(10, 0); // a clock that stood still
  expect(limit.most).toBeCloseTo(20, 10);
  limit.learn(0, 5); // nothing was done
  expect(limit.most).toBeCloseTo(20, 10);
});
