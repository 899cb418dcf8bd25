import { describe, expect } from 'vitest';
import { embedding } from '../../src/graph/operators/embedding.ts';
import { linear } from '../../src/graph/operators/linear.ts';
import type { ProductVariant } from '../../src/graph/operators/product-variants.ts';
import { embedWindow } from '../../src/graph/operators/window.ts';
import { expectClose, gpuTest, runExperiment } from '../graph/harness.ts';
import { Random } from '../reference/arrays.ts';
import * as embeddingReference from '../reference/embedding.ts';
import * as reference from '../reference/linear.ts';
import { roundedRows } from '../reference/quantization.ts';

const BITS = [8, 4] as const;

type Activation = 'gelu' | 'gelu_tanh' | 'relu';
const WAYS: { bias?: true; residual?: true; activation?: Activation }[] = [
  {},
  { bias: true, residual: true },
  { bias: true, activation: 'gelu_tanh' },
];

/** y = act(x Q^T + bias) or with a residual, for a packed Q (M, C), on the GPU and in float64. */
async function compare(
  device: Parameters<typeof runExperiment>[0],
  { N, C, M }: { N: number; C: number; M: number },
  bits: 8 | 4,
  entry: string,
  traits: { lanes?: number; product?: ProductVariant },
  ways = WAYS,
) {
  const random = new Random(N * C * M + bits);
  const [x, weight, bias, residual] = [N * C, M * C, M, N * M].map((size) => random.normals(size));
  weight!.fill(0, 0, C); // a row without a scale
  for (const way of ways) {
    const { out } = await runExperiment(device, {
      ...traits,
      bits,
      parameters: { weight: { shape: [M, C], data: weight! }, bias: { shape: [M], data: bias! } },
      inputs: { x: { shape: [N, C], data: x! }, residual: { shape: [N, M], data: residual! } },
      build: (graph, t) => {
        const y = linear(graph, t.x!, t.weight!, {
          ...(way.bias && { bias: t.bias! }),
          ...(way.residual && { residual: t.residual! }),
          ...(way.activation && { activation: way.activation }),
        });
        expect(graph.dispatches.map(({ kernel }) => kernel.entry)).toEqual([entry]);
        expect(graph.dispatches[0]!.kernel.constants.PACKED).toBe(true);
        return y;
      },
    });
    const expected = reference.linear(
      x!,
      roundedRows(weight!, M, C, bits),
      { N, C, M },
      { bias: way.bias && bias, residual: way.residual && residual, activation: way.activation },
    );
    expectClose(out, expected);
  }
}

const FEW = [
  { N: 1, C: 32, M: 96 },
  { N: 1, C: 51, M: 33 },
  { N: 2, C: 13, M: 130 },
  { N: 3, C: 100, M: 17 },
  { N: 4, C: 4, M: 5 },
  { N: 1, C: 3, M: 1 },
];

describe.each([1, 32])('a few rows, %i threads a row', (lanes) => {
  describe.each(BITS)('%i bits', (bits) => {
    gpuTest.for(FEW)('$N x $C to $M', async (shape, { device }) => {
      await compare(device, shape, bits, 'matvec_packed', { lanes });
    });
  });
});

const MANY = [
  { N: 37, C: 21, M: 53 },
  { N: 32, C: 64, M: 32 },
];

describe.each(['register4', 'register8', 'shared32'] as const)('a product by %s', (product) => {
  describe.each(BITS)('%i bits', (bits) => {
    gpuTest.for(MANY)('$N x $C to $M', async (shape, { device }) => {
      await compare(device, shape, bits, 'matmul', { product }, WAYS.slice(1, 2));
    });
  });
});

describe.each(BITS)('embeddings of %i bits', (bits) => {
  gpuTest.for([
    { B: 2, T: 5, V: 11, C: 7 },
    { B: 1, T: 8, V: 20, C: 32 },
    { B: 3, T: 4, V: 9, C: 12 },
  ])('of $B sequences of $T, $C wide', async ({ B, T, V, C }, { device }) => {
    const random = new Random(V * C + bits);
    const [wte, wpe] = [random.normals(V * C), random.normals((T + 2) * C)];
    const tokens = random.tokens(B * T, V);
    const parameters = { wte: { shape: [V, C], data: wte }, wpe: { shape: [T + 2, C], data: wpe } };
    const [tokenRows, positionRows] = [roundedRows(wte, V, C, bits), roundedRows(wpe, T + 2, C, bits)];

    const whole = await runExperiment(device, {
      bits,
      parameters,
      inputs: { tokens: { shape: [B, T], data: tokens } },
      build: (graph, t) => embedding(graph, t.tokens!, t.wte!, t.wpe!),
    });
    expectClose(whole.out, embeddingReference.embedding(tokens, tokenRows, positionRows, { B, T, C }));

    // the same rows as a window of a decoder reads them, all at once
    const windows = await runExperiment(device, {
      bits,
      parameters,
      inputs: {
        state: { shape: [B, 4], data: Uint32Array.from(Array.from({ length: B }, () => [0, T, 0, 0]).flat()) },
        history: { shape: [B, T], data: tokens },
      },
      build: (graph, t) => embedWindow(graph, { state: t.state!, history: t.history! }, T, t.wte!, t.wpe!),
    });
    expect([...windows.out]).toEqual([...whole.out]);
  });
});
