import { expect } from 'vitest';
import { Graph } from '../../src/graph/graph.ts';
import { embedding } from '../../src/graph/operators/embedding.ts';
import { linear } from '../../src/graph/operators/linear.ts';
import { ParameterLayout } from '../../src/graph/parameters.ts';
import { Arena } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { Random } from '../reference/arrays.ts';
import * as reference from '../reference/linear.ts';
import { expectClose, gpuTest, parameterBuffers, runExperiment } from './harness.ts';

const WIDTH = 9;
const ROWS = 6;
const layout = new ParameterLayout([{ name: 'w', shape: [WIDTH, WIDTH], decay: true }]);

/** x W^T W^T ... */
function chain(graph: Graph, x: Tensor, length: number): Tensor {
  let y = x;
  for (let i = 0; i < length; i++) y = linear(graph, y, graph.parameter('w', [WIDTH, WIDTH]));
  return y;
}

gpuTest('a long chain needs the memory of two links, and the right one at each', async ({ device }) => {
  const graph = new Graph(layout, { lanes: 1 }, false);
  const x = graph.input('x', [ROWS, WIDTH]);
  const third = graph.output(chain(graph, x, 3));
  const last = graph.output(chain(graph, third, 17));
  const arena = new Arena(device);
  await parameterBuffers(device, arena, layout);
  arena.plan(graph);
  const named = arena.bytes;
  const program = (await arena.compile()).get(graph)!;
  // The input, two outputs that must last, and two that take turns; each rounded up to 16 bytes.
  expect(arena.bytes - named).toBeLessThanOrEqual(5 * (4 * ROWS * WIDTH + 15));
  const random = new Random(51);
  const data = random.normals(ROWS * WIDTH);
  const weight = random.normals(WIDTH * WIDTH, 1 / Math.sqrt(WIDTH));
  program.write(x, data);
  program.write(graph.parameter('w', [WIDTH, WIDTH]), weight);
  program.run();
  const follow = (from: ArrayLike<number>, length: number) => {
    let y = Float64Array.from(from);
    for (let i = 0; i < length; i++)
      y = Float64Array.from(reference.linear(y, weight, { N: ROWS, C: WIDTH, M: WIDTH }));
    return y;
  };
  expectClose(await program.read(third), follow(data, 3));
  expectClose(await program.read(last), follow(data, 20));
  arena.destroy();
});

gpuTest('graphs that share an arena share its memory and keep their results apart', async ({ device }) => {
  const arena = new Arena(device);
  await parameterBuffers(device, arena, layout);
  const traced = [1, 2].map((length) => {
    const graph = new Graph(layout, { lanes: 1 }, false);
    const x = graph.input('x', [ROWS, WIDTH]);
    const y = graph.output(chain(graph, x, length));
    arena.plan(graph);
    return { graph, x, y };
  });
  const [one, two] = traced as [(typeof traced)[number], (typeof traced)[number]];
  const programs = await arena.compile();
  const random = new Random(52);
  const weight = random.normals(WIDTH * WIDTH);
  programs.get(one.graph)!.write(one.graph.parameter('w', [WIDTH, WIDTH]), weight);
  const shape = { N: ROWS, C: WIDTH, M: WIDTH };
  const [a, b] = [random.normals(ROWS * WIDTH), random.normals(ROWS * WIDTH)];
  programs.get(one.graph)!.write(one.x, a);
  programs.get(two.graph)!.write(two.x, b);
  programs.get(one.graph)!.run();
  expectClose(await programs.get(one.graph)!.read(one.y), reference.linear(a, weight, shape));
  programs.get(two.graph)!.run();
  const once = reference.linear(b, weight, shape);
  expectClose(await programs.get(two.graph)!.read(two.y), reference.linear(once, weight, shape));
  programs.get(one.graph)!.run();
  expectClose(await programs.get(one.graph)!.read(one.y), reference.linear(a, weight, shape));
  arena.destroy();
});

gpuTest('what has no memory and what does not fit is refused in words', async ({ device }) => {
  const graph = new Graph(layout, { lanes: 1 }, false);
  const x = graph.input('x', [ROWS, WIDTH]);
  const y = graph.output(chain(graph, x, 1));
  const arena = new Arena(device);
  await parameterBuffers(device, arena, layout);
  arena.plan(graph);
  const program = (await arena.compile()).get(graph)!;
  expect(() => program.write(x, new Float32Array(3))).toThrow(/takes 54 numbers, not 3/);
  await expect(program.read(graph.tensor('lost', [2]))).rejects.toThrow(/lost \[2\] has no memory/);
  expect((await program.read(y)).length).toBe(y.size);
  arena.destroy();
});

gpuTest('a buffer beyond the adapter’s limits is refused before anything is allocated', async ({ device }) => {
  const arena = new Arena(device);
  const most = Math.min(device.gpu.limits.maxBufferSize, device.gpu.limits.maxStorageBufferBindingSize);
  await expect(arena.named('huge', most + 4)).rejects.toMatchObject({ code: 'too-large' });
  expect(arena.bytes).toBe(0);
});

gpuTest('more workgroups than one dimension holds are folded into two', async ({ device }) => {
  // A thread a number and 64 threads a workgroup: 65,535 workgroups hold 4,194,240 numbers.
  const [B, T, C, V] = [64, 1009, 65, 5];
  expect(B * T * C).toBeGreaterThan(65_535 * 64);
  const random = new Random(53);
  const tokens = random.tokens(B * T, V);
  const wte = random.normals(V * C);
  const wpe = random.normals(T * C);
  const { out } = await runExperiment(device, {
    parameters: { wte: { shape: [V, C], data: wte }, wpe: { shape: [T, C], data: wpe } },
    inputs: { tokens: { shape: [B, T], data: tokens } },
    build: (graph, t) => embedding(graph, t.tokens!, t.wte!, t.wpe!),
  });
  let wrong = 0;
  for (let i = 0; i < out.length; i++) {
    const [n, c] = [Math.floor(i / C), i % C];
    if (out[i] !== Math.fround(wte[tokens[n]! * C + c]! + wpe[(n % T) * C + c]!)) wrong++;
  }
  expect(wrong).toBe(0);
});
