import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Graph, partsOf } from '../../src/graph/graph.ts';
import { ACTIVATIONS, type GPTConfig, OPTIMIZERS, preset } from '../../src/model/config.ts';
import { type Anatomy, anatomyOf, momentsOf, type Part, sizeOf, trainingFlops } from '../../src/model/counts.ts';
import { layoutOf } from '../../src/model/parameters.ts';
import { PUBLISHED, WORKED } from '../../src/model/published.ts';
import { stateBuffers } from '../../src/training/state.ts';
import { traceTraining } from '../../src/training/step.ts';
import { stepWork, workOf } from '../../src/training/work.ts';

const configs: fc.Arbitrary<GPTConfig> = fc
  .record({
    vocab_size: fc.integer({ min: 1, max: 5000 }),
    block_size: fc.integer({ min: 1, max: 300 }),
    n_layer: fc.integer({ min: 1, max: 20 }),
    n_head: fc.integer({ min: 1, max: 12 }),
    head_size: fc.integer({ min: 1, max: 64 }),
    n_inner: fc.integer({ min: 1, max: 1000 }),
    bias: fc.boolean(),
    tied: fc.boolean(),
    activation: fc.constantFrom(...ACTIVATIONS),
  })
  .map(({ head_size, ...config }) => ({ ...config, n_embd: config.n_head * head_size }));

/** Every tensor of the model with its name, as the parts have it. */
function tensorsOf({ config, embedding, block, output }: Anatomy): Map<string, number> {
  const found: [string, number][] = [];
  const add = (part: Part, layer: number) => {
    for (const { name, size } of part.tensors) found.push([name.replace('.h.0.', `.h.${layer}.`), size]);
  };
  for (const part of [...embedding, ...output]) add(part, 0);
  for (let layer = 0; layer < config.n_layer; layer++) for (const part of block) add(part, layer);
  expect(new Set(found.map(([name]) => name)).size).toBe(found.length);
  return new Map(found);
}

test('the counts are those of the buffers, tensor by tensor, for any configuration', () => {
  fc.assert(
    fc.property(configs, (config) => {
      const layout = layoutOf(config);
      const anatomy = anatomyOf(config);
      expect(anatomy.parameters).toBe(layout.count);
      const { weights, biases, gains } = anatomy.kinds;
      expect(weights + biases + gains).toBe(layout.count);
      const sizes = new Map([...layout.slots].map(([name, { size }]) => [name, size]));
      expect(tensorsOf(anatomy)).toEqual(sizes);
    }),
    { numRuns: 200 },
  );
});

test('the symbols of each tensor stand for its shape, and each part is the sum of its own', () => {
  fc.assert(
    fc.property(configs, (config) => {
      const { embedding, block, output } = anatomyOf(config);
      for (const part of [...embedding, ...block, ...output]) {
        for (const { factors, shape } of part.tensors) {
          expect(factors.map((factor) => sizeOf(config, factor))).toEqual(shape);
        }
        if (part.parts.length > 0) {
          expect(part.parts.reduce((sum, inner) => sum + inner.parameters, 0)).toBe(part.parameters);
        }
      }
    }),
  );
});

describe('published totals', () => {
  test.each(Object.entries(PUBLISHED))('%s', (_, { config, exact, rounded }) => {
    const { parameters } = anatomyOf(config);
    if (exact !== null) expect(parameters).toBe(exact);
    expect(Math.abs(parameters / rounded - 1)).toBeLessThan(0.04);
  });

  test('GPT-3 by the formula', () => {
    const [V, T, C, L] = [50257, 2048, 12288, 96];
    // wte, wpe; per block 12 C² of matrices, 9 C of their biases, 4 C of the norms; the last norm
    const formula = V * C + T * C + L * (12 * C * C + 9 * C + 4 * C) + 2 * C;
    expect(anatomyOf(PUBLISHED['gpt3-175b'].config).parameters).toBe(formula);
    expect(formula).toBe(174_604_259_328);
  });

  test('the worked example: 50,000 × 768 once, and once more in a head of its own', () => {
    const tied = anatomyOf(WORKED.tied);
    const untied = anatomyOf(WORKED.untied);
    const of = (anatomy: Anatomy, id: string) =>
      [...anatomy.embedding, ...anatomy.output].find((part) => part.id === id)!.parameters;
    expect(of(tied, 'wte')).toBe(38_400_000);
    expect(of(tied, 'lm_head')).toBe(0);
    expect(of(untied, 'lm_head')).toBe(38_400_000);
    expect(untied.parameters - tied.parameters).toBe(38_400_000);
  });

  test('the attention of the tiny preset', () => {
    const { block } = anatomyOf({ ...preset('tiny').model, vocab_size: 65 });
    expect(block.find(({ id }) => id === 'attn')!.parameters).toBe(4224);
  });
});

describe('operations', () => {
  const { model: tiny, training } = preset('tiny');
  const model = { ...tiny, vocab_size: 65 };

  function trace(config: GPTConfig): Graph {
    const graph = new Graph(layoutOf(config), { lanes: 1 }, true);
    traceTraining(graph, config, training, { length: 1000, region: { first: 0, length: 1000 } });
    return graph;
  }

  test.each([true, false])('the products are those of a traced step, tied: %s', (tied) => {
    const config = { ...model, tied };
    const tokens = training.batch_size * config.block_size;
    const { forward } = anatomyOf(config);
    const { dispatches } = trace(config);
    const of = (...entries: string[]) =>
      dispatches
        .flatMap(partsOf)
        .filter(({ kernel }) => entries.includes(kernel.entry))
        .reduce((sum, dispatch) => sum + workOf(dispatch).flops, 0);
    const heads = config.n_layer * 2 * config.n_embd * (config.block_size + 1);
    expect(of('attention')).toBe(heads * tokens);
    expect(of('matmul')).toBe(3 * (forward - heads) * tokens);
  });

  test('the estimate is what the bench holds a step against', () => {
    fc.assert(
      fc.property(configs, (config) => {
        const small = { ...config, n_layer: 1 };
        const { flops } = stepWork(trace(small), small, training.batch_size);
        expect(trainingFlops(anatomyOf(small)).estimate * training.batch_size * small.block_size).toBe(flops);
      }),
      { numRuns: 20 },
    );
  });
});

test.each(OPTIMIZERS.flatMap((optimizer) => [0, 0.9].map((momentum) => ({ optimizer, momentum }))))(
  'the moments of $optimizer at momentum $momentum are the buffers that a run keeps beside its weights',
  (choice) => {
    const config = { ...preset('tiny').training, ...choice, ema_decay: 0, patience: 0 };
    expect(momentsOf(choice)).toBe(stateBuffers(config).length - 1);
  },
);
