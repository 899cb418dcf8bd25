import { describe, expect, it } from 'vitest';
import { align } from '../../src/ui/charts/series.ts';
import { RunHistory, ThinnedSeries } from '../../src/ui/run-history.ts';

const filled = (steps: number, value: (step: number) => number): ThinnedSeries => {
  const series = new ThinnedSeries();
  for (let step = 1; step <= steps; step++) series.append(step, value(step));
  return series;
};

const smoothed = (series: ThinnedSeries, window: number): number[] => {
  const out: number[] = [];
  series.smooth(window, out);
  return out;
};

describe('ThinnedSeries', () => {
  it('keeps each value while there is room', () => {
    const series = filled(2048, (step) => step);
    expect(series.stride).toBe(1);
    expect(series.mean).toEqual(series.x);
    expect(series.low).toEqual(series.high);
  });

  it('thins a long run to a bounded number of points that lose no extreme and no mean', () => {
    const steps = 100_000;
    const series = filled(steps, (step) => (step === 777 ? 9 : step === 88_888 ? -9 : step % 2));
    const { length } = series.x;
    expect(length).toBeLessThanOrEqual(2048);
    expect(length).toBeGreaterThan(1024);
    expect(series.stride).toBe(64);
    expect(series.x.at(-1)).toBe(steps);
    expect(Math.max(...series.high)).toBe(9);
    expect(Math.min(...series.low)).toBe(-9);
    expect(series.mean.slice(100, 1000).every((mean) => Math.abs(mean - 0.5) < 1e-9)).toBe(true);
    // Every point but the open last one ends on a multiple of the stride.
    expect(series.x.slice(0, -1).every((step) => step % series.stride === 0)).toBe(true);
  });

  it('smooths: a constant stays, noise shrinks, and the first value counts whole', () => {
    expect(
      smoothed(
        filled(500, () => 3),
        40,
      ).every((value) => Math.abs(value - 3) < 1e-12),
    ).toBe(true);
    const noisy = filled(500, (step) => (step % 2 === 0 ? 2 : 4));
    expect(smoothed(noisy, 40)[0]).toBe(4);
    expect(Math.abs(smoothed(noisy, 40).at(-1)! - 3)).toBeLessThan(0.05);
    expect(smoothed(noisy, 1)).toEqual(noisy.mean);
  });

  it('smooths thinned points as it does all of them', () => {
    const noise = (step: number) => 2 + Math.sin(step / 900) + 0.3 * Math.sin(step * 12.9898);
    const series = filled(30_000, noise);
    expect(series.stride).toBeGreaterThan(8);
    let average = 0;
    const all = new Map<number, number>();
    for (let step = 1; step <= 30_000; step++) {
      average += (noise(step) - average) / Math.min(400, 1 + (step - 1) / 6);
      all.set(step, average);
    }
    const points = smoothed(series, 400);
    series.x.slice(20).forEach((step, i) => {
      expect(Math.abs(points[i + 20]! - all.get(step)!), `step ${step}`).toBeLessThan(0.01);
    });
  });

  it('leaves out what is no number', () => {
    const series = filled(4, (step) => (step === 2 ? Number.NaN : step === 3 ? Number.POSITIVE_INFINITY : 1));
    expect(series.x).toEqual([1, 4]);
    expect(series.mean).toEqual([1, 1]);
  });

  it('takes a million values at the price of the first ones, and is drawn from as few points', () => {
    const history = new RunHistory();
    const append = (from: number, to: number): number => {
      const started = performance.now();
      for (let step = from; step < to; step++) history.append({ step, loss: 1 / step, lr: 1e-3, grad_norm: step % 7 });
      return performance.now() - started;
    };
    append(1, 50_000); // compiled by now
    const early = append(50_000, 150_000);
    append(150_000, 900_000);
    const late = append(900_000, 1_000_000);
    console.log(`100,000 steps: ${early.toFixed(1)} ms at 100,000, ${late.toFixed(1)} ms at a million`);
    expect(late).toBeLessThan(3 * early + 20);
    const { x, mean: y, low, high } = history.loss;
    expect(x.length).toBeLessThanOrEqual(2048);
    const started = performance.now();
    const { columns } = align([{ label: '', colour: '', x, y, low, high }], true, true);
    console.log(`aligned in ${(performance.now() - started).toFixed(2)} ms`);
    expect(columns.every(({ length }) => length === x.length)).toBe(true);
  });
});

describe('RunHistory', () => {
  it('says what the last losses are on average, whatever was no number', () => {
    const history = new RunHistory();
    expect(history.recentLoss).toBeNull();
    const record = (step: number, loss: number) => history.append({ step, loss, lr: 0, grad_norm: 0 });
    record(1, 3);
    expect(history.recentLoss).toBe(3);
    record(2, Number.NaN);
    for (let step = 3; step < 400; step++) record(step, step % 2 === 0 ? 1 : 2);
    expect(Math.abs(history.recentLoss! - 1.5)).toBeLessThan(0.05);
    expect(history.gradNorm.x.length).toBe(399);
  });
});
