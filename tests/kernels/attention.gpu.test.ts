import { describe, expect } from 'vitest';
import { attention } from '../../src/graph/operators/attention.ts';
import { type Experiment, expectClose, gpuTest, runExperiment } from '../graph/harness.ts';
import { Random } from '../reference/arrays.ts';
import * as reference from '../reference/attention.ts';

interface Sizes {
  B: number;
  T: number;
  NH: number;
  HS: number;
  fewRegisters?: boolean;
}

const SHAPES: Sizes[] = [
  { B: 2, T: 9, NH: 3, HS: 5 },
  { B: 1, T: 37, NH: 3, HS: 7 },
  { B: 3, T: 1, NH: 2, HS: 3 },
  { B: 2, T: 4, NH: 1, HS: 1 },
  { B: 2, T: 32, NH: 2, HS: 16 },
  { B: 1, T: 64, NH: 4, HS: 8 },
  // More rows than a workgroup has threads; and the largest head that is allowed.
  { B: 1, T: 131, NH: 2, HS: 6 },
  { B: 1, T: 65, NH: 1, HS: 64 },
  { B: 1, T: 5, NH: 1, HS: 128 },
];

/** So many that a thread of a quad has several: four; and with few registers four, three and two in the three kernels. */
const MANY_ROWS = { B: 33, T: 67, NH: 30, HS: 16 };
const FEW_REGISTERS = { B: 115, T: 19, NH: 30, HS: 32, fewRegisters: true };

/** Heads of three vectors and of ten, several tiles along both, and more heads than they are for. */
const TILED = [
  { B: 2, T: 37, NH: 2, HS: 12 },
  { B: 1, T: 131, NH: 2, HS: 32 },
  { B: 1, T: 70, NH: 1, HS: 40 },
  { B: 33, T: 9, NH: 16, HS: 8 },
];

describe.each([
  ['by rows', {}],
  ['by rows that quads read together', { quads: true }],
  ['by quads', { sharedRows: 'quads' }],
  ['by fours of threads', { sharedRows: 'memory' }],
  ['by tiles', { tiledRows: true }],
] as const)('attention %s', (_, traits) => {
  gpuTest.beforeEach(({ device, skip }) => {
    if (('quads' in traits || ('sharedRows' in traits && traits.sharedRows === 'quads')) && !device.quads) {
      skip('the adapter has no quads');
    }
  });

  const many = 'sharedRows' in traits ? [traits.sharedRows === 'quads' ? MANY_ROWS : FEW_REGISTERS] : [];
  const shapes = [...SHAPES, ...many, ...('tiledRows' in traits ? TILED : [])];
  gpuTest.for(shapes)('B $B, T $T, $NH heads of $HS', async ({ fewRegisters = false, ...shape }: Sizes, { device }) => {
    const { B, T, NH, HS } = shape;
    const C = NH * HS;
    const random = new Random(T * C);
    const qkv = random.normals(B * T * 3 * C);
    const dout = random.normals(B * T * C);
    const { out, grads } = await runExperiment(device, {
      ...traits,
      fewRegisters,
      inputs: { qkv: { shape: [B, T, 3 * C], data: qkv } },
      build: (graph, t) => attention(graph, t.qkv!, NH),
      dout,
    });
    expectClose(out, reference.attention(qkv, shape));
    expectClose(grads.qkv, reference.attentionBackward(qkv, dout, shape), undefined, 'dqkv');
  });

  gpuTest('without a backward pass, the same', async ({ device }) => {
    const [B, T, NH, C] = [2, 37, 2, 32];
    const inputs = { qkv: { shape: [B, T, 3 * C], data: new Random(33).normals(B * T * 3 * C) } };
    const build: Experiment['build'] = (graph, t) => attention(graph, t.qkv!, NH);
    const evaluated = await runExperiment(device, { ...traits, inputs, build });
    const trained = await runExperiment(device, { ...traits, inputs, build, dout: new Float32Array(B * T * C) });
    expect(evaluated.out).toEqual(trained.out);
  });

  gpuTest('scores that leave one key almost all of the weight', async ({ device }) => {
    const shape = { B: 1, T: 21, NH: 2, HS: 4 };
    const C = 8;
    const random = new Random(31);
    const qkv = random.normals(21 * 3 * C, 9);
    const dout = random.normals(21 * C);
    const { out, grads } = await runExperiment(device, {
      ...traits,
      inputs: { qkv: { shape: [1, 21, 3 * C], data: qkv } },
      build: (graph, t) => attention(graph, t.qkv!, 2),
      dout,
    });
    // Scores reach several hundred, and f32 keeps them to about 3e-5: so much is each probability off.
    expectClose(out, reference.attention(qkv, shape), 1e-4);
    expectClose(grads.qkv, reference.attentionBackward(qkv, dout, shape), 1e-4, 'dqkv');
  });

  gpuTest('scores beyond what exp can hold', async ({ device }) => {
    const shape = { B: 1, T: 6, NH: 1, HS: 2 };
    // Scores are ±1e4 (s + 1): every row has one winner, the first or the last key that it sees.
    const qkv = Float32Array.from({ length: 6 * 6 }, (_, i) => {
      const t = Math.floor(i / 6);
      return [t % 2 ? -100 : 100, 0, 100 * Math.SQRT2 * (t + 1), 0, t + 1, -t][i % 6]!;
    });
    const dout = new Float32Array(12).fill(1);
    const { out, grads } = await runExperiment(device, {
      ...traits,
      inputs: { qkv: { shape: [1, 6, 6], data: qkv } },
      build: (graph, t) => attention(graph, t.qkv!, 1),
      dout,
    });
    expectClose(out, reference.attention(qkv, shape));
    // At 6e4, f32 numbers stand 0.004 apart, and a probability is the exponential of a difference of two of them.
    expectClose(grads.qkv, reference.attentionBackward(qkv, dout, shape), 4e-3, 'dqkv');
  });

  gpuTest('sees nothing ahead, and gives nothing back from ahead', async ({ device }) => {
    const [B, T, NH] = [2, 11, 3];
    const C = NH * ('sharedRows' in traits ? 16 : 'tiledRows' in traits ? 8 : 5);
    const seen = 7;
    const random = new Random(32);
    const qkv = random.normals(B * T * 3 * C);
    const changed = qkv.slice();
    const dout = new Float32Array(B * T * C);
    for (let b = 0; b < B; b++) {
      const from = (b * T + seen) * 3 * C;
      changed.set(random.normals((T - seen) * 3 * C, 50), from);
      dout.set(random.normals(seen * C), b * T * C);
    }
    const run = (data: Float32Array<ArrayBuffer>) =>
      runExperiment(device, {
        ...traits,
        inputs: { qkv: { shape: [B, T, 3 * C], data } },
        build: (graph, t) => attention(graph, t.qkv!, NH),
        dout,
      });
    const [a, b] = [await run(qkv), await run(changed)];
    for (let batch = 0; batch < B; batch++) {
      const rows = [batch * T * C, (batch * T + seen) * C] as const;
      expect(b.out.slice(...rows)).toEqual(a.out.slice(...rows));
      const ahead = b.grads.qkv!.slice((batch * T + seen) * 3 * C, (batch + 1) * T * 3 * C);
      expect(ahead.every((g) => g === 0)).toBe(true);
    }
  });
});
