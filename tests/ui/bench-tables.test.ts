import { expect, test } from 'vitest';
import { benchJson, benchMarkdown } from '../../src/ui/panels/bench-tables.ts';
import type { BenchReport } from '../../src/worker/benchmarking.ts';

const report: BenchReport = {
  result: {
    config: 'tiny',
    parameters: 28_576,
    ms_per_step: 14.52,
    tokens_per_s: 8815,
    floor_ms: 7.26,
    floor: { arithmetic_ms: 7.26, bytes_ms: 1.4, dispatch_ms: 0.5 },
    dispatches_per_step: 55,
    submits_per_step: 0.5,
    gpu_bytes: 2_200_000,
    dropout: 0,
    optimizer: 'adamw',
    precision: 'f32',
  },
  note: '',
  kernels: [{ kernel: 'matmul NT 1x2x3', count: 4, ms: 1.5, share: 0.25, gflops: 3.2, gbytes: 1.1, of_floor: 0.5 }],
};

test('a result is copied as the command line prints it', () => {
  const lines = benchJson([report], 'A GPU').trim().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { adapter: 'A GPU', ...report.result },
    { config: 'tiny', ...report.kernels[0] },
  ]);
});

test('a result is copied as tables whose rows are as long as their heads', () => {
  const tables = benchMarkdown([report], 'A GPU')
    .split('\n')
    .filter((line) => line.startsWith('|'));
  expect(tables).toHaveLength(6);
  expect(tables[2]).toBe('| tiny | 14.5 | 7.26 | 2.00 | 8,815 | 55 | 0.500 | 2.2 MB |');
  expect(new Set(tables.slice(0, 3).map((line) => line.split('|').length)).size).toBe(1);
  expect(new Set(tables.slice(3).map((line) => line.split('|').length)).size).toBe(1);
});
