import { describe, expect } from 'vitest';
import { embedding } from '../../src/graph/operators/embedding.ts';
import { linear } from '../../src/graph/operators/linear.ts';
import { expectClose, gpuTest, requireVariant, runExperiment, type Values } from '../graph/harness.ts';
import { add, Random } from '../reference/arrays.ts';
import { embedding as embed, embeddingBackward } from '../reference/embedding.ts';
import * as reference from '../reference/linear.ts';

const SHAPES = [
  { N: 7, C: 5, M: 13 },
  { N: 1, C: 1, M: 1 },
  { N: 9, C: 33, M: 17 },
  // Of the three widths, each once the one that four divides.
  { N: 8, C: 13, M: 7 },
  { N: 5, C: 12, M: 7 },
  { N: 5, C: 13, M: 8 },
  { N: 37, C: 65, M: 99 },
  { N: 64, C: 32, M: 96 },
  { N: 129, C: 64, M: 36 },
];

const FEED_FORWARD = [
  { N: 7, C: 5, H: 13 },
  { N: 33, C: 12, H: 47 },
  { N: 3, C: 7, H: 20 },
  { N: 64, C: 32, H: 128 },
];

const ACTIVATIONS = ['gelu', 'gelu_tanh', 'relu'] as const;

const IDLE = [
  [0, 5],
  [3, 10],
  [9, 13],
] as const;

const OPTIONS = [
  { hasBias: true, hasResidual: false },
  { hasBias: false, hasResidual: false },
  { hasBias: true, hasResidual: true },
  { hasBias: false, hasResidual: true },
];

const values = (shape: number[], data: Float32Array<ArrayBuffer>): Values => ({ shape, data });

/** The quickest to compile, and the one that a processor trains with; see product-variants.gpu.test.ts for the others. */
const VARIANTS = ['register4', 'quad16'] as const;

/** Each of one with each of the others where that compiles quickly; else each of one with one of the others, in turn. */
function paired<A, B>(product: (typeof VARIANTS)[number], all: readonly A[], others: readonly B[]): [A, B][] {
  if (product === 'register4') return all.flatMap((a) => others.map((b): [A, B] => [a, b]));
  return all.map((a, i) => [a, others[i % others.length]!]);
}

