import { expect, test } from 'vitest';
import { curveDifference, nudged } from '../../src/training/curve.ts';

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

test('the control’s weights are the same to a unit in the last place, and not the same', () => {
  const weights = Float32Array.from({ length: 300 }, (_, i) => (i % 7 === 0 ? 0 : Math.sin(i) / 50));
  const moved = nudged(weights, 1);
  const ulp = (x: number) => 2 ** (Math.floor(Math.log2(Math.abs(x))) - 23);
  const steps = Array.from(weights, (w, i) => (w === 0 ? moved[i]! : (moved[i]! - w) / ulp(w)));
  expect(steps.every((step) => Math.abs(step) <= 1)).toBe(true);
  expect(new Set(steps.map(Math.sign))).toEqual(new Set([-1, 0, 1]));
  expect(nudged(weights, 1)).toEqual(moved);
  expect(nudged(weights, 2)).not.toEqual(moved);
});
