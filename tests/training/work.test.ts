import { expect, test } from 'vitest';
import { Graph, partsOf } from '../../src/graph/graph.ts';
import { preset, withOptimizer } from '../../src/model/config.ts';
import { layoutOf } from '../../src/model/parameters.ts';
import { floorOf } from '../../src/training/bench.ts';
import { traceTraining } from '../../src/training/step.ts';
import { stepWork, workOf } from '../../src/training/work.ts';

const { model: shape, training } = preset('tiny');
const model = { ...shape, vocab_size: 65 };
const tokens = training.batch_size * model.block_size;

function trace(length: number): Graph {
  const graph = new Graph(layoutOf(model), { lanes: 1 }, true);
  traceTraining(graph, model, training, { length, region: { first: 0, length } });
  return graph;
}

test.each([
  [{}, 2, 41],
  [{}, 4, 71],
  [{ optimizer: 'sgd', schedule: 'wsd', l2: 0.1, label_smoothing: 0.1, ema_decay: 0.9, patience: 3 }, 2, 41],
  // two for each of five places that drop between others, and none within attention
  [{ dropout: 0.1 }, 2, 51],
  [{ optimizer: 'muon' }, 2, 58],
  [{ optimizer: 'muon' }, 4, 88],
] as const)('with %o, a step of %i layers takes %i dispatches', (changes, n_layer, dispatches) => {
  const sized = { ...model, n_layer };
  const graph = new Graph(layoutOf(sized), { lanes: 1 }, true);
  traceTraining(graph, sized, { ...training, ...changes }, { length: 1000, region: { first: 0, length: 1000 } });
  expect(graph.dispatches.length).toBe(dispatches);
});

test.each([
  ['tiny', 39],
  ['small', 68],
  ['nanogpt-cpu', 72],
] as const)('with the kernels of a GPU, none of them timed, a step of %s takes %i dispatches', (name, dispatches) => {
  const { model: shape, training } = preset(name);
  const sized = { ...shape, vocab_size: 65 };
  const gpu = { sharedRows: 'quads', tiledRows: true, workgroupMemory: 32768 } as const;
  const graph = new Graph(layoutOf(sized), { lanes: 32, product: 'expected', ...gpu }, true);
  traceTraining(graph, sized, training, { length: 1000, region: { first: 0, length: 1000 } });
  expect(graph.dispatches.length).toBe(dispatches);
  const attentions = graph.dispatches.filter(({ kernel }) => kernel.entry.startsWith('attention'));
  expect(attentions.every(({ kernel }) => typeof kernel.constants.FORWARD === 'boolean')).toBe(true); // by tiles
  // what kernels leave in parts is the engine's own
  const { bytes } = stepWork(graph, sized, training.batch_size);
  const parts = graph.dispatches.flatMap(({ bindings }) => Object.values(bindings)).filter(({ scratch }) => scratch);
  expect(bytes + parts.reduce((sum, part) => sum + part.bytes, 0)).toBe(
    graph.dispatches.reduce((sum, dispatch) => sum + workOf(dispatch).bytes, 0),
  );
});

test('the products of a traced step are six for each weight and token', () => {
  const { slots } = layoutOf(model);
  const multiplied = [...slots.values()].filter(({ shape, name }) => shape.length === 2 && !name.includes('wpe'));
  const weights = multiplied.reduce((sum, { size }) => sum + size, 0);
  const products = trace(1000)
    .dispatches.flatMap(partsOf)
    .filter(({ kernel }) => kernel.entry === 'matmul');
  expect(products.reduce((sum, dispatch) => sum + workOf(dispatch).flops, 0)).toBe(6 * weights * tokens);
});

test('a step’s work is six for each parameter and token, and attention over the past', () => {
  const { n_layer, n_embd, block_size: T } = model;
  // two products forward and four backward, of n_embd multiplications and additions for each pair of tokens
  const attention = n_layer * training.batch_size * ((T * (T + 1)) / 2) * n_embd * 2 * 6;
  const { flops } = stepWork(trace(1000), model, training.batch_size);
  expect(flops).toBe(6 * layoutOf(model).count * tokens + attention);
});

test('Muon’s products are three an iteration for each matrix, of two of which half is enough', () => {
  const graph = new Graph(layoutOf(model), { lanes: 1 }, true);
  const muon = withOptimizer(training, 'muon');
  traceTraining(graph, model, muon, { length: 1000, region: { first: 0, length: 1000 } });
  const sides = [...layoutOf(model).slots.values()]
    .filter(({ name, shape }) => name.startsWith('transformer.h.') && shape.length === 2)
    .map(({ shape }) => [...shape].sort((a, b) => a - b) as [number, number]);
  const products = sides.reduce((sum, [n, inner]) => sum + n * n * inner + n ** 3 + 2 * n * n * inner, 0);
  const { flops } = stepWork(graph, model, training.batch_size);
  expect(flops - stepWork(trace(1000), model, training.batch_size).flops).toBe(5 * products);
});

test('the size of the corpus is none of the step’s bytes', () => {
  const bytes = (length: number) => stepWork(trace(length), model, training.batch_size).bytes;
  expect(bytes(1_000_000)).toBe(bytes(1000));
});

test('the floor is the tightest of three limits', () => {
  const rates = { flops: 10, bytes: 100, dispatch: 2 };
  const work = { flops: 50, bytes: 700 };
  expect(floorOf(work, 1, rates)).toEqual({ ms: 7, arithmetic_ms: 5, bytes_ms: 7, dispatch_ms: 2 });
  expect(floorOf(work, 4, rates).ms).toBe(8);
});
