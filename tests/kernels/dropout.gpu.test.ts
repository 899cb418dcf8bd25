import { describe, expect } from 'vitest';
import { attention } from '../../src/graph/operators/attention.ts';
import { dropout } from '../../src/graph/operators/dropout.ts';
import { expectClose, gpuTest, runExperiment } from '../graph/harness.ts';
import { add, dot, Random } from '../reference/arrays.ts';
import * as reference from '../reference/attention.ts';
import { maskAt, maskOf } from '../reference/dropout.ts';
import { numericalGradient } from '../reference/finite_difference.ts';

const progress = (step: number, seed: number) => ({ shape: [2], data: new Uint32Array([step, seed]) });

describe('dropout', () => {
  gpuTest.for([
    { N: 7, C: 5, rate: 0.3 },
    { N: 64, C: 32, rate: 0.5 },
    { N: 1, C: 1, rate: 0.9 },
  ])('of $N rows of $C at $rate, with a residual, forward and backward', async ({ N, C, rate }, { device }) => {
    const random = new Random(N);
    const shape = [N, C];
    const [inp, residual, dout] = [random.normals(N * C), random.normals(N * C), random.normals(N * C)];
    const { out, grads } = await runExperiment(device, {
      inputs: { inp: { shape, data: inp }, residual: { shape, data: residual }, progress: progress(9, 4) },
      build: (graph, t) => dropout(graph, t.inp!, { rate, site: 3, progress: t.progress! }, t.residual),
      dout,
    });
    const mask = maskOf({ seed: 4, step: 9, site: 3, rate }, N, C);
    expectClose(
      out,
      add(
        residual,
        mask.map((m, i) => m * inp[i]!),
      ),
    );
    expectClose(
      grads.inp,
      mask.map((m, i) => m * dout[i]!),
      undefined,
      'dinp',
    );
    expectClose(grads.residual, dout, 0, 'dresidual');
  });

  gpuTest('keeps the share that it should, scaled so that the mean stays', async ({ device }) => {
    const [N, C] = [500, 400];
    for (const rate of [0.1, 0.2, 0.5]) {
      const { out } = await runExperiment(device, {
        inputs: { inp: { shape: [N, C], data: new Float32Array(N * C).fill(1) }, progress: progress(1, 1) },
        build: (graph, t) => dropout(graph, t.inp!, { rate, site: 0, progress: t.progress! }),
      });
      const kept = out.filter((y) => y !== 0);
      expect(kept.every((y) => Math.abs(y - 1 / (1 - rate)) < 1e-6)).toBe(true);
      const sigma = Math.sqrt(rate * (1 - rate) * N * C);
      expect(Math.abs(kept.length - (1 - rate) * N * C)).toBeLessThan(4 * sigma);
      // in each column and each row too, where four sigma are left in one of 16,000
      const counts = [new Array(C).fill(0), new Array(N).fill(0)];
      out.forEach((y, i) => {
        counts[0]![i % C] += y === 0 ? 0 : 1;
        counts[1]![Math.floor(i / C)] += y === 0 ? 0 : 1;
      });
      for (const [lines, length] of [[counts[0]!, N] as const, [counts[1]!, C] as const]) {
        const spread = Math.sqrt(rate * (1 - rate) * length);
        expect(Math.max(...lines.map((count) => Math.abs(count - (1 - rate) * length)))).toBeLessThan(5 * spread);
      }
    }
  });

  gpuTest('drops others at another site, step and seed, independently', async ({ device }) => {
    const size = 20_000;
    const rate = 0.5;
    const kept = async (site: number, step: number, seed: number) => {
      const { out } = await runExperiment(device, {
        inputs: { inp: { shape: [100, 200], data: new Float32Array(size).fill(1) }, progress: progress(step, seed) },
        build: (graph, t) => dropout(graph, t.inp!, { rate, site, progress: t.progress! }),
      });
      return out;
    };
    const one = await kept(1, 5, 7);
    expect(await kept(1, 5, 7)).toEqual(one);
    for (const other of [await kept(2, 5, 7), await kept(1, 6, 7), await kept(1, 5, 8)]) {
      const same = other.filter((y, i) => y === one[i]).length;
      expect(Math.abs(same - size / 2)).toBeLessThan(4 * Math.sqrt(size / 4));
    }
  });
});

describe('dropout of attention', () => {
  gpuTest.for([
    { B: 2, T: 9, NH: 3, HS: 5 },
    { B: 1, T: 32, NH: 2, HS: 16 },
    { B: 1, T: 70, NH: 1, HS: 4 },
    // Four threads that share a row, and of which each has one or two.
    { B: 1, T: 33, NH: 2, HS: 32, sharedRows: 'quads' as const },
    { B: 62, T: 67, NH: 8, HS: 16, sharedRows: 'quads' as const },
    { B: 1, T: 33, NH: 2, HS: 32, sharedRows: 'memory' as const },
    // Tiles.
    { B: 2, T: 70, NH: 2, HS: 20, tiledRows: true },
  ])(
    'B $B, T $T, $NH heads of $HS, $sharedRows $tiledRows',
    async ({ sharedRows, tiledRows, ...shape }, { device, skip }) => {
      if (sharedRows === 'quads' && !device.quads) skip('the adapter has no quads');
      const { B, T, NH, HS } = shape;
      const C = NH * HS;
      const random = new Random(T);
      const qkv = random.normals(B * T * 3 * C);
      const dout = random.normals(B * T * C);
      const place = { seed: 2, step: 11, site: 4, rate: 0.4 };
      const { out, grads } = await runExperiment(device, {
        sharedRows,
        tiledRows,
        inputs: { qkv: { shape: [B, T, 3 * C], data: qkv }, progress: progress(11, 2) },
        build: (graph, t) => attention(graph, t.qkv!, NH, { rate: 0.4, site: 4, progress: t.progress! }),
        dout,
      });
      const mask: reference.AttentionMask = (row, s) => maskAt(place, row, s);
      expectClose(out, reference.attention(qkv, shape, mask));
      expectClose(grads.qkv, reference.attentionBackward(qkv, dout, shape, mask), undefined, 'dqkv');
      if (T === 9) {
        const differences = numericalGradient((x) => dot(dout, reference.attention(x, shape, mask)), qkv);
        expectClose(grads.qkv, differences, undefined, 'dqkv by finite differences');
      }
    },
  );
});
