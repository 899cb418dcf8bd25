import { describe, expect, it } from 'vitest';
import { axisMarks, moved, padded, within, zoomed } from '../../src/ui/charts/axes.ts';
import { keyed, type Place } from '../../src/ui/charts/navigation.ts';
import { align, nearest, type Series, sampled, seriesCSV, valueAt } from '../../src/ui/charts/series.ts';

const series = (x: number[], y: (number | null)[], rest: Partial<Series> = {}): Series => ({
  label: 'a',
  colour: '--ink',
  x,
  y,
  ...rest,
});

describe('series over one x', () => {
  it('are merged in order, with nothing where one has no point', () => {
    const { x, columns } = align(
      [series([1, 3, 5], [10, 30, 50], { low: [9, 29, 49], high: [11, 31, 51] }), series([0, 3, 4], [0, 33, 44])],
      false,
      false,
    );
    expect(x).toEqual([0, 1, 3, 4, 5]);
    expect(columns).toEqual([
      [undefined, 10, 30, undefined, 50],
      [undefined, 9, 29, undefined, 49],
      [undefined, 11, 31, undefined, 51],
      [0, undefined, 33, 44, undefined],
    ]);
  });

  it('that share their x are taken as they are; what is no number leaves a gap', () => {
    const x = [1, 2, 3];
    const aligned = align(
      [series(x, [1, Number.NaN, 3]), series(x, [null, 2, Number.POSITIVE_INFINITY])],
      false,
      false,
    );
    expect(aligned.x).toBe(x);
    expect(aligned.columns).toEqual([
      [1, undefined, 3],
      [undefined, 2, undefined],
    ]);
  });

  it('lose what a logarithmic axis cannot show', () => {
    const { x, columns } = align([series([0, 1, 2], [5, -1, 3])], true, true);
    expect(x).toEqual([1, 2]);
    expect(columns).toEqual([[undefined, 3]]);
  });

  it('say their last value at any x', () => {
    const one = series([2, 4, 6], [20, Number.NaN, 60]);
    expect([1, 2, 3, 4, 5, 6, 9].map((x) => valueAt(one, x))).toEqual([null, 20, 20, 20, 20, 60, 60]);
    expect([0, 2.9, 3.1, 9].map((x) => nearest([2, 4, 6], x))).toEqual([2, 2, 4, 6]);
    expect(nearest([], 1)).toBeNull();
  });

  it('are sampled evenly within a range, ends included', () => {
    const x = Array.from({ length: 101 }, (_, i) => i);
    expect(sampled(x, [10, 90], 5)).toEqual([10, 30, 50, 70, 90]);
    expect(sampled(x, [10.5, 12.5], 5)).toEqual([11, 12]);
    expect(sampled(x, [10.2, 10.8], 5)).toEqual([]);
    expect(sampled(x, [200, 300], 5)).toEqual([]);
  });

  it('are written as CSV in full, and no name becomes a formula', () => {
    const csv = seriesCSV('step', [
      series([1, 2], [0.1 + 0.2, 2], { label: '=SUM(A1), "x"', low: [0, 1], high: [1, 3] }),
      series([2, 7], [5, null], { label: 'b' }),
    ]);
    expect(csv).toBe(
      'step,"\'=SUM(A1), ""x""","\'=SUM(A1), ""x"" (lowest)","\'=SUM(A1), ""x"" (highest)",b\n' +
        '1,0.30000000000000004,0,1,\n2,2,1,3,5\n7,,,,\n',
    );
  });
});

