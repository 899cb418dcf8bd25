import type { Numbers } from './arrays.ts';

/**
 * What the rows (rows, width) of a matrix become with `bits` bits a number, in float64: each row's largest magnitude is
 * the largest whole number times a step of its own, and every number the nearest multiple of that step.
 */
export function roundedRows(matrix: Numbers, rows: number, width: number, bits: number): Float64Array {
  const out = new Float64Array(rows * width);
  const steps = bits === 8 ? 127 : 7;
  for (let r = 0; r < rows; r++) {
    const row = Array.from({ length: width }, (_, i) => matrix[r * width + i]!);
    const step = Math.max(...row.map(Math.abs)) / steps;
    row.forEach((w, i) => {
      out[r * width + i] = step === 0 ? 0 : step * Math.sign(w) * Math.round(Math.abs(w) / step);
    });
  }
  return out;
}
