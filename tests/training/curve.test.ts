import { expect, test } from 'vitest';
import { curveDifference } from '../../src/training/curve.ts';

const falling = Array.from({ length: 60 }, (_, step) => 4 - step / 30);

test('the difference of two curves is the largest of their windows, as a share of the second', () => {
  expect(curveDifference(falling, falling)).toBe(0);
  expect(
    curveDifference(
      falling.map((loss) => loss * 1.02),
      falling,
    ),
  ).toBeCloseTo(0.02, 10);
  // only the last ten steps, which are a window of their own
  expect(
    curveDifference(
      falling.map((loss, step) => (step < 50 ? loss : loss * 0.97)),
      falling,
    ),
  ).toBeCloseTo(0.03, 10);
  // what evens out within a window is no difference
  const noisy = falling.map((loss, step) => loss + (step % 2 ? 0.1 : -0.1));
  expect(curveDifference(noisy, falling)).toBeLessThan(0.002);
});

test('what is not finite, or shorter, agrees with nothing', () => {
  expect(curveDifference([...falling.slice(0, 59), Number.NaN], falling)).toBe(Number.POSITIVE_INFINITY);
  expect(curveDifference(falling.slice(0, 59), falling)).toBe(Number.POSITIVE_INFINITY);
});
