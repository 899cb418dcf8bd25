import { expect } from 'vitest';
import { openDevice } from '../../src/gpu/device.ts';
import { productKey } from '../../src/graph/operators/product-variants.ts';
import { traitsOf } from '../../src/graph/traits.ts';
import { isChoice, type ProductChoices, type TuningMemory, tuneProducts } from '../../src/graph/tuner.ts';
import { preset } from '../../src/model/config.ts';
import { randomCorpus, traceBenchmark } from '../../src/training/bench.ts';
import { Trainer, type TrainerOptions } from '../../src/training/trainer.ts';
import { gpuTest } from './harness.ts';

const { model: shape, training } = preset('tiny');
const model = { ...shape, vocab_size: 17, block_size: 8, n_embd: 8, n_inner: 20 };
const corpus = randomCorpus(17).subarray(0, 2000);
const options: TrainerOptions = {
  model,
  training: { ...training, max_iters: 6, eval_interval: 6, eval_iters: 1, sample_interval: 0, warmup_iters: 0 },
  train: corpus,
  val: corpus.subarray(0, 100),
};

async function losses(trainer: Trainer): Promise<number[]> {
  const seen: number[] = [];
  await trainer.run({ steps: (records) => void seen.push(...records.map(({ loss }) => loss)) });
  return seen;
}

/** A memory that counts how often it learns something. */
function memory(known: ProductChoices = {}): TuningMemory & { kept: ProductChoices[] } {
  const kept: ProductChoices[] = [];
  return { kept, recall: async () => known, keep: async (_adapter, choices) => void kept.push(choices) };
}

gpuTest('every product of a step gets a variant, and what is remembered is not timed again', async ({ device }) => {
  const first = memory();
  const trainer = await Trainer.create(device, { ...options, tuning: { memory: first } });
  const keys = Object.keys(trainer.products!);
  // Forward, to the input and to the weight: of each block's four layers and of the head.
  expect(keys).toHaveLength(15);
  expect(keys).toContain(productKey('TN', [20, 8, 32]));
  expect(isChoice(trainer.products)).toBe(true);
  expect(first.kept).toEqual([trainer.products]);

  const second = memory({ ...trainer.products, 'NT 1x1x1': 'register4' });
  const again = await Trainer.create(device, { ...options, tuning: { memory: second } });
  expect(again.products).toEqual(trainer.products);
  expect(await losses(again)).toEqual(await losses(trainer));
  trainer.destroy();
  again.destroy();
});

gpuTest(
  'a run keeps to its variants, whatever the tuner would choose, also to those of another adapter',
  async ({ device }) => {
    const key = productKey('NT', [32, 20, 8]);
    const untuned = await Trainer.create(device, options);
    const snapshot = await untuned.snapshot();
    const expected = await losses(untuned);
    untuned.destroy();
    for (const variant of ['register4', 'sliced4', 'shared64'] as const) {
      const state = { ...snapshot, products: { [key]: variant } };
      const trainer = await Trainer.create(device, { ...options, state, tuning: { memory: memory() } });
      expect(trainer.products).toEqual({ [key]: variant });
      expect((await trainer.snapshot()).products).toEqual({ [key]: variant });
      const got = await losses(trainer);
      expected.forEach((loss, i) => void expect(Math.abs(loss - got[i]!), variant).toBeLessThan(1e-5));
      trainer.destroy();
    }
  },
);

gpuTest('quads that a run was tuned with become the same tiles without them', async ({ device }) => {
  const choices = { a: 'quad16', b: 'register8', c: 'sliced4' } as const;
  const taken = (quads: boolean) => Object.fromEntries(traitsOf({ ...device, quads }, choices).products!);
  expect(taken(false)).toEqual({ a: 'register16', b: 'register8', c: 'sliced4' });
  expect(taken(true)).toEqual(choices);
});

gpuTest('a run that has begun without choices goes on without', async ({ device }) => {
  const untuned = await Trainer.create(device, options);
  const begun = { ...(await untuned.snapshot()), step: 1 };
  const goesOn = await Trainer.create(device, { ...options, state: begun, tuning: { memory: memory() } });
  expect(goesOn.products).toBeUndefined();
  untuned.destroy();
  goesOn.destroy();
});

gpuTest('choices that are none are told from choices', async () => {
  for (const wrong of [null, 3, 'register4', { a: 'fast' }, { a: 1 }, { a: 'toString' }])
    expect(isChoice(wrong)).toBe(false);
  expect(isChoice({})).toBe(true);
});

gpuTest(
  'when the time is up, the shapes that are left take what they take untuned, and are not remembered',
  async ({ device }) => {
    const learnt = memory();
    const told: [number, number][] = [];
    const graph = traceBenchmark(device, model, options.training);
    const progress = (done: number, total: number) => void told.push([done, total]);
    const choices = await tuneProducts(device, graph, { memory: learnt, progress, budget_ms: 0 });
    expect(Object.keys(choices)).toHaveLength(15);
    expect(told).toEqual([[0, 15]]);
    const [timed] = learnt.kept.map((kept) => Object.entries(kept));
    expect(timed).toHaveLength(1);
    const left = Object.entries(choices).filter(([key]) => key !== timed![0]![0]);
    expect(new Set(left.map(([, choice]) => choice))).toEqual(new Set([device.quads ? 'quad16' : 'register16']));
  },
);

gpuTest('on a GPU all shapes get a variant too, also those that are not timed', async ({ device }) => {
  const like = { ...device, software: false, quads: false };
  const learnt = memory();
  const choices = await tuneProducts(like, traceBenchmark(like, model, options.training), {
    memory: learnt,
    budget_ms: 0,
  });
  expect(Object.keys(choices)).toHaveLength(15);
  expect(isChoice(choices)).toBe(true);
  expect(learnt.kept.map((kept) => Object.keys(kept).length)).toEqual([1]);
});

gpuTest('a run tells how many kernels are compiled before its first step', async ({ device }) => {
  const fresh = await openDevice(navigator.gpu); // with nothing compiled yet
  const told: [string, number, number][] = [];
  const preparing = (...now: [string, number, number]) => void told.push(now);
  const trainer = await Trainer.create(fresh, { ...options, preparing });
  const total = told.at(-1)![2];
  expect(total).toBeGreaterThan(20);
  expect(told).toEqual(Array.from({ length: total }, (_, i) => ['compiling', i + 1, total]));
  trainer.destroy();
  fresh.gpu.destroy();
  expect(device.name).toBe(fresh.name);
});
