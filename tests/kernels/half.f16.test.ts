import { describe, expect } from 'vitest';
import type { Device } from '../../src/gpu/device.ts';
import { attention } from '../../src/graph/operators/attention.ts';
import { layerNorm } from '../../src/graph/operators/layer-norm.ts';
import { linear } from '../../src/graph/operators/linear.ts';
import { PRODUCT_VARIANTS, type ProductVariant } from '../../src/graph/operators/product-variants.ts';
import { expectClose, gpuTest, requireVariant, runExperiment, type Values } from '../graph/harness.ts';
import { Random } from '../reference/arrays.ts';
import * as attentionReference from '../reference/attention.ts';
import * as normReference from '../reference/layer_norm.ts';
import * as reference from '../reference/linear.ts';

/** Operands are rounded to 11 bits, which is 3e-4 in the norm; chains of two products add up. */
const HALF_TOLERANCE = 1e-3;

const SHAPES = [
  { N: 7, C: 5, M: 13 },
  { N: 1, C: 1, M: 1 },
  { N: 9, C: 33, M: 17 },
  { N: 8, C: 13, M: 7 },
  { N: 37, C: 65, M: 99 },
  { N: 64, C: 32, M: 96 },
  { N: 129, C: 64, M: 36 },
];

const values = (shape: number[], data: Float32Array<ArrayBuffer>): Values => ({ shape, data });

// Only projects whose adapter has shader-f16 include this file; what happens without it stands in computation.gpu.test.ts.

/** Variants that need more than f16 cannot be tried where that is missing; the report counts them as skipped. */
function requireUnits(device: Device, skip: (note: string) => void, product: ProductVariant): void {
  requireVariant(product, device, skip);
  if ('units' in PRODUCT_VARIANTS[product] && !device.units) skip('the adapter has no matrix units');
}

const VARIANTS = Object.keys(PRODUCT_VARIANTS) as ProductVariant[];

describe.each(VARIANTS)('products of f16, %s', (product) => {
  // Variants share their way in and out, and lavapipe takes seconds to compile each.
  gpuTest.for(product === 'register4' ? SHAPES : [SHAPES[0]!, SHAPES[4]!])(
    'a norm and a linear layer, $N x $C to $M',
    async (shape, { device, skip }) => {
      requireUnits(device, skip, product);
      const { N, C, M } = shape;
      const random = new Random(N * C * M);
      const x = random.normals(N * C);
      const gain = random.normals(C);
      const weight = random.normals(M * C);
      const bias = random.normals(M);
      const residual = random.normals(N * M);
      const small = random.normals(N * M, 1e-5); // gradients of a mean loss are as small as this
      const { out, grads } = await runExperiment(device, {
        product,
        half: true,
        parameters: { weight: values([M, C], weight), gain: values([C], gain), bias: values([M], bias) },
        inputs: { x: values([N, C], x), residual: values([N, M], residual) },
        build: (graph, t) =>
          linear(graph, layerNorm(graph, t.x!, t.gain!, null), t.weight!, { bias: t.bias!, residual: t.residual! }),
        dout: small,
      });
      const normed = normReference.layerNorm(x, gain, null);
      expectClose(out, reference.linear(normed, weight, shape, { bias, residual }), HALF_TOLERANCE);
      const expected = reference.linearBackward(normed, weight, small, shape, { bias, residual });
      expectClose(grads.weight, expected.dweight, HALF_TOLERANCE, 'dweight');
      expectClose(grads.bias, expected.dbias, HALF_TOLERANCE, 'dbias');
      expectClose(grads.residual, expected.dresidual, HALF_TOLERANCE, 'dresidual');
      const back = normReference.layerNormBackward(x, gain, expected.dx);
      // A norm over one channel passes no gradient on: what is left is rounding.
      if (C > 1) expectClose(grads.x, back.dx, 2 * HALF_TOLERANCE, 'dx');
    },
  );

  gpuTest('a feed-forward layer, whose activation is kept in f16', async ({ device, skip }) => {
    requireUnits(device, skip, product);
    const [N, C, H] = [33, 12, 47];
    const random = new Random(31);
    const [x, up, down] = [random.normals(N * C), random.normals(H * C), random.normals(C * H)];
    const [upBias, dout] = [random.normals(H), random.normals(N * C)];
    const { out, grads } = await runExperiment(device, {
      product,
      half: true,
      parameters: { up: values([H, C], up), upBias: values([H], upBias), down: values([C, H], down) },
      inputs: { x: values([N, C], x) },
      build: (graph, t) =>
        linear(graph, linear(graph, t.x!, t.up!, { bias: t.upBias!, activation: 'gelu_tanh' }), t.down!),
      dout,
    });
    const [first, second] = [
      { N, C, M: H },
      { N, C: H, M: C },
    ];
    const options = { bias: upBias, activation: 'gelu_tanh' } as const;
    const hidden = reference.linear(x, up, first, options);
    expectClose(out, reference.linear(hidden, down, second), HALF_TOLERANCE);
    const last = reference.linearBackward(hidden, down, dout, second);
    const expected = reference.linearBackward(x, up, last.dx, first, options);
    expectClose(grads.down, last.dweight, HALF_TOLERANCE, 'd down');
    expectClose(grads.x, expected.dx, HALF_TOLERANCE, 'dx');
    expectClose(grads.up, expected.dweight, HALF_TOLERANCE, 'd up');
    expectClose(grads.upBias, expected.dbias, HALF_TOLERANCE, 'd upBias');
  });
});

gpuTest('numbers that f16 cannot hold become the largest that it can, and no infinity', async ({ device }) => {
  const weight = Float32Array.of(1e6, -1e6, 65504, 1e-9);
  const { out } = await runExperiment(device, {
    half: true,
    parameters: { weight: values([4, 1], weight) },
    inputs: { x: values([1, 1], Float32Array.of(1)) },
    build: (graph, t) => linear(graph, t.x!, t.weight!),
    dout: new Float32Array(4),
  });
  expect([...out.subarray(0, 3)]).toEqual([65504, -65504, 65504]);
  expect(out[3]).toBeLessThan(1e-7);
});

gpuTest.for([
  { B: 2, T: 5, NH: 2, HS: 3 },
  { B: 1, T: 33, NH: 3, HS: 8 },
  { B: 1, T: 33, NH: 3, HS: 8, tiledRows: true },
])('attention that is kept in f16, T $T, heads of $HS', async ({ B, T, NH, HS, tiledRows = false }, { device }) => {
  const C = NH * HS;
  const random = new Random(T);
  const qkv = random.normals(B * T * 3 * C);
  const weight = random.normals(C * C);
  const dout = random.normals(B * T * C);
  const { out, grads } = await runExperiment(device, {
    half: true,
    tiledRows,
    parameters: { weight: values([C, C], weight) },
    inputs: { qkv: values([B, T, 3 * C], qkv) },
    build: (graph, t) => linear(graph, attention(graph, t.qkv!, NH), t.weight!),
    dout,
  });
  const shape = { N: B * T, C, M: C };
  const attended = attentionReference.attention(qkv, { B, T, NH, HS });
  expectClose(out, reference.linear(attended, weight, shape), HALF_TOLERANCE);
  const { dx, dweight } = reference.linearBackward(attended, weight, dout, shape);
  expectClose(grads.weight, dweight, HALF_TOLERANCE, 'dweight');
  expectClose(grads.qkv, attentionReference.attentionBackward(qkv, dx, { B, T, NH, HS }), 2 * HALF_TOLERANCE, 'dqkv');
});
