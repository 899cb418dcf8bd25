import { describe } from 'vitest';
import { embedding } from '../../src/graph/operators/embedding.ts';
import { expectClose, gpuTest, runExperiment } from '../graph/harness.ts';
import { Random } from '../reference/arrays.ts';
import * as reference from '../reference/embedding.ts';

describe.each([
  { B: 3, T: 7, C: 5, V: 11, T_MAX: 9 },
  { B: 1, T: 1, C: 1, V: 1, T_MAX: 1 },
  { B: 2, T: 37, C: 33, V: 17, T_MAX: 37 },
  { B: 4, T: 32, C: 64, V: 96, T_MAX: 64 },
  // One token at every place: all rows are gathered into one.
  { B: 5, T: 13, C: 3, V: 1, T_MAX: 13 },
  // So many tokens that a GPU takes them in chunks.
  { B: 5, T: 70, C: 20, V: 11, T_MAX: 71 },
])('embedding $B x $T x $C of $V tokens', ({ B, T, C, V, T_MAX }) => {
  gpuTest.for([1, 32])('forward and backward, for %i lanes', async (lanes, { device }) => {
    const random = new Random(B * T + C);
    const tokens = random.tokens(B * T, V);
    const wte = random.normals(V * C);
    const wpe = random.normals(T_MAX * C);
    const dout = random.normals(B * T * C);
    const shape = { B, T, C };
    const { out, grads } = await runExperiment(device, {
      lanes,
      parameters: { wte: { shape: [V, C], data: wte }, wpe: { shape: [T_MAX, C], data: wpe } },
      inputs: { tokens: { shape: [B, T], data: tokens } },
      build: (graph, t) => embedding(graph, t.tokens!, t.wte!, t.wpe!),
      dout,
    });
    expectClose(out, reference.embedding(tokens, wte, wpe, shape));
    const expected = reference.embeddingBackward(tokens, dout, shape, { wte: V, wpe: T_MAX });
    expectClose(grads.wte, expected.dwte, undefined, 'dwte');
    expectClose(grads.wpe, expected.dwpe, undefined, 'dwpe');
  });
});
