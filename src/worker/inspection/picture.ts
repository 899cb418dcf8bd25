import type { MatrixPicture, Part, TensorSummary, Thinning } from './messages.ts';

/** Cells of a picture along one side, at most: about as many as a page has dots to show. */
export const MOST_CELLS = 192;
/** Bins of a histogram. */
const BINS = 48;

/** Shows a part of a matrix (rows, columns) in at most `most` cells a side. Numbers that are not finite stay NaN. */
export function pictureOf(
  values: ArrayLike<number>,
  shape: readonly [rows: number, columns: number],
  part: Part | undefined,
  thinning: Thinning,
  most = MOST_CELLS,
): MatrixPicture {
  const rows = within(part?.rows, shape[0]);
  const columns = within(part?.columns, shape[1]);
  const height = Math.min(most, rows[1] - rows[0]);
  const width = Math.min(most, columns[1] - columns[0]);
  const cells = new Float32Array(height * width);
  const edge = ([from, to]: readonly [number, number], cell: number, count: number) =>
    from + Math.floor((cell * (to - from)) / count);
  for (let y = 0; y < height; y++) {
    const [top, bottom] = [edge(rows, y, height), edge(rows, y + 1, height)];
    for (let x = 0; x < width; x++) {
      const [left, right] = [edge(columns, x, width), edge(columns, x + 1, width)];
      let sum = 0;
      let strongest = 0;
      for (let row = top; row < bottom; row++) {
        for (let column = left; column < right; column++) {
          const value = values[row * shape[1] + column]!;
          sum += value;
          if (Math.abs(value) > Math.abs(strongest)) strongest = value;
        }
      }
      const mean = sum / ((bottom - top) * (right - left));
      cells[y * width + x] = !Number.isFinite(sum) ? Number.NaN : thinning === 'mean' ? mean : strongest;
    }
  }
  return { shape, rows, columns, height, width, cells };
}

/** A range that lies in [0, length) and is not empty. */
function within(range: readonly [number, number] | undefined, length: number): readonly [number, number] {
  if (!range) return [0, length];
  const from = Math.max(0, Math.min(length - 1, Math.floor(range[0])));
  return [from, Math.max(from + 1, Math.min(length, Math.ceil(range[1])))];
}

/** A tensor as a matrix: a vector is one row, and all dimensions but the last are rows. */
export function asMatrix(shape: readonly number[]): [rows: number, columns: number] {
  const columns = shape.at(-1)!;
  return [shape.slice(0, -1).reduce((product, length) => product * length, 1), columns];
}

export function normOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  return Math.sqrt(sum);
}

export function summaryOf(values: ArrayLike<number>): TensorSummary {
  let [min, max, sum, squares, finite] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    finite++;
    sum += value;
    squares += value * value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  if (finite === 0) [min, max] = [0, 0];
  const mean = finite === 0 ? 0 : sum / finite;
  const counts: number[] = new Array(BINS).fill(0);
  const scale = max > min ? BINS / (max - min) : 0;
  let variance = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    counts[Math.min(BINS - 1, Math.floor((value - min) * scale))]!++;
    variance += (value - mean) ** 2;
  }
  return {
    size: values.length,
    min,
    max,
    mean,
    std: Math.sqrt(variance / Math.max(1, finite)),
    norm: Math.sqrt(squares),
    notFinite: values.length - finite,
    histogram: { from: min, to: max, counts },
  };
}