describe.each(VARIANTS)('%s', (product) => {
  for (const [shape, { hasBias, hasResidual }] of paired(product, SHAPES, OPTIONS)) {
    const { N, C, M } = shape;
    gpuTest(`linear, ${N} x ${C} to ${M}, bias: ${hasBias}, residual: ${hasResidual}`, async ({ device, skip }) => {
      requireVariant(product, device, skip);
      const random = new Random(N * C * M);
      const x = random.normals(N * C);
      const weight = random.normals(M * C);
      const bias = random.normals(M);
      const residual = random.normals(N * M);
      const dout = random.normals(N * M);
      const { out, grads } = await runExperiment(device, {
        product,
        parameters: { weight: values([M, C], weight), ...(hasBias && { bias: values([M], bias) }) },
        inputs: { x: values([N, C], x), ...(hasResidual && { residual: values([N, M], residual) }) },
        build: (graph, t) =>
          linear(graph, t.x!, t.weight!, { bias: t.bias ?? null, ...(t.residual && { residual: t.residual }) }),
        dout,
      });
      const options = { bias: hasBias ? bias : null, residual: hasResidual ? residual : undefined };
      const expected = reference.linearBackward(x, weight, dout, shape, options);
      expectClose(out, reference.linear(x, weight, shape, options));
      expectClose(grads.x, expected.dx, undefined, 'dx');
      expectClose(grads.weight, expected.dweight, undefined, 'dweight');
      if (hasBias) expectClose(grads.bias, expected.dbias, undefined, 'dbias');
      if (hasResidual) expectClose(grads.residual, expected.dresidual, undefined, 'dresidual');
    });
  }

  for (const [{ N, C, H }, activation] of paired(product, FEED_FORWARD, ACTIVATIONS)) {
    gpuTest(`a feed-forward layer with ${activation}, ${N} x ${C} through ${H}`, async ({ device, skip }) => {
      requireVariant(product, device, skip);
      const random = new Random(N * C * H);
      const x = random.normals(N * C);
      const up = random.normals(H * C);
      const upBias = random.normals(H);
      const down = random.normals(C * H);
      const downBias = random.normals(C);
      const dout = random.normals(N * C);
      const { out, grads } = await runExperiment(device, {
        product,
        parameters: {
          up: values([H, C], up),
          upBias: values([H], upBias),
          down: values([C, H], down),
          downBias: values([C], downBias),
        },
        inputs: { x: values([N, C], x) },
        build: (graph, t) => {
          const hidden = linear(graph, t.x!, t.up!, { bias: t.upBias!, activation });
          return linear(graph, hidden, t.down!, { bias: t.downBias! });
        },
        dout,
      });
      const first = { N, C, M: H };
      const second = { N, C: H, M: C };
      const hidden = reference.linear(x, up, first, { bias: upBias, activation });
      expectClose(out, reference.linear(hidden, down, second, { bias: downBias }));
      const last = reference.linearBackward(hidden, down, dout, second);
      const expected = reference.linearBackward(x, up, last.dx, first, { bias: upBias, activation });
      expectClose(grads.down, last.dweight, undefined, 'd down');
      expectClose(grads.downBias, last.dbias, undefined, 'd downBias');
      expectClose(grads.x, expected.dx, undefined, 'dx');
      expectClose(grads.up, expected.dweight, undefined, 'd up');
      expectClose(grads.upBias, expected.dbias, undefined, 'd upBias');
    });
  }

  gpuTest.for(product === 'register4' ? ACTIVATIONS : (['gelu'] as const))(
    'the values of %s over the whole range',
    async (activation, { device, skip }) => {
      requireVariant(product, device, skip);
      // One input channel of weight 1: what comes out is act(z) and, through the identity behind it, act'(z).
      const points = Float32Array.from({ length: 401 }, (_, i) => (i - 200) / 16);
      const z = Float32Array.of(...points, -1e4, -60, -38, 38, 60, 1e4, 0);
      const N = z.length;
      const one = values([1, 1], Float32Array.of(1));
      const { out, grads } = await runExperiment(device, {
        product,
        parameters: { up: one, down: one },
        inputs: { z: values([N, 1], z) },
        build: (graph, t) => linear(graph, linear(graph, t.z!, t.up!, { activation }), t.down!),
        dout: new Float32Array(N).fill(1),
      });
      const shape = { N, C: 1, M: 1 };
      expectClose(out, reference.linear(z, [1], shape, { activation }));
      const slopes = reference.linearBackward(z, [1], new Float32Array(N).fill(1), shape, { activation }).dx;
      expectClose(grads.z, slopes, undefined, 'slope');
      // Without the largest numbers, which hide the rest of a norm.
      const middle = 401;
      const expected = reference.linear(z, [1], shape, { activation });
      for (let i = 0; i < middle; i++) expect(Math.abs(out[i]! - expected[i]!)).toBeLessThan(2e-6);
    },
  );

  describe('linear with a gradient of two contributions', () => {
    const shape = { N: 11, C: 13, M: 13 };
    const { N, C, M } = shape;

    gpuTest('a tensor that is read twice, and a weight and a bias that are used twice', async ({ device, skip }) => {
      requireVariant(product, device, skip);
      const random = new Random(21);
      const x = random.normals(N * C);
      const weight = random.normals(M * C, 0.3);
      const bias = random.normals(M);
      const dout = random.normals(N * M);
      // y = f(f(f(x))) + f(x)
      const { out, grads } = await runExperiment(device, {
        product,
        parameters: { weight: values([M, C], weight), bias: values([M], bias) },
        inputs: { x: values([N, C], x) },
        build: (graph, t) => {
          const once = linear(graph, t.x!, t.weight!, { bias: t.bias! });
          const twice = linear(graph, once, t.weight!, { bias: t.bias! });
          return linear(graph, twice, t.weight!, { bias: t.bias!, residual: once });
        },
        dout,
      });
      const once = reference.linear(x, weight, shape, { bias });
      const twice = reference.linear(once, weight, shape, { bias });
      expectClose(out, reference.linear(twice, weight, shape, { bias, residual: once }));
      const third = reference.linearBackward(twice, weight, dout, shape);
      const second = reference.linearBackward(once, weight, third.dx, shape);
      const first = reference.linearBackward(x, weight, add(second.dx, dout), shape);
      expectClose(grads.x, first.dx, undefined, 'dx');
      expectClose(grads.weight, add(add(first.dweight, second.dweight), third.dweight), undefined, 'dweight');
      expectClose(grads.bias, add(add(first.dbias, second.dbias), third.dbias), undefined, 'dbias');
    });

    gpuTest('one weight with two biases', async ({ device, skip }) => {
      requireVariant(product, device, skip);
      const random = new Random(22);
      const x = random.normals(N * C);
      const weight = random.normals(M * C, 0.3);
      const biases = [random.normals(M), random.normals(M)] as const;
      const dout = random.normals(N * M);
      const { grads } = await runExperiment(device, {
        product,
        parameters: { weight: values([M, C], weight), a: values([M], biases[0]), b: values([M], biases[1]) },
        inputs: { x: values([N, C], x) },
        build: (graph, t) => linear(graph, linear(graph, t.x!, t.weight!, { bias: t.a! }), t.weight!, { bias: t.b! }),
        dout,
      });
      const once = reference.linear(x, weight, shape, { bias: biases[0] });
      const second = reference.linearBackward(once, weight, dout, shape);
      const first = reference.linearBackward(x, weight, second.dx, shape);
      expectClose(grads.weight, add(first.dweight, second.dweight), undefined, 'dweight');
      expectClose(grads.a, first.dbias, undefined, 'd a');
      expectClose(grads.b, second.dbias, undefined, 'd b');
    });

    gpuTest.for(IDLE)('a bias that is idle from %i to %i', async ([from, to], { device, skip }) => {
      requireVariant(product, device, skip);
      const random = new Random(25);
      const [x, z] = [random.normals(N * C), random.normals(N * C)];
      const weight = random.normals(M * C, 0.3);
      const bias = random.normals(M);
      const dout = random.normals(N * M);
      // Used twice, so that its gradient is written once and added to once.
      const { out, grads } = await runExperiment(device, {
        product,
        parameters: { weight: values([M, C], weight), bias: values([M], bias) },
        inputs: { x: values([N, C], x), z: values([N, C], z) },
        build: (graph, t) => {
          const options = { bias: t.bias!, idleBias: [from, to] } as const;
          return linear(graph, t.x!, t.weight!, { ...options, residual: linear(graph, t.z!, t.weight!, options) });
        },
        dout,
      });
      const residual = reference.linear(z, weight, shape, { bias });
      expectClose(out, reference.linear(x, weight, shape, { bias, residual }));
      const outer = reference.linearBackward(x, weight, dout, shape);
      const inner = reference.linearBackward(z, weight, dout, shape);
      expectClose(grads.weight, add(outer.dweight, inner.dweight), undefined, 'dweight');
      const dbias = add(outer.dbias, inner.dbias).map((g, m) => (m >= from && m < to ? 0 : g));
      expectClose(grads.bias, dbias, undefined, 'dbias');
      expect([...grads.bias!.subarray(from, to)]).toEqual(new Array(to - from).fill(0));
    });

    gpuTest('a table that is both the embedding and the head', async ({ device, skip }) => {
      requireVariant(product, device, skip);
      const [B, T, V] = [3, 5, 17];
      const random = new Random(23);
      const tokens = random.tokens(B * T, V);
      const wte = random.normals(V * C);
      const wpe = random.normals(T * C);
      const dout = random.normals(B * T * V);
      const { grads } = await runExperiment(device, {
        product,
        parameters: { wte: values([V, C], wte), wpe: values([T, C], wpe) },
        inputs: { tokens: { shape: [B, T], data: tokens } },
        build: (graph, t) => linear(graph, embedding(graph, t.tokens!, t.wte!, t.wpe!), t.wte!),
        dout,
      });
      const rows = { B, T, C };
      const x = embed(tokens, wte, wpe, rows);
      const head = reference.linearBackward(x, wte, dout, { N: B * T, C, M: V });
      const { dwte, dwpe } = embeddingBackward(tokens, head.dx, rows, { wte: V, wpe: T });
      expectClose(grads.wte, add(dwte, head.dweight), undefined, 'dwte');
      expectClose(grads.wpe, dwpe, undefined, 'dwpe');
    });
  });
});
