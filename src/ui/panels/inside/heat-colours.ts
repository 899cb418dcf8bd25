/** Red, green and blue, 0 to 255. */
type Colour = readonly [red: number, green: number, blue: number];

/** `signed` goes from the accent through the sheet to the second ink, `share` from the sheet to the accent. */
export type HeatKind = 'signed' | 'share';

export interface HeatColours {
  zero: Colour;
  negative: Colour;
  positive: Colour;
  /** Of what is no number. */
  none: Colour;
}

/** The page's own colours, as they are now. */
export function heatColours(element: Element): HeatColours {
  const style = getComputedStyle(element);
  const colour = (name: string): Colour => {
    const hex = style.getPropertyValue(name).trim().slice(1);
    return [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as unknown as Colour;
  };
  return {
    zero: colour('--sheet'),
    negative: colour('--accent'),
    positive: colour('--series-2'),
    none: colour('--alarm'),
  };
}

/** The colour of a value; `limit` has the full one, and so has all beyond it. */
export function heat(value: number, limit: number, kind: HeatKind, colours: HeatColours): Colour {
  if (!Number.isFinite(value)) return colours.none;
  const share = limit > 0 ? Math.min(1, Math.abs(value) / limit) : 0;
  const end = kind === 'share' || value < 0 ? colours.negative : colours.positive;
  // small values would hardly be seen beside large ones
  const strength = share ** 0.75;
  return colours.zero.map((from, i) => Math.round(from + strength * (end[i]! - from))) as unknown as Colour;
}

/** Writes cells as pixels, one each. */
export function paint(
  canvas: HTMLCanvasElement,
  cells: ArrayLike<number>,
  width: number,
  limit: number,
  kind: HeatKind,
  colours: HeatColours,
): void {
  const height = cells.length / width;
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  for (let i = 0; i < cells.length; i++) image.data.set([...heat(cells[i]!, limit, kind, colours), 255], 4 * i);
  canvas.getContext('2d')!.putImageData(image, 0, 0);
}

/** What most cells stay below, so that a few large ones do not leave the rest blank. */
export function limitOf(cells: ArrayLike<number>): number {
  const sizes = Float64Array.from(cells, (value) => (Number.isFinite(value) ? Math.abs(value) : 0)).sort();
  const most = sizes[Math.min(sizes.length - 1, Math.floor(0.995 * sizes.length))] ?? 0;
  return most > 0 ? most : (sizes.at(-1) ?? 0);
}
