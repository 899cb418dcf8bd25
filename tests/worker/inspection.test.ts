import { describe, expect, test } from 'vitest';
import { cosines, principalComponents } from '../../src/worker/inspection/embedding.ts';
import { asMatrix, MOST_CELLS, pictureOf, summaryOf } from '../../src/worker/inspection/picture.ts';
import { likeliest, rightOnes } from '../../src/worker/inspection/predictions.ts';
import { Random } from '../reference/arrays.ts';

describe('a picture of a matrix', () => {
  const shape = [401, 259] as const;
  const values = new Random(3).normals(shape[0] * shape[1]);
  const at = (row: number, column: number) => values[row * shape[1] + column]!;

  test('shows every number where there is room, and a part of a matrix as it stands there', () => {
    const small = pictureOf([1, 2, 3, 4, 5, 6], [2, 3], undefined, 'mean');
    expect(small).toMatchObject({ height: 2, width: 3, rows: [0, 2], columns: [0, 3] });
    expect([...small.cells]).toEqual([1, 2, 3, 4, 5, 6]);
    const part = pictureOf(values, shape, { rows: [100, 107], columns: [250, 259] }, 'strongest');
    expect(part).toMatchObject({ height: 7, width: 9 });
    expect(part.cells[3 * 9 + 2]).toBe(at(103, 252));
    // what lies outside is cut off, and nothing is ever empty
    const outside = pictureOf(values, shape, { rows: [-5, 2], columns: [900, 950] }, 'mean');
    expect(outside).toMatchObject({ rows: [0, 2], columns: [258, 259], height: 2, width: 1 });
  });

  test('counts each number of a large one in exactly one cell, by its mean or the strongest', () => {
    const mean = pictureOf(values, shape, undefined, 'mean');
    const strongest = pictureOf(values, shape, undefined, 'strongest');
    expect([mean.height, mean.width]).toEqual([MOST_CELLS, MOST_CELLS]);
    let numbers = 0;
    for (let y = 0; y < mean.height; y++) {
      for (let x = 0; x < mean.width; x++) {
        const [top, bottom] = [Math.floor((y * 401) / 192), Math.floor(((y + 1) * 401) / 192)];
        const [left, right] = [Math.floor((x * 259) / 192), Math.floor(((x + 1) * 259) / 192)];
        const block: number[] = [];
        for (let row = top; row < bottom; row++) for (let c = left; c < right; c++) block.push(at(row, c));
        numbers += block.length;
        const average = block.reduce((a, b) => a + b) / block.length;
        expect(Math.abs(mean.cells[y * 192 + x]! - average)).toBeLessThan(1e-6);
        expect(strongest.cells[y * 192 + x]).toBe(block.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a)));
      }
    }
    expect(numbers).toBe(401 * 259);
  });

  test('shows what is no number as none, and counts it apart', () => {
    expect(pictureOf([1, Number.NaN, 3], [1, 3], undefined, 'strongest').cells[1]).toBeNaN();
    const summary = summaryOf([-1, Number.NaN, 3, 1, Number.POSITIVE_INFINITY]);
    expect(summary).toMatchObject({ size: 5, min: -1, max: 3, mean: 1, notFinite: 2, norm: Math.sqrt(11) });
    expect(summary.std).toBeCloseTo(Math.sqrt(8 / 3), 12);
    expect(summary.histogram.counts.reduce((a, b) => a + b)).toBe(3);
    expect(summaryOf([0, 0]).histogram.counts[0]).toBe(2);
    expect([asMatrix([5]), asMatrix([2, 3]), asMatrix([2, 3, 4])]).toEqual([
      [1, 5],
      [2, 3],
      [6, 4],
    ]);
  });
});

describe('an embedding', () => {
  test('has cosines as they are defined', () => {
    const found = cosines(Float32Array.of(1, 0, 3, 0, -2, 0, 0, 5, 1, 1, 0, 0), 2, 0);
    for (const [row, cosine] of [1, 1, -1, 0, Math.SQRT1_2, 0].entries()) expect(found[row]).toBeCloseTo(cosine, 7);
  });

  test('is projected on the two directions of the largest variance', () => {
    // points in a plane that is turned in five dimensions: 3 times as far apart along one direction as along the other
    const random = new Random(8);
    const C = 5;
    const first = [0.6, 0, 0.8, 0, 0];
    const second = [0, 1, 0, 0, 0];
    const along = Array.from({ length: 40 }, () => [3 * random.normal(), random.normal()] as const);
    const matrix = Float32Array.from(along.flatMap(([a, b]) => first.map((f, c) => 7 + a * f + b * second[c]!)));
    const { points, shares } = principalComponents(matrix, C);
    // distances in the plane are those in the five dimensions
    for (let i = 1; i < 40; i++) {
      const shown = Math.hypot(points[2 * i]! - points[0]!, points[2 * i + 1]! - points[1]!);
      const real = Math.hypot(along[i]![0] - along[0]![0], along[i]![1] - along[0]![1]);
      expect(Math.abs(shown - real)).toBeLessThan(1e-5);
    }
    expect(shares[0] + shares[1]).toBeCloseTo(1, 9);
    expect(shares[0]).toBeGreaterThan(shares[1]);
    const variance = (axis: number) => points.filter((_, i) => i % 2 === axis).reduce((sum, x) => sum + x * x, 0);
    expect(variance(0) / (variance(0) + variance(1))).toBeCloseTo(shares[0], 6);
    expect(principalComponents(matrix, C)).toEqual({ points, shares });
    expect(principalComponents(new Float32Array(6), 2).shares).toEqual([0, 0]);
  });
});

test('the likeliest of each place come first, and the right one is told apart', () => {
  const rows = [
    Float32Array.of(0.1, 0.5, 0.1, 0.3, 0.2, 0.2, 0.4, 0.2),
    Float32Array.of(0, 0, 0, 1, 0.7, 0.1, 0.1, 0.1),
  ];
  const { ids, probabilities } = likeliest(rows, 4, 3);
  expect([...ids]).toEqual([1, 3, 0, 2, 0, 1, 3, 0, 1, 0, 1, 2]);
  expect([...probabilities.subarray(0, 3)]).toEqual([0.5, 0.3, 0.1].map(Math.fround));
  const numbers = { attention: new Float32Array(), lens: rows, losses: new Float32Array() };
  expect([...rightOnes(numbers, [0, 3], 4)]).toEqual([0.3, 1].map(Math.fround));
});
