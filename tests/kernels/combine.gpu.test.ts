import { expect } from 'vitest';
import { combine } from '../../src/graph/operators/combine.ts';
import { embedding } from '../../src/graph/operators/embedding.ts';
import { layerNorm } from '../../src/graph/operators/layer-norm.ts';
import { linear } from '../../src/graph/operators/linear.ts';
import { expectClose, gpuTest, runExperiment, type Values } from '../graph/harness.ts';
import { add, Random } from '../reference/arrays.ts';
import * as embeddings from '../reference/embedding.ts';
import * as norms from '../reference/layer_norm.ts';
import * as reference from '../reference/linear.ts';

const values = (shape: number[], data: Values['data']): Values => ({ shape, data });

gpuTest.for([
  { parts: 1, size: 1 },
  { parts: 3, size: 13 },
  { parts: 7, size: 260 },
])('$parts parts of $size numbers, written and added', async ({ parts, size }, { device }) => {
  const random = new Random(parts);
  const [first, second] = [random.normals(parts * size), random.normals(parts * size)];
  const sums = (data: Float32Array) =>
    Float64Array.from({ length: size }, (_, i) =>
      Array.from({ length: parts }, (_, part) => data[part * size + i]!).reduce((sum, x) => sum + x, 0),
    );
  const { out } = await runExperiment(device, {
    inputs: { first: values([parts, size], first), second: values([parts, size], second) },
    build: (graph, t) => {
      const sum = graph.tensor('sum', [size]);
      combine(graph, { parts: t.first!, out: sum, accumulate: false });
      combine(graph, { parts: t.second!, out: sum, accumulate: true });
      return sum;
    },
  });
  expectClose(out, add(sums(first), sums(second)));
});

// What is read twice is given two contributions, the second of which is added to the first.

gpuTest.for(['split32', 'split64'] as const)(
  '%s: a weight and a bias that are used twice',
  async (product, { device }) => {
    const [N, C] = [515, 65];
    const random = new Random(3);
    const [x, dout] = [random.normals(N * C), random.normals(N * C)];
    const [weight, bias] = [random.normals(C * C, 0.1), random.normals(C)];
    const idleBias = [7, 22] as const;
    const { grads } = await runExperiment(device, {
      product,
      parameters: { weight: values([C, C], weight), bias: values([C], bias) },
      inputs: { x: values([N, C], x) },
      build: (graph, t) => {
        const once = linear(graph, t.x!, t.weight!, { bias: t.bias!, idleBias });
        return linear(graph, once, t.weight!, { bias: t.bias!, idleBias });
      },
      dout,
    });
    const shape = { N, C, M: C };
    const once = reference.linear(x, weight, shape, { bias });
    const outer = reference.linearBackward(once, weight, dout, shape);
    const inner = reference.linearBackward(x, weight, outer.dx, shape);
    expectClose(grads.x, inner.dx, undefined, 'dx');
    expectClose(grads.weight, add(inner.dweight, outer.dweight), undefined, 'dweight');
    const idle = (c: number) => c >= idleBias[0] && c < idleBias[1];
    const dbias = add(inner.dbias, outer.dbias).map((g, c) => (idle(c) ? 0 : g));
    expectClose(grads.bias, dbias, undefined, 'dbias');
    expect(grads.bias!.subarray(...idleBias).every((g) => g === 0)).toBe(true);
  },
);

gpuTest('chunks of rows of two norms with one gain and one bias', async ({ device }) => {
  const [N, C] = [1031, 12];
  const random = new Random(4);
  const [x, dout] = [random.normals(N * C), random.normals(N * C)];
  const [weight, bias] = [random.normals(C, 0.5, 1), random.normals(C)];
  const { grads } = await runExperiment(device, {
    lanes: 32,
    parameters: { weight: values([C], weight), bias: values([C], bias) },
    inputs: { x: values([N, C], x) },
    build: (graph, t) => layerNorm(graph, layerNorm(graph, t.x!, t.weight!, t.bias!), t.weight!, t.bias!),
    dout,
  });
  const once = norms.layerNorm(x, weight, bias);
  const outer = norms.layerNormBackward(once, weight, dout);
  const inner = norms.layerNormBackward(x, weight, outer.dx);
  expectClose(grads.weight, add(inner.dweight, outer.dweight), undefined, 'dweight');
  expectClose(grads.bias, add(inner.dbias, outer.dbias), undefined, 'dbias');
});

gpuTest('chunks of tokens whose table is the head, too', async ({ device }) => {
  const [B, T, V, C] = [7, 40, 19, 6];
  const random = new Random(5);
  const tokens = random.tokens(B * T, V);
  const [wte, wpe, dout] = [random.normals(V * C), random.normals(T * C), random.normals(B * T * V)];
  const { grads } = await runExperiment(device, {
    lanes: 32,
    parameters: { wte: values([V, C], wte), wpe: values([T, C], wpe) },
    inputs: { tokens: values([B, T], tokens) },
    build: (graph, t) => linear(graph, embedding(graph, t.tokens!, t.wte!, t.wpe!), t.wte!),
    dout,
  });
  const x = embeddings.embedding(tokens, wte, wpe, { B, T, C });
  const head = reference.linearBackward(x, wte, dout, { N: B * T, C, M: V });
  const rows = embeddings.embeddingBackward(tokens, head.dx, { B, T, C }, { wte: V, wpe: T });
  expectClose(grads.wte, add(head.dweight, rows.dwte), undefined, 'dwte');
});
