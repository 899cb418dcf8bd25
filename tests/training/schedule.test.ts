import { describe, expect, test } from 'vitest';
import {
  checkTrainingConfig,
  preset,
  SCHEDULES,
  type ScheduleName,
  type TrainingConfig,
} from '../../src/model/config.ts';
import { averageRate, learningRate, scheduleTable } from '../../src/training/schedule.ts';
import { Random, relativeError } from '../reference/arrays.ts';
import * as reference from '../reference/optimizer.ts';

const base = preset('tiny').training;

const CONFIGURATIONS: Partial<TrainingConfig>[] = [
  {},
  { max_iters: 50, warmup_iters: 7, lr_decay_iters: 31 },
  { max_iters: 20, warmup_iters: 0, lr_decay_iters: 20 },
  { max_iters: 9, warmup_iters: 20, lr_decay_iters: 9 },
  { max_iters: 5, warmup_iters: 3, lr_decay_iters: 3 },
  { max_iters: 4, warmup_iters: 0, lr_decay_iters: 0 },
  { max_iters: 30, warmup_iters: 4, lr_decay_iters: 30, min_lr: base.learning_rate },
  { max_iters: 1, beta1: 0, beta2: 0 },
];

test.each(CONFIGURATIONS)('the table is the reference’s: %o', (changes) => {
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

const FALLING = SCHEDULES.filter((schedule) => schedule !== 'constant');

describe.each(SCHEDULES)('the schedule %s', (schedule) => {
  const ratesOf = (changes: Partial<TrainingConfig>) => {
    const config = { ...base, schedule, ...changes };
    expect(() => checkTrainingConfig(config)).not.toThrow();
    return Array.from({ length: config.max_iters }, (_, step) => learningRate(config, step));
  };

  test('rises in the warm-up and never again, whatever its numbers', () => {
    const random = new Random(11);
    for (let trial = 0; trial < 300; trial++) {
      const lr_decay_iters = random.below(120);
      const warmup_iters = random.below(lr_decay_iters + 1);
      const rates = ratesOf({
        max_iters: 1 + random.below(150),
        lr_decay_iters,
        warmup_iters,
        cooldown_iters: random.below(150),
        lr_drops: 1 + random.below(9),
        learning_rate: 0.01,
        min_lr: 0.01 * random.uniform() + 1e-9,
      });
      rates.forEach((rate, step) => {
        expect(Number.isFinite(rate) && rate <= 0.01 * (1 + 1e-12)).toBe(true);
        if (step === 0) return;
        const before = rates[step - 1]!;
        if (step < warmup_iters) expect(rate).toBeGreaterThan(before);
        // rounding may lift a power by its last bit
        else if (step > warmup_iters) expect(rate).toBeLessThanOrEqual(before * (1 + 1e-14));
      });
    }
  });

  test('begins at the highest rate and ends at the lowest', () => {
    const rates = ratesOf({ max_iters: 60, warmup_iters: 10, lr_decay_iters: 50, cooldown_iters: 20 });
    expect(rates[0]).toBeCloseTo(base.learning_rate / 11, 12);
    expect(rates[10]).toBeCloseTo(base.learning_rate, 12);
    const last = schedule === 'constant' ? base.learning_rate : base.min_lr;
    for (const rate of rates.slice(50)) expect(rate).toBeCloseTo(last, 12);
  });
});

test('each schedule has its own shape', () => {
  const at = (schedule: ScheduleName, step: number, changes: Partial<TrainingConfig> = {}) =>
    learningRate(
      { ...base, schedule, warmup_iters: 0, lr_decay_iters: 100, learning_rate: 1, min_lr: 0.01, ...changes },
      step,
    );
  expect(at('constant', 50)).toBe(1);
  expect(at('linear', 25)).toBeCloseTo(0.7525, 12);
  expect(at('cosine', 50)).toBeCloseTo(0.505, 12);
  expect(at('exponential', 50)).toBeCloseTo(0.1, 12);
  const drops = Array.from({ length: 101 }, (_, step) => at('step', step, { lr_drops: 2 }));
  expect([...new Set(drops.map((rate) => rate.toFixed(9)))]).toEqual(['1.000000000', '0.100000000', '0.010000000']);
  expect(drops.findIndex((rate) => rate < 0.9)).toBe(34);
  expect(at('wsd', 80, { cooldown_iters: 20 })).toBeCloseTo(1, 12);
  expect(at('wsd', 90, { cooldown_iters: 20 })).toBeCloseTo(0.505, 12);
  expect(at('wsd', 99, { cooldown_iters: 0 })).toBeCloseTo(1, 12);
});

test.each(FALLING)('%s: a warm-up that outlasts it, or an end above its beginning, is refused', (schedule) => {
  const check = (changes: Partial<TrainingConfig>) => () => checkTrainingConfig({ ...base, schedule, ...changes });
  expect(check({ warmup_iters: 11, lr_decay_iters: 10 })).toThrow(/longer than the schedule/);
  expect(check({ min_lr: 2 * base.learning_rate })).toThrow(/min_lr/);
});

test('the moving average begins quickly and then keeps its pace', () => {
  const rates = Array.from({ length: 200 }, (_, step) => averageRate({ ...base, ema_decay: 0.95 }, step));
  expect(rates[0]).toBeCloseTo(1 - 2 / 11, 12);
  expect(rates.at(-1)).toBeCloseTo(0.05, 12);
  rates.slice(1).forEach((rate, i) => {
    expect(rate).toBeLessThanOrEqual(rates[i]!);
  });
});
