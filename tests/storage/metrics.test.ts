import { expect, test } from 'vitest';
import { divide, isEmpty, joined, type Metrics, noMetrics } from '../../src/storage/metrics.ts';

const norms = (step: number) => ({ step, names: ['a'], grad: [1], update: [1], weight: [1], moved: null });
const record = (step: number) => ({ step, loss: 1, lr: 1, grad_norm: 1 });

test('what older runs have kept reads as having no norms and no speeds', () => {
  const old = { records: [record(1)], evaluations: [], samples: [{ step: 1, text: 'a' }] };
  const now: Metrics = {
    ...noMetrics(),
    records: [record(2)],
    norms: [norms(2)],
    speeds: [{ step: 2, tokens_per_s: 9 }],
  };
  expect(joined([old, now])).toEqual({
    records: [record(1), record(2)],
    evaluations: [],
    samples: [{ step: 1, text: 'a' }],
    norms: [norms(2)],
    speeds: [{ step: 2, tokens_per_s: 9 }],
  });
});

test('norms and speeds go with their steps, where a run goes on from an earlier one', () => {
  const metrics: Metrics = {
    records: [1, 2, 3].map(record),
    evaluations: [{ step: 2, train_loss: 1, val_loss: 1 }],
    samples: [],
    norms: [norms(1), norms(3)],
    speeds: [{ step: 2, tokens_per_s: 9 }],
  };
  const { told, rest } = divide(metrics, { step: 2, evaluated: -1, sampled: -1 });
  expect(told).toEqual({ ...metrics, records: [1, 2].map(record), evaluations: [], norms: [norms(1)] });
  expect(rest).toEqual({ ...metrics, records: [record(3)], norms: [norms(3)], speeds: [] });
  expect([isEmpty(noMetrics()), isEmpty({ ...noMetrics(), speeds: metrics.speeds })]).toEqual([true, false]);
});