describe('axes', () => {
  it('are marked with round numbers, about as many as there is room for', () => {
    expect(axisMarks([0, 100], false, 5)).toEqual([0, 20, 40, 60, 80, 100]);
    expect(axisMarks([0.13, 0.47], false, 4)).toEqual([0.2, 0.3, 0.4]);
    expect(axisMarks([1, 5000], true, 12)).toEqual([1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]);
    expect(axisMarks([1, 5000], true, 4)).toEqual([1, 10, 100, 1000]);
    expect(axisMarks([1.3, 4.6], true, 5)).toEqual([2, 3, 4]);
    expect(axisMarks([1e-12, 1e12], true, 4).length).toBeLessThanOrEqual(5);
    expect(axisMarks([3, 3], false, 5)).toEqual([3]);
  });

  it('have no marks where they would be logarithmic and have no end', () => {
    for (const range of [
      [0, 100],
      [-1, 100],
      [1, Number.POSITIVE_INFINITY],
    ] as const) {
      expect(axisMarks([...range], true, 5)).toEqual([]);
    }
  });

  it('hold all values, and nothing below zero for what is never negative', () => {
    for (const log of [false, true]) {
      for (const [low, high] of [
        [1, 3],
        [2, 2],
        [1e-5, 4e-5],
      ] as const) {
        const [from, to] = padded(low, high, log);
        expect(from).toBeLessThan(low);
        expect(from).toBeGreaterThanOrEqual(0);
        expect(to).toBeGreaterThan(high);
      }
    }
    expect(padded(0, 0, false)).toEqual([0, 1]);
    expect(padded(null, null, true)[0]).toBeGreaterThan(0);
  });

  it('zoom about a place that stays, move within their ends, and are whole again', () => {
    expect(zoomed([0, 100], 25, 2, false)).toEqual([12.5, 62.5]);
    const [low, high] = zoomed([1, 10_000], 100, 2, true);
    expect(low).toBeCloseTo(10);
    expect(high).toBeCloseTo(1000);
    expect(moved([20, 40], 0.5, [0, 100], false)).toEqual([30, 50]);
    expect(moved([80, 100], 0.5, [0, 100], false)).toEqual([80, 100]);
    expect(within([-5, 50], [0, 100])).toEqual([0, 50]);
    expect(within([-5, 105], [0, 100])).toBeNull();
    expect(within([200, 300], [0, 100])).toBeNull();
  });
});

describe('keys', () => {
  const place = (changes: Partial<Place> = {}): Place => ({
    x: [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100],
    all: [0, 200],
    zoom: null,
    cursor: null,
    log: false,
    ...changes,
  });

  it('move the crosshair from point to point, within what is on show', () => {
    expect(keyed('ArrowRight', false, place())).toEqual({ cursor: 0 });
    expect(keyed('ArrowLeft', false, place())).toEqual({ cursor: 100 });
    expect(keyed('End', false, place())).toEqual({ cursor: 100 });
    expect(keyed('Home', false, place({ cursor: 50 }))).toEqual({ cursor: 0 });
    expect(keyed('ArrowRight', false, place({ cursor: 50 }))).toEqual({ cursor: 60 });
    expect(keyed('ArrowLeft', true, place({ cursor: 50 }))).toEqual({ cursor: 0 });
    expect(keyed('End', false, place({ zoom: [15, 45] }))).toEqual({ cursor: 40 });
    expect(keyed('Home', false, place({ zoom: [12, 18] }))).toEqual({ cursor: null });
    expect(keyed('End', false, place({ x: [] }))).toEqual({ cursor: null });
  });

  it('zoom about the crosshair, go aside, and show all', () => {
    expect(keyed('+', false, place({ cursor: 50 }))).toEqual({ zoom: [25, 125] });
    expect(keyed('-', false, place({ zoom: [50, 100] }))).toEqual({ zoom: [25, 125] });
    expect(keyed('-', false, place({ zoom: [25, 125] }))).toEqual({ zoom: [0, 175] });
    expect(keyed('-', false, place())).toEqual({ zoom: null });
    expect(keyed('PageDown', false, place({ zoom: [100, 180] }))).toEqual({ zoom: [120, 200] });
    expect(keyed('PageDown', false, place())).toBeNull();
    expect(keyed('0', false, place({ zoom: [1, 2] }))).toEqual({ zoom: null });
    expect(keyed('Escape', false, place({ cursor: 1 }))).toEqual({ zoom: null, cursor: null });
    expect(keyed('Escape', false, place())).toBeNull();
    expect(keyed('a', false, place())).toBeNull();
    const [low, high] = keyed('+', false, place({ log: true, all: [1, 10_000] }))!.zoom!;
    expect(low).toBeCloseTo(10);
    expect(high).toBeCloseTo(1000);
  });
});
