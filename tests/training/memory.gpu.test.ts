import { describe, expect, test } from 'vitest';
import { Graph, type KernelTraits } from '../../src/graph/graph.ts';
import { lifetimes } from '../../src/graph/plan.ts';
import { PRESET_NAMES, preset } from '../../src/model/config.ts';
import { layoutOf } from '../../src/model/parameters.ts';
import { randomCorpus } from '../../src/training/bench.ts';
import { estimateMemory } from '../../src/training/memory.ts';
import { traceTraining } from '../../src/training/step.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { gpuTest } from '../graph/harness.ts';

const OPTIONS = [
  {},
  { optimizer: 'sgd', momentum: 0 },
  { optimizer: 'muon', ema_decay: 0.99 },
  { dropout: 0.2, gradient_accumulation_steps: 2, patience: 3 },
] as const;

describe.each(OPTIONS)('with %o', (options) => {
  gpuTest('the estimate is what a run then takes', async ({ device }) => {
    const { model: shape, training } = preset('tiny');
    const model = { ...shape, vocab_size: 41, n_layer: 3, n_embd: 20, n_head: 4, n_inner: 50 };
    const ids = randomCorpus(41).subarray(0, 20_000);
    const config = { ...training, ...options, max_iters: 10 };
    const trainer = await Trainer.create(device, { model, training: config, train: ids, val: ids.subarray(0, 999) });
    const { total } = estimateMemory(model, config, 20_999);
    expect(trainer.gpuBytes / total).toBeGreaterThan(0.98);
    expect(trainer.gpuBytes / total).toBeLessThan(1.02);
    trainer.destroy();
  });
});

test('the estimate for a GPU has the parts that its kernels leave', () => {
  const { model: shape, training } = preset('nanogpt-gpu');
  const model = { ...shape, n_layer: 2, vocab_size: 4096, n_embd: 256, n_head: 4 };
  const gpu = { lanes: 32, product: 'expected' } as const;
  const graph = new Graph(layoutOf(model), gpu, true);
  traceTraining(graph, model, { ...training, batch_size: 16 }, { length: 1e6, region: { first: 0, length: 1e6 } });
  const parts = [...lifetimes(graph).keys()].filter(({ scratch }) => scratch);
  expect(parts.length).toBeGreaterThan(0);
  const activations = (traits?: KernelTraits) =>
    estimateMemory(model, { ...training, batch_size: 16 }, 1e6, traits).activations;
  expect(activations(gpu)).toBeGreaterThan(activations());
});

test.each(PRESET_NAMES)('%s takes at most 1.3 times what every program must', (name) => {
  const { model, training } = preset(name);
  const { parameters, activations, writing, minimum } = estimateMemory({ ...model, vocab_size: 65 }, training, 1e6);
  console.log(
    `${name}: ${((parameters + activations + writing) / minimum).toFixed(3)} x ${(minimum / 2 ** 20).toFixed(1)} MiB`,
  );
  expect((parameters + activations + writing) / minimum).toBeLessThanOrEqual(1.3);
});
