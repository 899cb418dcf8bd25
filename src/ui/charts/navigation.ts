import { moved, within, zoomed } from './axes.ts';
import { firstFrom, type Range } from './series.ts';

/** How much nearer a key brings the curve, and what part of the width it moves it by. */
const NEARER = 2;
const ASIDE = 0.25;
/** Points that an arrow key goes on by together with Shift. */
const FAR = 10;

/** Where a chart is looked at. */
export interface Place {
  /** All x values, ascending. */
  x: ArrayLike<number>;
  /** The whole x axis, and the part of it on show; null shows all. */
  all: Range;
  zoom: Range | null;
  /** x of the crosshair. */
  cursor: number | null;
  log: boolean;
}

/** What a key changes of it; null where the key means nothing here. */
export function keyed(key: string, shift: boolean, place: Place): Partial<Pick<Place, 'zoom' | 'cursor'>> | null {
  const { all, zoom, cursor, log } = place;
  const range = zoom ?? all;
  const middle = log ? Math.sqrt(range[0] * range[1]) : (range[0] + range[1]) / 2;
  const step = shift ? FAR : 1;
  switch (key) {
    case 'ArrowLeft':
      return { cursor: onward(place, -step) };
    case 'ArrowRight':
      return { cursor: onward(place, step) };
    case 'Home':
      return { cursor: onward(place, Number.NEGATIVE_INFINITY) };
    case 'End':
      return { cursor: onward(place, Number.POSITIVE_INFINITY) };
    case '+':
    case '=':
      return { zoom: within(zoomed(range, cursor ?? middle, NEARER, log), all) };
    case '-':
      return { zoom: within(zoomed(range, cursor ?? middle, 1 / NEARER, log), all) };
    case 'PageUp':
    case 'PageDown':
      return zoom && { zoom: moved(zoom, key === 'PageUp' ? -ASIDE : ASIDE, all, log) };
    case '0':
      return { zoom: null };
    case 'Escape':
      return zoom === null && cursor === null ? null : { zoom: null, cursor: null };
    default:
      return null;
  }
}

/** The crosshair so many points on, within what is on show. Without one, it comes in from the side it would leave by. */
function onward({ x, all, zoom, cursor }: Place, points: number): number | null {
  const [low, high] = zoom ?? all;
  const first = firstFrom(x, low);
  let last = firstFrom(x, high);
  if (x[last] !== high) last -= 1;
  if (last < first) return null;
  const at = cursor === null ? -1 : firstFrom(x, cursor);
  const known = at >= first && at <= last;
  const next = known || !Number.isFinite(points) ? at + points : points < 0 ? last : first;
  return x[Math.min(last, Math.max(first, next))]!;
}

/**
 * The zoom by a factor (above 1: nearer) that brings what stood at one share of the width to another. The present one
 * where so little would be on show that no curve has two points; null where all is.
 */
export function zoomedAbout(from: number, to: number, factor: number, { x, all, zoom, log }: Place): Range | null {
  const [scaled, value]: [(x: number) => number, (x: number) => number] = log ? [Math.log, Math.exp] : [Number, Number];
  const [low, high] = (zoom ?? all).map(scaled) as [number, number];
  const [least, most] = all.map(scaled) as [number, number];
  const width = (high - low) / factor;
  if (width >= most - least) return null;
  const wanted = low + from * (high - low) - to * width;
  const begin = Math.min(most - width, Math.max(least, wanted));
  const next: Range = [value(begin), value(begin + width)];
  return factor > 1 && firstFrom(x, next[1]) - firstFrom(x, next[0]) < 2 ? zoom : within(next, all);
}
