import { describe, expect } from 'vitest';
import type { Device } from '../../src/gpu/device.ts';
import type { Kernel } from '../../src/gpu/kernel.ts';
import type { KernelTraits } from '../../src/graph/graph.ts';
import { traceWith } from '../../src/training/bench.ts';
import { chooseComputation, HALF_LEARNING_RATE, unprovenInHalf } from '../../src/training/computation.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { gpuTest } from '../graph/harness.ts';
import { lossesOf, MODEL, options, TRAINING } from './runs.ts';

const traced = (traits: KernelTraits) => traceWith(traits, MODEL, TRAINING);

async function lossesWith(device: Device, training: Parameters<typeof options>[0]): Promise<number[]> {
  const trainer = await Trainer.create(device, options(training));
  try {
    return await lossesOf(trainer);
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
      const asked = await lossesOf(trainer);
      expect((await trainer.snapshot()).precision).toBeUndefined();
      trainer.destroy();
      expect(asked).toEqual(await lossesWith(device, {}));
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

  gpuTest.for([
    [{ learning_rate: 1e-2 }, /f32: f16 learns as f32 does up to a learning rate of 0.001, and this one is 0.01\.$/],
    [
      { learning_rate: 1e-4, min_lr: 0, optimizer: 'adam', weight_decay: 0 },
      /f32: f16 has been seen to learn .* AdamW only\.$/,
    ],
  ] as const)('a run that f16 is not known to learn: %o', async ([training, note], { device }) => {
    const able = { ...device, half: true };
    for (const precision of ['f16', 'auto'] as const) {
      const run = await Trainer.create(able, options({ ...training, precision }, { measuring: false }));
      expect(run.computation).toEqual({ precision: 'f32', products: undefined, note: expect.stringMatching(note) });
      run.destroy();
    }
    expect(unprovenInHalf({ optimizer: 'adamw', learning_rate: HALF_LEARNING_RATE })).toBeUndefined();
  });

  gpuTest('a processor is not asked whether f16 is quicker', async ({ device }) => {
    const computation = await chooseComputation({ ...device, half: true, software: true }, traced, { wanted: 'auto' });
    expect(computation).toMatchObject({ precision: 'f32', note: expect.stringContaining('a processor gains nothing') });
  });
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
