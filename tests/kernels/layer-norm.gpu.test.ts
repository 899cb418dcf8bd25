import { describe, expect } from 'vitest';
import { layerNorm } from '../../src/graph/operators/layer-norm.ts';
import { linear } from '../../src/graph/operators/linear.ts';
import { expectClose, gpuTest, LANES, runExperiment, type Values } from '../graph/harness.ts';
import { add, Random } from '../reference/arrays.ts';
import * as reference from '../reference/layer_norm.ts';
import { linearBackward } from '../reference/linear.ts';

const SHAPES = [
  { N: 7, C: 5, hasBias: true },
  { N: 1, C: 13, hasBias: false },
  { N: 77, C: 33, hasBias: true },
  { N: 9, C: 1, hasBias: true },
  { N: 128, C: 64, hasBias: true },
  { N: 3, C: 515, hasBias: false },
  // So many rows that a GPU takes them in chunks; of pieces, and of fewer numbers than would lie in a line.
  { N: 1025, C: 72, hasBias: true },
  { N: 1300, C: 7, hasBias: false },
];

describe.each(LANES)('layer norm with %i threads a row', (lanes) => {
  gpuTest.for(SHAPES)('$N x $C, bias: $hasBias', async ({ N, C, hasBias }, { device }) => {
    const random = new Random(N * C);
    const x = random.normals(N * C, 3, 1);
    const weight = random.normals(C, 0.5, 1);
    const bias = hasBias ? random.normals(C) : null;
    const dout = random.normals(N * C);
    const parameters: Record<string, Values> = { weight: { shape: [C], data: weight } };
    if (bias) parameters.bias = { shape: [C], data: bias };
    const { out, grads } = await runExperiment(device, {
      lanes,
      parameters,
      inputs: { x: { shape: [N, C], data: x } },
      build: (graph, t) => layerNorm(graph, t.x!, t.weight!, t.bias ?? null),
      dout,
    });
    const expected = reference.layerNormBackward(x, weight, dout);
    expectClose(out, reference.layerNorm(x, weight, bias));
    if (C > 1) {
      expectClose(grads.x, expected.dx, undefined, 'dx');
      expectClose(grads.weight, expected.dweight, undefined, 'dweight');
    } else {
      // A row of one number is constant: nothing that is done to it changes the result.
      expect(grads.x!.every((g) => g === 0)).toBe(true);
      expect(grads.weight).toEqual(new Float32Array(1));
    }
    if (bias) expectClose(grads.bias, expected.dbias, undefined, 'dbias');
  });

  gpuTest('constant rows and rows far from zero', async ({ device }) => {
    const C = 24;
    const random = new Random(lanes);
    // 3 has an exact mean; the others vary about a mean that is large beside their spread.
    const rows = [
      new Float32Array(C).fill(3),
      new Float32Array(C),
      random.normals(C, 1, 100),
      random.normals(C, 1e-3),
      random.normals(C, 1e4),
    ];
    const x = Float32Array.from(rows.flatMap((row) => [...row]));
    const weight = random.normals(C, 0.5, 1);
    const bias = random.normals(C);
    const dout = random.normals(x.length);
    const { out, grads } = await runExperiment(device, {
      lanes,
      parameters: { weight: { shape: [C], data: weight }, bias: { shape: [C], data: bias } },
      inputs: { x: { shape: [rows.length, C], data: x } },
      build: (graph, t) => layerNorm(graph, t.x!, t.weight!, t.bias!),
      dout,
    });
    const expected = reference.layerNormBackward(x, weight, dout);
    const results = reference.layerNorm(x, weight, bias);
    rows.forEach((_, n) => {
      const part = [n * C, (n + 1) * C] as const;
      // At 100 ± 1, f32 carries two digits fewer of the deviation from the mean.
      const tolerance = n === 2 ? 1e-4 : undefined;
      expectClose(out.slice(...part), results.slice(...part), tolerance, `row ${n}`);
      expectClose(grads.x!.slice(...part), expected.dx.slice(...part), tolerance, `dx of row ${n}`);
    });
  });
});

gpuTest('layer norm adds to a gradient that is there', async ({ device }) => {
  const N = 11;
  const C = 13;
  const random = new Random(5);
  const x = random.normals(N * C);
  const weight = random.normals(C, 0.5, 1);
  const bias = random.normals(C);
  const head = random.normals(C * C);
  const residual = { N, C, M: C };
  const dout = random.normals(N * C);
  // y = norm(norm(x)) W + x, with one gain and one bias for both norms: every gradient has two contributions.
  const experiment = {
    parameters: {
      weight: { shape: [C], data: weight },
      bias: { shape: [C], data: bias },
      head: { shape: [C, C], data: head },
    },
    inputs: { x: { shape: [N, C], data: x } },
    build: (graph, t) => {
      const once = layerNorm(graph, t.x!, t.weight!, t.bias!);
      const twice = layerNorm(graph, once, t.weight!, t.bias!);
      return linear(graph, twice, t.head!, { residual: t.x! });
    },
  } satisfies Parameters<typeof runExperiment>[1];
  const { out, grads } = await runExperiment(device, { ...experiment, dout });
  const once = reference.layerNorm(x, weight, bias);
  const twice = reference.layerNorm(once, weight, bias);
  const last = linearBackward(twice, head, dout, residual);
  const outer = reference.layerNormBackward(once, weight, last.dx);
  const inner = reference.layerNormBackward(x, weight, outer.dx);
  expectClose(grads.x, add(inner.dx, dout), undefined, 'dx');
  expectClose(grads.weight, add(inner.dweight, outer.dweight), undefined, 'dweight');
  expectClose(grads.bias, add(inner.dbias, outer.dbias), undefined, 'dbias');
  const evaluated = await runExperiment(device, experiment);
  // the same formula; a compiler may round it in other places where less is kept
  expectClose(evaluated.out, out, 1e-6);
});
