/** One curve. Columns may grow in place; the chart is told by its `revision`. */
export interface Series {
  /** In the legend, the readout, the table and the CSV. */
  label: string;
  /** A colour token of the page, such as `--accent` or `--series-2`. */
  colour: string;
  /** Ascending. Series that share one array are drawn without any merging. */
  x: ArrayLike<number>;
  /** As long as `x`. What is no finite number leaves a gap that the line spans. */
  y: ArrayLike<number | null>;
  /** The extremes behind each point, drawn as a pale band. */
  low?: ArrayLike<number> | undefined;
  high?: ArrayLike<number> | undefined;
  /** Whether each point is marked; off without it. */
  points?: boolean | undefined;
  /** Whether the points are joined; on without it. */
  line?: boolean | undefined;
  dashed?: boolean | undefined;
  /** In CSS pixels; 1.5 without it. */
  width?: number | undefined;
  /** A curve in the background: pale, and in neither legend nor readout. */
  faint?: boolean | undefined;
  /** Its name where it ends, on a chart that is wide enough. */
  endLabel?: string | undefined;
  /** The scale it is read from; `left` without it. */
  axis?: 'left' | 'right' | undefined;
  /** How its values are written, where that is not as the chart's own. */
  format?: ((y: number) => string) | undefined;
}

/** A level that means something, such as ln V. */
export interface ReferenceLine {
  y: number;
  label: string;
}

/** A place on the x axis where something happened, such as a pause. */
export interface Mark {
  x: number;
  label: string;
}

export type Range = readonly [low: number, high: number];

export const rangesDiffer = (a: Range | null, b: Range | null | undefined): boolean =>
  a?.[0] !== b?.[0] || a?.[1] !== b?.[1];

type Column = ArrayLike<number | null | undefined>;

/** Series over one common x, as uPlot takes them. */
export interface Aligned {
  x: ArrayLike<number>;
  /** For each series in turn its y and, where it has them, its low and high. */
  columns: Column[];
}

/**
 * Merges the series' own x values into one ascending list. Where a series has no point the column is undefined. Values
 * that are not finite, or not positive on a logarithmic axis, are left out.
 */
export function align(series: readonly Series[], logX: boolean, logY: boolean): Aligned {
  const tables = [...new Set(series.map(({ x }) => x))];
  const least = logX ? Number.MIN_VALUE : Number.NEGATIVE_INFINITY;
  const single = tables.length === 1 && firstFrom(tables[0]!, least) === 0;
  const x = single ? tables[0]! : merge(tables, least);
  const places = new Map(tables.map((own) => [own, single ? null : placesOf(own, x)]));
  const columns = series.flatMap(({ x: own, y, low, high }) =>
    [y, low, high]
      .filter((values) => values !== undefined)
      .map((values) => column(values, own.length, places.get(own)!, x.length, logY)),
  );
  return { x, columns };
}

/** All values from `least` on, each once, ascending. */
function merge(tables: readonly ArrayLike<number>[], least: number): number[] {
  const next = tables.map((table) => firstFrom(table, least));
  const out: number[] = [];
  for (;;) {
    let smallest = Number.POSITIVE_INFINITY;
    for (let t = 0; t < tables.length; t++) smallest = Math.min(smallest, tables[t]![next[t]!] ?? smallest);
    if (smallest === Number.POSITIVE_INFINITY) return out;
    out.push(smallest);
    for (let t = 0; t < tables.length; t++) while (tables[t]![next[t]!]! <= smallest) next[t]!++;
  }
}

/** Where each value of a table stands in the merged list; -1 where it was left out. */
function placesOf(own: ArrayLike<number>, all: ArrayLike<number>): Int32Array {
  const places = new Int32Array(own.length);
  let at = 0;
  for (let i = 0; i < own.length; i++) {
    while (at < all.length && all[at]! < own[i]!) at++;
    places[i] = all[at] === own[i] ? at : -1;
  }
  return places;
}

function column(
  values: ArrayLike<number | null>,
  length: number,
  places: Int32Array | null,
  total: number,
  positive: boolean,
): Column {
  const out: (number | null | undefined)[] = new Array(total);
  for (let i = 0; i < length; i++) {
    const value = values[i] ?? Number.NaN;
    const place = places === null ? i : places[i]!;
    if (place >= 0 && Number.isFinite(value) && (!positive || value > 0)) out[place] = value;
  }
  return out;
}

/** Index of the first value that is at least `x`; the length where there is none. `values` ascend. */
export function firstFrom(values: ArrayLike<number>, x: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What a series says at x: its last finite value at or before it; null before the first. */
export function valueAt({ x: own, y }: Series, x: number): number | null {
  const after = firstFrom(own, x);
  for (let i = own[after] === x ? after : after - 1; i >= 0; i--) {
    const value = y[i];
    if (typeof value === 'number' && Number.isFinite(value)) return value;
  }
  return null;
}

/** The value of `values` nearest to x, or null where there is none. */
export function nearest(values: ArrayLike<number>, x: number): number | null {
  const after = firstFrom(values, x);
  const [left, right] = [values[after - 1], values[after]];
  if (left === undefined || right === undefined) return left ?? right ?? null;
  return x - left < right - x ? left : right;
}

/** Evenly chosen values of an ascending list within a range, at most `most`, the ends among them. */
export function sampled(x: ArrayLike<number>, range: Range, most: number): number[] {
  const first = firstFrom(x, range[0]);
  let last = firstFrom(x, range[1]);
  if (x[last] !== range[1]) last -= 1;
  const total = last - first + 1;
  if (total <= 0) return [];
  const size = Math.min(most, total);
  return Array.from(
    { length: size },
    (_, i) => x[first + (size === 1 ? 0 : Math.round((i * (total - 1)) / (size - 1)))]!,
  );
}

/** The points of all series as comma-separated values, a line for each x, in full. */
export function seriesCSV(xName: string, series: readonly Series[]): string {
  const columns = series.flatMap(({ label, x, y, low, high }) => [
    { name: label, x, values: y },
    ...(low && high
      ? [
          { name: `${label} (lowest)`, x, values: low },
          { name: `${label} (highest)`, x, values: high },
        ]
      : []),
  ]);
  const all = merge([...new Set(series.map(({ x }) => x))], Number.NEGATIVE_INFINITY);
  const next = columns.map(() => 0);
  const lines = all.map((x) => {
    const cells = columns.map(({ x: own, values }, c) => (own[next[c]!] === x ? values[next[c]!++] : undefined));
    return [x, ...cells.map((cell) => cell ?? '')].join(',');
  });
  return `${[xName, ...columns.map(({ name }) => quoted(name))].join(',')}\n${lines.join('\n')}${lines.length > 0 ? '\n' : ''}`;
}

/** A field of a CSV (RFC 4180). A name that a spreadsheet would take for a formula is made a text. */
function quoted(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
