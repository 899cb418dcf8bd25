import { describe, expect } from 'vitest';
import { cachedAttention, embedWindow } from '../../src/graph/operators/window.ts';
import { expectClose, gpuTest, runExperiment } from '../graph/harness.ts';
import { Random } from '../reference/arrays.ts';
import * as reference from '../reference/attention.ts';

/** B sequences of T places; R rows come in after `start`. */
const SHAPES = [
  { B: 1, T: 9, NH: 3, HS: 5, R: 1, start: 8 },
  { B: 2, T: 37, NH: 3, HS: 7, R: 5, start: 20 },
  { B: 3, T: 1, NH: 2, HS: 3, R: 1, start: 0 },
  { B: 2, T: 64, NH: 2, HS: 16, R: 1, start: 37 },
  { B: 1, T: 64, NH: 4, HS: 8, R: 32, start: 0 },
  { B: 1, T: 131, NH: 2, HS: 6, R: 64, start: 67 },
  { B: 1, T: 10, NH: 1, HS: 128, R: 2, start: 3 },
];

describe.each([1, 8, 64])('attention over a cache, %i threads a query', (lanes) => {
  gpuTest.for(SHAPES)('B $B, T $T, $NH heads of $HS, $R rows after $start', async (shape, { device }) => {
    const { B, T, NH, HS, R, start } = shape;
    const C = NH * HS;
    const random = new Random(T * C + R);
    const all = random.normals(B * T * 3 * C); // (B, T, 3 C): what an ordinary attention would read
    const qkv = new Float32Array(B * R * 3 * C);
    for (let b = 0; b < B; b++) {
      qkv.set(all.subarray((b * T + start) * 3 * C, (b * T + start + R) * 3 * C), b * R * 3 * C);
    }
    /** (B, NH, T, HS) of the keys (1) or values (2) of the first `rows` rows; NaN beyond, which nobody may read. */
    const cacheOf = (part: 1 | 2, rows: number) =>
      Float32Array.from({ length: B * NH * T * HS }, (_, i) => {
        const [b, h, t, c] = [
          Math.floor(i / (NH * T * HS)),
          Math.floor(i / (T * HS)) % NH,
          Math.floor(i / HS) % T,
          i % HS,
        ];
        return t < rows ? all[(b * T + t) * 3 * C + part * C + h * HS + c]! : Number.NaN;
      });
    const state = new Uint32Array(Array.from({ length: B }, () => [start, start + R, 0, 0]).flat());
    const run = (result: 'out' | 'keys' | 'values') =>
      runExperiment(device, {
        lanes,
        inputs: {
          qkv: { shape: [B, R, 3 * C], data: qkv },
          keys: { shape: [B, NH, T, HS], data: cacheOf(1, start) },
          values: { shape: [B, NH, T, HS], data: cacheOf(2, start) },
          state: { shape: [B, 4], data: state },
        },
        build: (graph, t) => {
          const out = cachedAttention(graph, t.qkv!, t.state!, { keys: t.keys!, values: t.values! });
          return result === 'out' ? out : t[result]!;
        },
      });
    const expected = reference.attention(all, { B, T, NH, HS });
    const rows = Array.from({ length: B }, (_, b) =>
      Array.from(expected.subarray((b * T + start) * C, (b * T + start + R) * C)),
    ).flat();
    expectClose((await run('out')).out, rows);
    expect([...(await run('keys')).out]).toEqual([...cacheOf(1, start + R)]);
    expect([...(await run('values')).out]).toEqual([...cacheOf(2, start + R)]);
  });
});

describe.each([
  { B: 2, T: 7, V: 11, C: 5, R: 3 },
  { B: 1, T: 16, V: 20, C: 32, R: 1 },
  { B: 3, T: 12, V: 9, C: 16, R: 8 },
])('the embedding of $R rows of $B windows of $T', ({ B, T, V, C, R }) => {
  gpuTest('takes each sequence’s tokens from its ring', async ({ device }) => {
    const random = new Random(T * C);
    const wte = random.normals(V * C);
    const wpe = random.normals(T * C);
    const history = random.tokens(B * T, V);
    const at = Array.from({ length: B }, (_, b) => ({ position: (3 * b) % (T - R + 1), first: 5 + 9 * b }));
    const { out } = await runExperiment(device, {
      inputs: {
        state: { shape: [B, 4], data: Uint32Array.from(at.flatMap(({ position, first }) => [position, 99, first, 0])) },
        history: { shape: [B, T], data: history },
        wte: { shape: [V, C], data: wte },
        wpe: { shape: [T, C], data: wpe },
      },
      build: (graph, t) => embedWindow(graph, { state: t.state!, history: t.history! }, R, t.wte!, t.wpe!),
    });
    const expected = Array.from({ length: B * R * C }, (_, i) => {
      const [b, r, c] = [Math.floor(i / (R * C)), Math.floor(i / C) % R, i % C];
      const { position, first } = at[b]!;
      const token = history[b * T + ((first + position + r) % T)]!;
      return wte[token * C + c]! + wpe[(position + r) * C + c]!;
    });
    expectClose(out, expected);
  });
});
