import { describe, expect, it } from 'vitest';
import { LossHistory } from '../../src/ui/loss-history.ts';

const filled = (steps: number, loss: (step: number) => number): LossHistory => {
  const history = new LossHistory();
  for (let step = 1; step <= steps; step++) history.append({ step, loss: loss(step), lr: 0, grad_norm: 0 });
  return history;
};

describe('LossHistory', () => {
  it('keeps each step while there is room', () => {
    const history = filled(2048, (step) => step);
    expect(history.stride).toBe(1);
    expect(history.mean).toEqual(history.steps);
    expect(history.low).toEqual(history.high);
  });

  it('thins a long run to a bounded number of points that lose no extreme and no mean', () => {
    const steps = 100_000;
    const history = filled(steps, (step) => (step === 777 ? 9 : step === 88_888 ? -9 : step % 2));
    const { length } = history.steps;
    expect(length).toBeLessThanOrEqual(2048);
    expect(length).toBeGreaterThan(1024);
    expect(history.stride).toBe(64);
    expect(history.steps.at(-1)).toBe(steps);
    expect(Math.max(...history.high)).toBe(9);
    expect(Math.min(...history.low)).toBe(-9);
    expect(history.mean.slice(100, 1000).every((mean) => Math.abs(mean - 0.5) < 1e-9)).toBe(true);
    // Every point but the open last one ends on a multiple of the stride.
    expect(history.steps.slice(0, -1).every((step) => step % history.stride === 0)).toBe(true);
  });

  it('smooths: a constant stays, noise shrinks, and the first step counts whole', () => {
    expect(filled(500, () => 3).smooth.every((value) => value === 3)).toBe(true);
    const noisy = filled(500, (step) => (step % 2 === 0 ? 2 : 4));
    expect(noisy.smooth[0]).toBe(4);
    expect(Math.abs(noisy.smooth.at(-1)! - 3)).toBeLessThan(0.05);
  });

  it('leaves out losses that are no numbers', () => {
    const history = filled(4, (step) => (step === 2 ? Number.NaN : step === 3 ? Number.POSITIVE_INFINITY : 1));
    expect(history.steps).toEqual([1, 4]);
    expect(history.smooth).toEqual([1, 1]);
  });
});
