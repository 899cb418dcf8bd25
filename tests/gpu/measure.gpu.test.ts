import { expect, test } from 'vitest';
import { measureCopy, measureEmptyDispatch, median } from '../../src/gpu/measure.ts';
import { gpuTest } from '../graph/harness.ts';

gpuTest('an adapter’s copies and empty dispatches take a time that can be', async ({ device }) => {
  const bytes = await measureCopy(device);
  expect(bytes).toBeGreaterThan(1e4); // 10 MB/s
  expect(bytes).toBeLessThan(1e11); // 100 TB/s
  const dispatch = await measureEmptyDispatch(device);
  expect(dispatch).toBeGreaterThan(1e-5);
  expect(dispatch).toBeLessThan(10);
});

test.for([
  [[7], 7],
  [[9, 1, 5], 5],
  [[4, 1, 2, 10], 3],
] as const)('the median of %j is %d', ([values, middle]) => {
  expect(median(values)).toBe(middle);
});
