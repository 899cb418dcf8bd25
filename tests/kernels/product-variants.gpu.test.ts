import { expect, test } from 'vitest';
import { linear } from '../../src/graph/operators/linear.ts';
import { PRODUCT_VARIANTS } from '../../src/graph/operators/product-variants.ts';
import { type Experiment, expectClose, gpuTest, requireVariant, runExperiment, type Values } from '../graph/harness.ts';
import { add, Random } from '../reference/arrays.ts';
import * as reference from '../reference/linear.ts';

// The ways to share a product out to threads that linear.gpu.test.ts does not go through. They share their way out with
// those, and a processor takes seconds to compile one with barriers: each meets all layouts and nearly all options in one
// experiment, and one of each source all of them. Matrix units take operands in f16: see half.f16.test.ts.

const values = (shape: number[], data: Float32Array<ArrayBuffer>): Values => ({ shape, data });

gpuTest.for(['register8', 'register16', 'shared64'] as const)(
  '%s: a feed-forward layer that is added to what it reads',
  async (product, { device, skip }) => {
    requireVariant(product, device, skip);
    // Widths beyond a tile, one that four divides and one that it does not.
    const [N, C, H] = [37, 68, 99];
    const random = new Random(26);
    const [x, dout] = [random.normals(N * C), random.normals(N * C)];
    const [up, down] = [random.normals(H * C, 0.3), random.normals(C * H, 0.3)];
    const [upBias, downBias] = [random.normals(H), random.normals(C)];
    const idleBias = [30, 47] as const;
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
        const hidden = linear(graph, t.x!, t.up!, { bias: t.upBias!, activation: 'gelu_tanh', idleBias });
        return linear(graph, hidden, t.down!, { bias: t.downBias!, residual: t.x! });
      },
      dout,
    });
    const first = { N, C, M: H };
    const second = { N, C: H, M: C };
    const options = { bias: upBias, activation: 'gelu_tanh' } as const;
    const hidden = reference.linear(x, up, first, options);
    expectClose(out, reference.linear(hidden, down, second, { bias: downBias, residual: x }));
    const last = reference.linearBackward(hidden, down, dout, second);
    const expected = reference.linearBackward(x, up, last.dx, first, options);
    expectClose(grads.down, last.dweight, undefined, 'd down');
    expectClose(grads.downBias, last.dbias, undefined, 'd downBias');
    expectClose(grads.x, add(expected.dx, dout), undefined, 'dx');
    expectClose(grads.up, expected.dweight, undefined, 'd up');
    const idle = (h: number) => h >= idleBias[0] && h < idleBias[1];
    const dbias = Array.from(expected.dbias, (g, h) => (idle(h) ? 0 : g));
    expectClose(grads.upBias, dbias, undefined, 'd upBias');
    expect(grads.upBias!.subarray(...idleBias).every((g) => g === 0)).toBe(true);
  },
);

