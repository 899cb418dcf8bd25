import { expect, test } from 'vitest';
import { preset, type TrainingConfig } from '../../src/model/config.ts';
import { learningRate, scheduleTable } from '../../src/training/schedule.ts';
import { relativeError } from '../reference/arrays.ts';
import * as reference from '../reference/optimizer.ts';

const base = preset('tiny').training;

const SCHEDULES: Partial<TrainingConfig>[] = [
  {},
  { max_iters: 50, warmup_iters: 7, lr_decay_iters: 31 },
  { max_iters: 20, warmup_iters: 0, lr_decay_iters: 20 },
  { max_iters: 9, warmup_iters: 20, lr_decay_iters: 9 },
  { max_iters: 5, warmup_iters: 3, lr_decay_iters: 3 },
  { max_iters: 4, warmup_iters: 0, lr_decay_iters: 0 },
  { max_iters: 30, warmup_iters: 4, lr_decay_iters: 30, min_lr: base.learning_rate },
  { max_iters: 1, beta1: 0, beta2: 0 },
];

test.each(SCHEDULES)('the table is the reference’s: %o', (changes) => {
  const config = { ...base, ...changes };
  const table = scheduleTable(config);
  expect(table.length).toBe(4 * config.max_iters);
  const steps = Array.from({ length: config.max_iters }, (_, step) => step);
  const column = (i: number) => steps.map((step) => table[4 * step + i]!);
  const rates = steps.map((step) => reference.learningRate(step, config));
  expect(
    relativeError(
      steps.map((step) => learningRate(config, step)),
      rates,
    ),
  ).toBeLessThan(1e-15);
  expect(relativeError(column(0), rates)).toBeLessThan(1e-7);
  const correction = (beta: number) => steps.map((step) => 1 / (1 - beta ** (step + 1)));
  expect(relativeError(column(1), correction(config.beta1))).toBeLessThan(1e-7);
  expect(relativeError(column(2), correction(config.beta2))).toBeLessThan(1e-7);
});

test('the rate rises, falls and never rises again', () => {
  const config = { ...base, max_iters: 300, warmup_iters: 40, lr_decay_iters: 200 };
  const rates = Array.from({ length: 300 }, (_, step) => learningRate(config, step));
  const top = rates.indexOf(Math.max(...rates));
  expect(top).toBe(40);
  expect(rates[40]).toBeCloseTo(config.learning_rate, 15);
  rates.slice(1).forEach((rate, i) => {
    if (i < top) expect(rate).toBeGreaterThan(rates[i]!);
    else expect(rate).toBeLessThanOrEqual(rates[i]!);
  });
  expect(rates.slice(200).every((rate) => Math.abs(rate - config.min_lr) < 1e-18)).toBe(true);
});
