import { expect } from 'vitest';
import type { Kernel } from '../../src/gpu/kernel.ts';
import type { KernelTraits } from '../../src/graph/graph.ts';
import { whyNotUnits } from '../../src/graph/half-check.ts';
import { traceWith } from '../../src/training/bench.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/training/checkpoint.ts';
import { chooseComputation } from '../../src/training/computation.ts';
import { StepWalk } from '../../src/training/inspection/step-walk.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { expectClose, gpuTest } from '../graph/harness.ts';
import { passage } from './patterns.ts';
import { begun, inFloat64, lossesOf, MODEL, named, options, TRAINING } from './runs.ts';

// Only projects whose adapter has shader-f16 include this file; what happens without it stands in computation.gpu.test.ts.

const traced = (traits: KernelTraits) => traceWith(traits, MODEL, TRAINING);

gpuTest('products in f16 that are wrong', async ({ device }) => {
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

gpuTest('a run in f16 goes on in f16 to the last bit, also from a file', async ({ device }) => {
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
  expect(await lossesOf(resumed)).toEqual(all.slice(10));
  resumed.destroy();
});

gpuTest('auto takes f16 where it is quicker, and otherwise says that it is not', async ({ device }) => {
  const { precision, note } = await chooseComputation({ ...device, software: false }, traced, { wanted: 'auto' });
  expect([precision, note]).toEqual(
    precision === 'f16' ? ['f16', ''] : ['f32', 'Computing in f32: f16 is not quicker for this model here.'],
  );
});

gpuTest('matrix units that do not compile, or multiply wrong, are told', async ({ device }) => {
  const units = device.units ?? { M: 8, N: 8, K: 8, width: 8, memory: 16_384 };
  const replaced = (from: string, to: string) =>
    Object.assign(Object.create(device.pipelines), {
      get: (kernel: Kernel, names: string[]) =>
        device.pipelines.get({ ...kernel, source: kernel.source.replace(from, to) }, names),
    });
  const unknown = replaced('enable chromium_experimental_subgroup_matrix;', 'enable no_such_units;');
  expect(await whyNotUnits({ ...device, units, pipelines: unknown })).toMatch(/matmul does not compile/);
  if (!device.units) return; // then they cannot be tried
  expect(await whyNotUnits(device)).toBeNull();
  const wrong = replaced(
    'return narrow(inside_only(v, row < rows, vec4u(column) + vec4u(0u, 1u, 2u, 3u) < vec4u(B_WIDTH)));',
    'return narrow(1.01 * inside_only(v, row < rows, vec4u(column) + vec4u(0u, 1u, 2u, 3u) < vec4u(B_WIDTH)));',
  );
  expect(await whyNotUnits({ ...device, pipelines: wrong })).toMatch(/matrix64.* is off by/);
});

gpuTest('one step of a run in f16 is its step as well, and what it keeps is widened', async ({ device }) => {
  const change = { precision: 'f16' as const, max_iters: 8, lr_decay_iters: 8, eval_interval: 2 };
  const records: { loss: number; grad_norm: number }[] = [];
  const plain = await Trainer.create(device, options(change));
  await plain.run({ steps: (batch) => void records.push(...batch) });
  plain.destroy();
  const { trainer } = await begun(device, 1, change);
  expect(trainer.computation.precision).toBe('f16');
  const { step, buffers } = await trainer.snapshot();
  const walk = await StepWalk.create(trainer.inside);
  const { loss, grad_norm } = records[step]!;
  const made = await walk.make(2);
  expect(made).toMatchObject({ step, loss, grad_norm });
  const T = MODEL.block_size;
  const params = inFloat64(named(buffers.get('parameters')!));
  const { blocks } = passage(MODEL, params, made.x.subarray(2 * T, 3 * T));
  for (const stage of ['qkv', 'mixed', 'hidden', 'out'] as const) {
    expectClose((await walk.read(`h.1.${stage}`)).values, blocks[1]![stage], 5e-3, stage);
    const gradient = (await walk.read(`h.1.${stage}`, true)).values;
    expect(gradient.every(Number.isFinite) && gradient.some((g) => g !== 0)).toBe(true);
  }
  walk.destroy();
  trainer.destroy();
});
