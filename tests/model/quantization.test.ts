import { describe, expect, test } from 'vitest';
import { PackedLayout } from '../../src/graph/packed.ts';
import { ParameterLayout } from '../../src/graph/parameters.ts';
import { preset } from '../../src/model/config.ts';
import { initialParameters, layoutOf } from '../../src/model/parameters.ts';
import { dequantize, quantize, quantizeRow } from '../../src/model/quantization.ts';
import { Random } from '../reference/arrays.ts';

const BITS = [8, 4] as const;
const MOST = { 8: 127, 4: 7 };

describe.each(BITS)('%i bits', (bits) => {
  test('a number is off by half a scale at most, zero is zero, and the largest magnitudes are met', () => {
    const random = new Random(bits);
    for (const length of [1, 3, 32, 101]) {
      const row = random.normals(length, 0.05);
      row[0] = 0;
      row[length - 1] = -0.3;
      const { scale, q } = quantizeRow(row, bits);
      expect(q[length - 1]).toBe(-MOST[bits]);
      expect(scale * -q[length - 1]!).toBeCloseTo(0.3, 7);
      for (const [i, w] of row.entries()) {
        expect(Math.abs(w - scale * q[i]!)).toBeLessThanOrEqual(0.5 * scale * (1 + 1e-6));
        expect(Math.abs(q[i]!)).toBeLessThanOrEqual(MOST[bits]);
        if (w === 0) expect(q[i]).toBe(0);
      }
    }
  });

  test('w and -w are treated alike, also half way between two numbers', () => {
    const row = Float32Array.from([MOST[bits], 0.5, 1.5, 2.5, 0.49]);
    const { scale, q } = quantizeRow(row, bits);
    expect(scale).toBe(1);
    expect([...q]).toEqual([MOST[bits], 1, 2, 3, 0]);
    expect(
      [
        ...quantizeRow(
          row.map((w) => -w),
          bits,
        ).q,
      ].map((n) => -n || 0),
    ).toEqual([...q]);
  });

  test('a row of zeros, or of what a GPU takes for zeros, is zero', () => {
    expect(quantizeRow(new Float32Array(5), bits)).toEqual({ scale: 0, q: new Int8Array(5) });
    expect(quantizeRow(new Float32Array([1e-40, -1e-40]), bits)).toEqual({ scale: 0, q: new Int8Array(2) });
  });

  test('whole multiples survive packing to the last bit, at every length of row', () => {
    const random = new Random(7);
    for (const width of [1, 3, 4, 7, 8, 9, 15, 16, 31, 33]) {
      const layout = new ParameterLayout([
        { name: 'matrix', shape: [5, width], decay: true },
        { name: 'bias', shape: [3], decay: false },
      ]);
      const weights = new Float32Array(layout.bytes / 4);
      for (let row = 0; row < 5; row++) {
        for (let i = 0; i < width; i++) weights[row * width + i] = (random.below(2 * MOST[bits] + 1) - MOST[bits]) / 8;
        weights[row * width] = -MOST[bits] / 8;
      }
      weights.set([0.1, -7e-3, 123], layout.slot('bias').offset / 4);
      const packed = quantize(layout, weights, bits);
      expect(dequantize(layout, packed)).toEqual(weights);
      expect(packed.layout.stored).toBe(5 * 4 * Math.ceil((width * bits) / 32) + 5 * 4 + 3 * 4);
    }
  });

  test('a whole model comes back within half a scale, its norms and biases as they were', async () => {
    const model = { ...preset('tiny').model, vocab_size: 65 };
    const layout = layoutOf(model);
    const weights = await initialParameters(model, layout, 3);
    const packed = quantize(layout, weights, bits);
    const back = dequantize(layout, packed);
    for (const { shape, offset, size } of layout.slots.values()) {
      const [before, after] = [weights, back].map((of) => of.subarray(offset / 4, offset / 4 + size));
      if (shape.length === 1) expect(after).toEqual(before);
      const largest = before!.reduce((most, w) => Math.max(most, Math.abs(w)), 0);
      const off = before!.reduce((most, w, i) => Math.max(most, Math.abs(w - after![i]!)), 0);
      expect(off).toBeLessThanOrEqual(((0.5 * largest) / MOST[bits]) * (1 + 1e-6));
    }
  });
});

test('a large model takes a quarter, and an eighth, of its bytes and a little more', () => {
  const layout = layoutOf({ ...preset('nanogpt-gpu').model, vocab_size: 65 });
  const share = (bits: 8 | 4) => new PackedLayout(layout, bits).stored / (4 * layout.count);
  expect(share(8)).toBeGreaterThan(0.25);
  expect(share(8)).toBeLessThan(0.26);
  expect(share(4)).toBeGreaterThan(0.125);
  expect(share(4)).toBeLessThan(0.135);
});
