import type { MatrixPicture, Part } from '../../../worker/inspection/messages.ts';
import { HEAT } from '../../strings/inside.ts';

/** A cell of a picture. */
export interface Cell {
  x: number;
  y: number;
}

/** A range of rows or columns; the second number is behind its end. */
type Span = readonly [from: number, to: number];

/** The rows or columns behind one of `cells` cells that share a range. */
export function spanOf(cell: number, [from, to]: Span, cells: number): Span {
  const edge = (at: number) => from + Math.floor((at * (to - from)) / cells);
  return [edge(cell), edge(cell + 1)];
}

/** The rows or columns behind a cell, in words, counted from `first`. */
export function nameOf(cell: number, range: Span, cells: number, names: readonly string[] | null, first = 0): string {
  const [from, to] = spanOf(cell, range, cells);
  if (to - from > 1) return HEAT.range(first + from, first + to - 1);
  return names?.[from] === undefined ? String(first + from) : `${first + from} “${names[from]}”`;
}

/** The part of a matrix that stands around a cell of its picture, so many times closer. */
export function partAround({ shape, rows, columns, width, height }: MatrixPicture, at: Cell, closer: number): Part {
  const around = (range: Span, cell: number, cells: number, all: number) => {
    const length = Math.max(1, Math.min(all, Math.round((range[1] - range[0]) / closer)));
    const middle = spanOf(cell, range, cells)[0];
    const from = Math.max(0, Math.min(all - length, Math.round(middle - length / 2)));
    return [from, from + length] as const;
  };
  return { rows: around(rows, at.y, height, shape[0]), columns: around(columns, at.x, width, shape[1]) };
}
