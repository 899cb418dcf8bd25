import { describe, expect } from 'vitest';
import { linear } from '../../src/graph/operators/linear.ts';
import { FEW_ROWS } from '../../src/graph/operators/matvec.ts';
import { expectClose, gpuTest, runExperiment } from '../graph/harness.ts';
import { Random } from '../reference/arrays.ts';
import * as reference from '../reference/linear.ts';

const SHAPES = [
  { N: 1, C: 1, M: 1 },
  { N: 1, C: 33, M: 17 },
  { N: 1, C: 36, M: 83 },
  { N: 2, C: 13, M: 8 },
  { N: 3, C: 65, M: 99 },
  { N: 4, C: 12, M: 7 },
  { N: 1, C: 128, M: 96 },
  { N: 1, C: 9, M: 1003 },
  { N: FEW_ROWS, C: 64, M: 192 },
];

// A linear layer of an evaluation with so few rows takes the kernel of its own.
describe.each([1, 8, 64])('%i threads a row', (lanes) => {
  gpuTest.for(SHAPES)('$N x $C to $M', async ({ N, C, M }, { device }) => {
    const random = new Random(N * C * M + lanes);
    const [x, weight, bias, residual] = [N * C, M * C, M, N * M].map((size) => random.normals(size));
    const inputs = {
      x: { shape: [N, C], data: x! },
      weight: { shape: [M, C], data: weight! },
      bias: { shape: [M], data: bias! },
      residual: { shape: [N, M], data: residual! },
    };
    for (const options of [
      {},
      { bias: true, residual: true },
      { bias: true, activation: (['gelu', 'gelu_tanh', 'relu'] as const)[(M + 1) % 3]! },
    ] as { bias?: true; residual?: true; activation?: 'gelu' | 'gelu_tanh' | 'relu' }[]) {
      const { activation } = options;
      const { out } = await runExperiment(device, {
        lanes,
        inputs,
        build: (graph, t) => {
          const y = linear(graph, t.x!, t.weight!, {
            ...(options.bias && { bias: t.bias! }),
            ...(options.residual && { residual: t.residual! }),
            ...(activation && { activation }),
          });
          expect(graph.dispatches.map(({ kernel }) => kernel.entry)).toEqual(['matvec']);
          return y;
        },
      });
      const expected = reference.linear(
        x!,
        weight!,
        { N, C, M },
        { bias: options.bias && bias, residual: options.residual && residual, activation },
      );
      expectClose(out, expected);
    }
  });
});
