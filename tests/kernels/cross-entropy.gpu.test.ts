import { describe, expect } from 'vitest';
import { crossEntropy } from '../../src/graph/operators/cross-entropy.ts';
import { linear } from '../../src/graph/operators/linear.ts';
import { type Experiment, expectClose, gpuTest, LANES, runExperiment } from '../graph/harness.ts';
import { type Numbers, Random } from '../reference/arrays.ts';
import * as reference from '../reference/cross_entropy.ts';
import * as referenceLinear from '../reference/linear.ts';

/** Losses and d(mean loss)/dlogits of logits [N, V]. */
const onLogits = (logits: Float32Array<ArrayBuffer>, targets: Uint32Array<ArrayBuffer>, lanes: number): Experiment => ({
  lanes,
  inputs: {
    logits: { shape: [targets.length, logits.length / targets.length], data: logits },
    targets: { shape: [targets.length], data: targets },
  },
  build: (graph, t) => {
    const loss = crossEntropy(graph, t.logits!, t.targets!);
    if (graph.training) graph.backward(t.logits!, t.logits!);
    return loss;
  },
});

describe.each(LANES)('cross-entropy with %i threads a row', (lanes) => {
  gpuTest.for([
    { N: 7, V: 17 },
    { N: 1, V: 1 },
    { N: 5, V: 2 },
    { N: 75, V: 65 },
    { N: 64, V: 96 },
    { N: 3, V: 521 },
  ])('$N rows of $V', async ({ N, V }, { device }) => {
    const random = new Random(N * V);
    const logits = random.normals(N * V, 2);
    const targets = random.tokens(N, V);
    const experiment = onLogits(logits, targets, lanes);
    const { out, grads } = await runExperiment(device, { ...experiment, dout: 'traced' });
    const expected = reference.crossEntropy(logits, targets);
    expectClose(out, expected.losses);
    expectClose(grads.logits, expected.dlogits, undefined, 'dlogits');
    const evaluated = await runExperiment(device, experiment);
    expect(evaluated.out).toEqual(out);
  });

  gpuTest('rows that are constant, very large, or sure', async ({ device }) => {
    const V = 9;
    const random = new Random(lanes);
    const rows: Numbers[] = [
      new Float32Array(V).fill(0),
      new Float32Array(V).fill(-80),
      new Float32Array(V).fill(1e4),
      random.normals(V, 80),
      random.normals(V, 1e4),
      Float32Array.from({ length: V }, (_, v) => (v === 4 ? 80 : -80)),
      Float32Array.from({ length: V }, (_, v) => (v === 4 ? -1e4 : 1e4)),
      Float32Array.from({ length: V }, (_, v) => (v === 4 ? 12 : 0)),
    ];
    const logits = Float32Array.from(rows.flatMap((row) => Array.from(row)));
    const targets = new Uint32Array(rows.length).fill(4);
    const { out, grads } = await runExperiment(device, { ...onLogits(logits, targets, lanes), dout: 'traced' });
    const expected = reference.crossEntropy(logits, targets);
    rows.forEach((_, n) => {
      const part = [n * V, (n + 1) * V] as const;
      // The loss is a difference of numbers as large as the logits: it is known to their rounding and no better.
      const scale = Math.max(1, ...Array.from(rows[n]!, Math.abs));
      expect(Math.abs(out[n]! - expected.losses[n]!), `loss of row ${n}`).toBeLessThanOrEqual(2e-7 * scale);
      // Where the choice is sure, the target's gradient is p − 1 with p rounded to f32; it is held to the other rows'.
      const difference = grads.logits!.slice(...part).map((g, v) => g - expected.dlogits[n * V + v]!);
      expect(Math.hypot(...difference), `dlogits of row ${n}`).toBeLessThanOrEqual(1e-6 / rows.length);
    });
  });
});

gpuTest('a smoothed target, and rows that are some of the step’s', async ({ device }) => {
  const [N, V, before, after] = [7, 17, 3, 5];
  const random = new Random(43);
  const logits = random.normals(N * V, 2);
  const targets = random.tokens(N, V);
  for (const lanes of LANES) {
    const { out, grads } = await runExperiment(device, {
      ...onLogits(logits, targets, lanes),
      build: (graph, t) => {
        const losses = graph.tensor('losses', [before + N + after]);
        crossEntropy(graph, t.logits!, t.targets!, { smoothing: 0.3, into: { losses, first: before } });
        graph.backward(t.logits!, t.logits!);
        return losses;
      },
      dout: 'traced',
    });
    const expected = reference.crossEntropy(logits, targets, 0.3);
    expectClose(out.slice(before, before + N), expected.losses);
    const share = expected.dlogits.map((d) => (d * N) / (before + N + after));
    expectClose(grads.logits, share, undefined, 'dlogits');
  }
});

gpuTest('many rows, more than one workgroup of them', async ({ device }) => {
  const [N, V] = [1031, 13];
  const random = new Random(41);
  const logits = random.normals(N * V, 2);
  const targets = random.tokens(N, V);
  for (const lanes of LANES) {
    const { out, grads } = await runExperiment(device, { ...onLogits(logits, targets, lanes), dout: 'traced' });
    const expected = reference.crossEntropy(logits, targets);
    expectClose(out, expected.losses);
    expectClose(grads.logits, expected.dlogits, undefined, 'dlogits');
  }
});

gpuTest('the gradient goes on into the layer that made the logits', async ({ device }) => {
  const shape = { N: 6, C: 5, M: 11 };
  const random = new Random(42);
  const x = random.normals(shape.N * shape.C);
  const head = random.normals(shape.M * shape.C);
  const targets = random.tokens(shape.N, shape.M);
  const { out, grads } = await runExperiment(device, {
    parameters: { head: { shape: [shape.M, shape.C], data: head } },
    inputs: { x: { shape: [shape.N, shape.C], data: x }, targets: { shape: [shape.N], data: targets } },
    build: (graph, t) => {
      const logits = linear(graph, t.x!, t.head!);
      const loss = crossEntropy(graph, logits, t.targets!);
      graph.backward(logits, logits);
      return loss;
    },
    dout: 'traced',
  });
  const { losses, dlogits } = reference.crossEntropy(referenceLinear.linear(x, head, shape), targets);
  const expected = referenceLinear.linearBackward(x, head, dlogits, shape);
  expectClose(out, losses);
  expectClose(grads.x, expected.dx, undefined, 'dx');
  expectClose(grads.head, expected.dweight, undefined, 'd head');
});
