import { expect, test } from 'vitest';
import { activate, activationSlope, erf } from './activation.ts';
import { numericalGradient } from './finite_difference.ts';

test('erf agrees with its tabled values', () => {
  // Abramowitz and Stegun, table 7.1, and C's erf for the far points.
  const table: [number, number][] = [
    [0, 0],
    [1e-10, 1.1283791670955126e-10],
    [0.1, 0.1124629160182849],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [1.5, 0.9661051464753108],
    [2, 0.9953222650189527],
    [2.9, 0.9999589021219005],
    [3.1, 0.9999883513426328],
    [4, 0.9999999845827421],
    [6, 1],
    [40, 1],
  ];
  for (const [x, value] of table) {
    expect(Math.abs(erf(x) - value)).toBeLessThanOrEqual(1e-14 * Math.abs(value));
    expect(erf(-x)).toBe(-erf(x));
  }
  expect(Math.abs(erf(3 - 1e-9) - erf(3 + 1e-9))).toBeLessThan(1e-12);
});

test.each(['gelu', 'gelu_tanh', 'relu'] as const)('the slope of %s is its numerical slope', (kind) => {
  const points = [-9, -4.3, -2.1, -1, -0.4, -0.01, 0.02, 0.7, 1.3, 3.3, 4.4, 9];
  for (const x of points) {
    const [slope] = numericalGradient(([z]) => activate(kind, z!), [x]);
    expect(Math.abs(activationSlope(kind, x) - slope!)).toBeLessThan(1e-10);
  }
});
