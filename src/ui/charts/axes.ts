import type { Range } from './series.ts';

/** The marks of a linear axis: round numbers within the range, about `most` at most. */
function linearMarks([low, high]: Range, most: number): number[] {
  const rough = (high - low) / Math.max(1, most);
  if (!(rough > 0) || !Number.isFinite(rough)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough * (1 - 1e-9))!;
  const marks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) marks.push(tidy(i * step));
  return marks;
}

/** The marks of a logarithmic axis: powers of ten, with 2 and 5 between where there is room; linear within a decade. */
function logMarks([low, high]: Range, most: number): number[] {
  if (!(low > 0 && high < Number.POSITIVE_INFINITY)) return []; // there is no end to the decades down to zero
  const decades = Math.log10(high / low);
  if (decades < 1) return linearMarks([low, high], most).filter((mark) => mark > 0);
  const factors = 3 * decades <= 1.5 * most ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil(decades / Math.max(1, most)));
  const marks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    if (power % every !== 0) continue;
    for (const factor of factors) {
      const mark = tidy(factor * 10 ** power);
      if (mark >= low && mark <= high) marks.push(mark);
    }
  }
  return marks;
}

/** About `most` marks for an axis over a range; those of a logarithmic one are positive. */
export function axisMarks(range: Range, log: boolean, most: number): number[] {
  return log ? logMarks(range, most) : linearMarks(range, most);
}

/** Without the dust of binary fractions: 0.30000000000000004 is 0.3. */
const tidy = (value: number): number => Number(value.toPrecision(12));

/** A range that shows all from `low` to `high` with a margin; something sensible where there is nothing. */
export function padded(low: number | null, high: number | null, log: boolean): Range {
  if (low === null || high === null || !Number.isFinite(low) || !Number.isFinite(high)) return log ? [0.1, 10] : [0, 1];
  if (log) {
    const margin = low === high ? 2 : (high / low) ** 0.06;
    return [low / margin, high * margin];
  }
  if (low === high) return low === 0 ? [0, 1] : [low - Math.abs(low) / 2, high + Math.abs(high) / 2];
  const margin = 0.06 * (high - low);
  // A quantity that is never negative gets no axis below zero.
  return [low >= 0 ? Math.max(0, low - margin) : low - margin, high + margin];
}

/** The whole x axis: as it is given, or as far as the values reach. A logarithmic one begins at the first it can show. */
export function wholeOf(x: ArrayLike<number>, given: Range | null, log: boolean): Range {
  const low = x[0] ?? 0;
  const high = x[x.length - 1] ?? 1;
  const [from, to] = given ?? [low, high > low ? high : low + 1];
  const least = log && from <= 0 ? (low > 0 ? low : 1) : from;
  return [least, Math.max(to, log ? 2 * least : to)];
}

/** The part of `range` that a zoom by `factor` (above 1: nearer) about `at` shows; `at` stays where it is. */
export function zoomed([low, high]: Range, at: number, factor: number, log: boolean): Range {
  const [to, from]: [(x: number) => number, (x: number) => number] = log ? [Math.log, Math.exp] : [Number, Number];
  const centre = to(Math.min(high, Math.max(low, at)));
  return [from(centre - (centre - to(low)) / factor), from(centre + (to(high) - centre) / factor)];
}

/** `range` moved by so much of its own width, but not past the ends of `all`. */
export function moved([low, high]: Range, share: number, all: Range, log: boolean): Range {
  const [to, from]: [(x: number) => number, (x: number) => number] = log ? [Math.log, Math.exp] : [Number, Number];
  const wanted = share * (to(high) - to(low));
  const by = Math.min(to(all[1]) - to(high), Math.max(to(all[0]) - to(low), wanted));
  return [from(to(low) + by), from(to(high) + by)];
}

/** `range` cut to `all`; null where that is all of it, or nothing. */
export function within([low, high]: Range, all: Range): Range | null {
  const cut: Range = [Math.max(low, all[0]), Math.min(high, all[1])];
  return cut[0] < cut[1] && (cut[0] > all[0] || cut[1] < all[1]) ? cut : null;
}
