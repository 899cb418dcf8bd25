/** Rounds of the power iteration for each component: far more than the first two of an embedding need. */
const ROUNDS = 200;

/** Cosines of the angles between row `id` and every row of a matrix (V, C). A row of zeros is at right angles to all. */
export function cosines(matrix: Float32Array, C: number, id: number): Float64Array {
  const V = matrix.length / C;
  const norm = (row: number) => Math.sqrt(dot(matrix, row, matrix, row, C));
  const own = norm(id);
  return Float64Array.from({ length: V }, (_, row) => {
    const scale = own * norm(row);
    return scale === 0 ? 0 : dot(matrix, id, matrix, row, C) / scale;
  });
}

/**
 * The first two principal components of the rows of a matrix (V, C), by power iteration: the rows' coordinates along them
 * (V, 2), and their shares of the variance. The same matrix has the same picture: it begins from fixed numbers, and the
 * row that is furthest out along a component is on its positive side.
 */
export function principalComponents(
  matrix: Float32Array,
  C: number,
): { points: Float32Array<ArrayBuffer>; shares: [number, number] } {
  const V = matrix.length / C;
  const centred = Float64Array.from(matrix);
  for (let c = 0; c < C; c++) {
    let mean = 0;
    for (let row = 0; row < V; row++) mean += matrix[row * C + c]! / V;
    for (let row = 0; row < V; row++) centred[row * C + c]! -= mean;
  }
  const total = centred.reduce((sum, x) => sum + x * x, 0);
  const found: Float64Array[] = [];
  const points = new Float32Array(2 * V);
  const shares = [0, 1].map((component) => {
    let direction = Float64Array.from({ length: C }, (_, c) => Math.sin(1 + c * (component + 1)));
    for (let round = 0; round < ROUNDS; round++) direction = unit(apart(step(centred, direction, C), found));
    found.push(direction);
    const along = Float64Array.from({ length: V }, (_, row) => dot(centred, row, direction, 0, C));
    const furthest = along.reduce((most, x) => (Math.abs(x) > Math.abs(most) ? x : most), 0);
    along.forEach((x, row) => {
      points[2 * row + component] = furthest < 0 ? -x : x;
    });
    const variance = along.reduce((sum, x) => sum + x * x, 0);
    return total === 0 ? 0 : variance / total;
  });
  return { points, shares: shares as [number, number] };
}

/** X^T X d, of the rows X (V, C). */
function step(rows: Float64Array, direction: Float64Array, C: number): Float64Array<ArrayBuffer> {
  const out = new Float64Array(C);
  for (let row = 0; row < rows.length / C; row++) {
    const along = dot(rows, row, direction, 0, C);
    for (let c = 0; c < C; c++) out[c]! += along * rows[row * C + c]!;
  }
  return out;
}

/** Without its part along the directions that have been found. */
function apart(x: Float64Array<ArrayBuffer>, found: readonly Float64Array[]): Float64Array<ArrayBuffer> {
  for (const direction of found) {
    const along = dot(x, 0, direction, 0, x.length);
    for (let c = 0; c < x.length; c++) x[c]! -= along * direction[c]!;
  }
  return x;
}

function unit(x: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const norm = Math.sqrt(dot(x, 0, x, 0, x.length));
  return norm === 0 ? x : x.map((value) => value / norm);
}

/** Of row i of a and row j of b, both C wide. */
function dot(a: ArrayLike<number>, i: number, b: ArrayLike<number>, j: number, C: number): number {
  let sum = 0;
  for (let c = 0; c < C; c++) sum += a[i * C + c]! * b[j * C + c]!;
  return sum;
}
