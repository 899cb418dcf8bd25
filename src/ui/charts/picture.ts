import type { Series } from './series.ts';

export interface PictureSource {
  canvas: HTMLCanvasElement;
  title: string;
  /** The curves in the key. */
  series: readonly Series[];
  /** The value of a colour token. */
  colour: (token: string) => string;
}

/** Sizes in CSS pixels. */
const LINE = 20;
const MARGIN = 12;
const SWATCH = 18;
const GAP = 16;

/** A chart as a PNG that can stand by itself: on paper, with its title and its key, at the screen's resolution. */
export function picture({ canvas, title, series, colour }: PictureSource): Promise<Blob> {
  const ratio = devicePixelRatio;
  const width = canvas.width / ratio;
  const out = document.createElement('canvas');
  const ctx = out.getContext('2d')!;
  const font = '12px system-ui, sans-serif';
  ctx.font = font;
  const { places, lines } = laidOut(
    series.map(({ label }) => SWATCH + ctx.measureText(label).width),
    width,
  );
  const height = canvas.height / ratio;
  out.width = (width + 2 * MARGIN) * ratio;
  out.height = (height + (1 + lines) * LINE + 2 * MARGIN) * ratio;
  ctx.scale(ratio, ratio);
  ctx.fillStyle = colour('--paper');
  ctx.fillRect(0, 0, out.width, out.height);
  ctx.translate(MARGIN, MARGIN);
  ctx.textBaseline = 'middle';
  ctx.fillStyle = colour('--ink');
  ctx.font = '600 14px system-ui, sans-serif';
  ctx.fillText(title, 0, LINE / 2);
  ctx.drawImage(canvas, 0, LINE, width, height);
  ctx.font = font;
  ctx.lineWidth = 2;
  for (const [i, { label, colour: token, dashed }] of series.entries()) {
    const { x, line } = places[i]!;
    const y = height + LINE * (1.5 + line);
    ctx.strokeStyle = colour(token);
    ctx.setLineDash(dashed ? [4, 3] : []);
    ctx.beginPath();
    ctx.moveTo(x, y);
    ctx.lineTo(x + SWATCH - 4, y);
    ctx.stroke();
    ctx.fillText(label, x + SWATCH, y);
  }
  return new Promise((resolve, reject) => {
    out.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('the picture could not be written'))), 'image/png');
  });
}

/** Where entries of these widths go, one after the other, in lines of at most `width`. */
function laidOut(widths: readonly number[], width: number): { places: { x: number; line: number }[]; lines: number } {
  let [x, line] = [0, 0];
  const places = widths.map((own) => {
    if (x > 0 && x + own > width) [x, line] = [0, line + 1];
    const place = { x, line };
    x += own + GAP;
    return place;
  });
  return { places, lines: line + 1 };
}