gpuTest.for([
  // for few outputs and long sums
  ['sliced4', 4099, 6],
  ['shared32', 37, 68],
  ['shared32', 64, 64],
  ['shared64', 128, 64],
  ['shared128x64', 37, 130],
  ['shared128', 37, 130],
  ['ahead128', 37, 130],
  // whose weights' gradients are split into several sums, of whole tiles and not
  ['split32', 4099, 6],
  ['split64', 512, 64],
  ['split64', 700, 66],
  ['split128x64', 700, 66],
  ['split128', 512, 128],
] as const)('%s: %i rows of a layer %i wide that is added to others', async ([product, N, C], { device, skip }) => {
  requireVariant(product, device, skip);
  const random = new Random(27);
  const [x, residual, dout] = [random.normals(N * C), random.normals(N * C), random.normals(N * C)];
  const bias = random.normals(C);
  const weight = random.normals(C * C, 0.3);
  const idleBias = [C / 2, C / 2 + 2] as const;
  const { out, grads } = await runExperiment(device, {
    product,
    parameters: { weight: values([C, C], weight), bias: values([C], bias) },
    inputs: { x: values([N, C], x), residual: values([N, C], residual) },
    build: (graph, t) => linear(graph, t.x!, t.weight!, { bias: t.bias!, residual: t.residual!, idleBias }),
    dout,
  });
  const shape = { N, C, M: C };
  expectClose(out, reference.linear(x, weight, shape, { bias, residual }));
  const { dx, dweight, dbias } = reference.linearBackward(x, weight, dout, shape);
  expectClose(grads.x, dx, undefined, 'dx');
  // up to 4,099 terms in f32
  expectClose(grads.weight, dweight, 1e-4, 'dweight');
  const awake = dbias.map((g, c) => (c >= idleBias[0] && c < idleBias[1] ? 0 : g));
  expectClose(grads.bias, awake, 1e-4, 'dbias');
  expect(grads.bias!.subarray(...idleBias).every((g) => g === 0)).toBe(true);
});

test('no variant is left out', () => {
  const registers = ['register4', 'register8', 'register16', 'quad16', 'sliced4'];
  const shared = [
    'shared32',
    'shared64',
    'shared128x64',
    'shared128',
    'ahead128',
    'split32',
    'split64',
    'split128x64',
    'split128',
  ];
  const matrix = ['matrix64', 'matrix128', 'splitMatrix64', 'splitMatrix128'];
  expect(Object.keys(PRODUCT_VARIANTS)).toEqual([...registers, ...shared, ...matrix]);
});

gpuTest.for(['register4', 'quad16'] as const)(
  '%s: linear over many rows, whose weight gradient is a long sum',
  async (product, { device, skip }) => {
    requireVariant(product, device, skip);
    const shape = { N: 4099, C: 5, M: 6 };
    const random = new Random(24);
    const x = random.normals(shape.N * shape.C);
    const weight = random.normals(shape.M * shape.C);
    const bias = random.normals(shape.M);
    const dout = random.normals(shape.N * shape.M);
    const { out, grads } = await runExperiment(device, {
      product,
      parameters: { weight: values([shape.M, shape.C], weight), bias: values([shape.M], bias) },
      inputs: { x: values([shape.N, shape.C], x) },
      build: (graph, t) => linear(graph, t.x!, t.weight!, { bias: t.bias! }),
      dout,
    });
    const expected = reference.linearBackward(x, weight, dout, shape, { bias });
    expectClose(out, reference.linear(x, weight, shape, { bias }));
    expectClose(grads.x, expected.dx, undefined, 'dx');
    // 4,099 terms one after the other in f32.
    expectClose(grads.weight, expected.dweight, 1e-4, 'dweight');
    expectClose(grads.bias, expected.dbias, 1e-4, 'dbias');
  },
);

const TILED = [
  { N: 37, C: 65, M: 99 },
  { N: 129, C: 64, M: 36 },
];

gpuTest('neither a tile nor being told its sizes changes a bit of a result', async ({ device }) => {
  for (const { N, C, M } of TILED) {
    const random = new Random(N + C + M);
    const experiment: Experiment = {
      parameters: { weight: values([M, C], random.normals(M * C)), bias: values([M], random.normals(M)) },
      inputs: { x: values([N, C], random.normals(N * C)) },
      build: (graph, t) => linear(graph, t.x!, t.weight!, { bias: t.bias! }),
      dout: random.normals(N * M),
    };
    const small = await runExperiment(device, { ...experiment, product: 'register4', toldSizes: false });
    for (const product of ['register4', 'register8', 'register16', 'quad16'] as const) {
      if (product === 'quad16' && !device.quads) continue;
      const large = await runExperiment(device, { ...experiment, product, toldSizes: true });
      expect(large, `${N} x ${C} to ${M}, ${product}`).toEqual(small);
    }
  }
});
