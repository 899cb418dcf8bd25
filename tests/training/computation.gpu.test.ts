import { describe, expect } from 'vitest';
import type { Device } from '../../src/gpu/device.ts';
import type { Kernel } from '../../src/gpu/kernel.ts';
import type { KernelTraits } from '../../src/graph/graph.ts';
import { whyNotUnits } from '../../src/graph/half-check.ts';
import { traceWith } from '../../src/training/bench.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/training/checkpoint.ts';
import { chooseComputation } from '../../src/training/computation.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { gpuTest } from '../graph/harness.ts';
import { MODEL, options, TRAINING } from './runs.ts';

const traced = (traits: KernelTraits) => traceWith(traits, MODEL, TRAINING);

async function losses(trainer: Trainer): Promise<number[]> {
  const seen: number[] = [];
  await trainer.run({ steps: (records) => void seen.push(...records.map(({ loss }) => loss)) });
  return seen;
}

async function lossesOf(device: Device, training: Parameters<typeof options>[0]): Promise<number[]> {
  const trainer = await Trainer.create(device, options(training));
  try {
    return await losses(trainer);
  } finally {
    trainer.destroy();
  }
}

describe('f16 that cannot be had is f32, to the last bit', () => {
  gpuTest.for(['f16', 'auto'] as const)(
    'an adapter that has no shader-f16, asked for %s',
    async (precision, { device }) => {
      const without = { ...device, half: false };
      const trainer = await Trainer.create(without, options({ precision }));
      expect(trainer.computation).toEqual({
        precision: 'f32',
        products: undefined,
        note: 'Computing in f32: the adapter has no shader-f16.',
      });
      const asked = await losses(trainer);
      expect((await trainer.snapshot()).precision).toBeUndefined();
      trainer.destroy();
      expect(asked).toEqual(await lossesOf(device, {}));
    },
  );

  gpuTest('an adapter whose shaders in f16 do not compile', async ({ device }) => {
    const pipelines = Object.assign(Object.create(device.pipelines), {
      get: (kernel: Kernel, names: string[]) =>
        device.pipelines.get(
          { ...kernel, source: kernel.source.replace('enable f16;', 'enable no_such_thing;') },
          names,
        ),
    });
    const computation = await chooseComputation({ ...device, half: true, pipelines }, traced, { wanted: 'f16' });
    expect(computation).toMatchObject({
      precision: 'f32',
      note: expect.stringMatching(/narrow does not compile/),
    });
  });

  gpuTest('a processor is not asked whether f16 is quicker', async ({ device }) => {
    const computation = await chooseComputation({ ...device, half: true, software: true }, traced, { wanted: 'auto' });
    expect(computation).toMatchObject({ precision: 'f32', note: expect.stringContaining('a processor gains nothing') });
  });

  gpuTest('products in f16 that are wrong', async ({ device, skip }) => {
    if (!device.half) skip('the adapter has no shader-f16');
    const pipelines = Object.assign(Object.create(device.pipelines), {
      get: (kernel: Kernel, names: string[]) =>
        device.pipelines.get(
          { ...kernel, source: kernel.source.replace('clamp(original[i],', 'clamp(1.01 * original[i],') },
          names,
        ),
    });
    const computation = await chooseComputation({ ...device, pipelines }, traced, { wanted: 'f16' });
    expect(computation).toMatchObject({ precision: 'f32', note: expect.stringMatching(/f16 product .* is off by/) });
  });
});

gpuTest('a run in f16 goes on in f16 to the last bit, also from a file', async ({ device, skip }) => {
  if (!device.half) skip('the adapter has no shader-f16');
  const whole = await Trainer.create(device, options({ precision: 'f16', eval_interval: 10 }));
  expect(whole.computation).toMatchObject({ precision: 'f16', note: '' });
  const all: number[] = [];
  let middle: Awaited<ReturnType<Trainer['snapshot']>> | undefined;
  await whole.run({
    steps: (records) => void all.push(...records.map(({ loss }) => loss)),
    evaluated: async (step) => {
      if (step === 10) middle = await whole.snapshot();
    },
  });
  whole.destroy();
  expect(middle!.precision).toBe('f16');
  const training = { ...TRAINING, precision: 'f16' as const, eval_interval: 10 };
  const vocabulary = Array.from({ length: MODEL.vocab_size }, (_, i) => `${i}`);
  const text = { name: 'x', sha256: '' };
  const file = encodeCheckpoint({ model: MODEL, training, vocabulary, text, val_loss: null, state: middle! });
  const { state } = decodeCheckpoint(file);
  const resumed = await Trainer.create(device, options({ precision: 'f16', eval_interval: 10 }, { state }));
  expect(await losses(resumed)).toEqual(all.slice(10));
  resumed.destroy();
});

gpuTest('a run that has begun in f32 goes on in f32', async ({ device }) => {
  const begun = await Trainer.create(device, options());
  const state = { ...(await begun.snapshot()), step: 1 };
  begun.destroy();
  const resumed = await Trainer.create(device, options({ precision: 'f16' }, { state }));
  expect(resumed.computation).toMatchObject({ precision: 'f32', note: '' });
  resumed.destroy();
});

gpuTest('a run in f16 goes on in f32, and says so, where there is no f16', async ({ device }) => {
  const computation = await chooseComputation({ ...device, half: false }, traced, {
    wanted: 'f16',
    state: { step: 5, precision: 'f16' },
  });
  expect(computation).toMatchObject({ precision: 'f32', note: expect.stringContaining('goes on in f32') });
});

gpuTest('auto takes f16 where it is quicker, and otherwise says that it is not', async ({ device, skip }) => {
  if (!device.half) skip('the adapter has no shader-f16');
  const { precision, note } = await chooseComputation({ ...device, software: false }, traced, { wanted: 'auto' });
  expect([precision, note]).toEqual(
    precision === 'f16' ? ['f16', ''] : ['f32', 'Computing in f32: f16 is not quicker for this model here.'],
  );
});

gpuTest('matrix units that do not compile, or multiply wrong, are told', async ({ device, skip }) => {
  if (!device.half) skip('the adapter has no shader-f16');
  const units = device.units ?? { M: 8, N: 8, K: 8, width: 8 };
  const replaced = (from: string, to: string) =>
    Object.assign(Object.create(device.pipelines), {
      get: (kernel: Kernel, names: string[]) =>
        device.pipelines.get({ ...kernel, source: kernel.source.replace(from, to) }, names),
    });
  const unknown = replaced('enable chromium_experimental_subgroup_matrix;', 'enable no_such_units;');
  expect(await whyNotUnits({ ...device, units, pipelines: unknown })).toMatch(/matmul does not compile/);
  if (!device.units) return; // then they cannot be tried
  expect(await whyNotUnits(device)).toBeNull();
  const wrong = replaced('let h = narrow(v);\n  b_tile', 'let h = narrow(1.01 * v);\n  b_tile');
  expect(await whyNotUnits({ ...device, pipelines: wrong })).toMatch(/matrix64.* is off by/);
});
