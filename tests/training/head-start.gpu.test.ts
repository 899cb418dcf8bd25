import { expect, vi } from 'vitest';
import { PipelineCache } from '../../src/gpu/kernel.ts';
import { compileAhead } from '../../src/training/head-start.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { gpuTest } from '../graph/harness.ts';
import { lossesOf, options } from './runs.ts';

gpuTest('a run whose kernels were compiled ahead compiles none', async ({ device }) => {
  const fresh = { ...device, pipelines: new PipelineCache(device.gpu) };
  const run = options({ eval_interval: 5 });
  expect(await compileAhead(fresh, run, () => true)).toBe(true);
  const compile = vi.spyOn(device.gpu, 'createComputePipelineAsync'); // it is called as ever, and counted
  const trainer = await Trainer.create(fresh, run);
  try {
    await lossesOf(trainer);
    expect(compile.mock.calls.map(([{ label }]) => label)).toEqual([]);
  } finally {
    trainer.destroy();
    compile.mockRestore();
  }
});

gpuTest('a head start ends when it is told to', async ({ device }) => {
  const fresh = { ...device, pipelines: new PipelineCache(device.gpu) };
  let asked = 0;
  expect(await compileAhead(fresh, options(), () => asked++ < 3)).toBe(false);
  expect(asked).toBe(4);
});
