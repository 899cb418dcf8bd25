import type uPlot from 'uplot';
import type { ReferenceLine, Series } from './series.ts';

/** A rectangle on the canvas, in its pixels. */
export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** What a curve covers at one x, in pixels of the canvas. */
export interface Covered {
  x: number;
  top: number;
  bottom: number;
}

/** Index of the box that the curves cover least; of several, the first. */
export function quietest(boxes: readonly Box[], curves: readonly Iterable<Covered>[]): number {
  const crossed = boxes.map(() => 0);
  for (const curve of curves) {
    for (const { x, top, bottom } of curve) {
      boxes.forEach((box, i) => {
        if (x >= box.left && x <= box.right && bottom >= box.top && top <= box.bottom) crossed[i]! += 1;
      });
    }
  }
  return crossed.indexOf(Math.min(...crossed));
}

/** Where a curve, with the band behind it, goes on the canvas. */
function* covered(plot: uPlot, { x, y, low, high, axis }: Series): Generator<Covered> {
  const scale = axis === 'right' ? 'right' : 'y';
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = plot.scales.x ?? {};
  for (let i = 0; i < x.length; i++) {
    const value = y[i];
    if (x[i]! < min || x[i]! > max || value === null || !Number.isFinite(value)) continue;
    const top = plot.valToPos(high?.[i] ?? value!, scale, true);
    const bottom = plot.valToPos(low?.[i] ?? value!, scale, true);
    yield { x: plot.valToPos(x[i]!, 'x', true), top, bottom };
  }
}

/**
 * The names of the levels, over the curves, and readable there by an edge of paper: each at the end of its line, above or
 * below, where the curves cover it least. `fontSize` in CSS pixels.
 */
export function nameLines(
  plot: uPlot,
  lines: readonly ReferenceLine[],
  series: readonly Series[],
  fontSize: number,
  colour: (token: string) => string,
): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const [size, margin, apart] = [fontSize * ratio, 8 * ratio, 4 * ratio];
  const [leftmost, rightmost] = [bbox.left + margin, bbox.left + bbox.width - margin];
  const curves = lines.length === 0 ? [] : series.map((one) => [...covered(plot, one)]);
  ctx.save();
  ctx.font = `${size}px system-ui, sans-serif`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'top';
  ctx.lineJoin = 'round';
  ctx.lineWidth = 4 * ratio;
  ctx.strokeStyle = colour('--paper');
  ctx.fillStyle = colour('--ink-soft');
  for (const { y, label } of lines) {
    const at = Math.round(plot.valToPos(y, 'y', true));
    if (!(at >= bbox.top && at <= bbox.top + bbox.height)) continue;
    const width = ctx.measureText(label).width;
    const tops = [at - apart - size, at + apart].filter(
      (top) => top >= bbox.top && top + size <= bbox.top + bbox.height,
    );
    const boxes = (tops.length > 0 ? tops : [at + apart]).flatMap((top) =>
      [rightmost - width, leftmost].map((left) => ({ left, right: left + width, top, bottom: top + size })),
    );
    const { left, top } = boxes[quietest(boxes, curves)]!;
    ctx.strokeText(label, left, top);
    ctx.fillText(label, left, top);
  }
  ctx.restore();
}
