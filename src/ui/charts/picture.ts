/** One line of the key under a saved picture. */
export interface KeyEntry {
  label: string;
  /** As CSS writes it. */
  colour: string;
}

export interface PictureSource {
  canvas: HTMLCanvasElement;
  title: string;
  key: readonly KeyEntry[];
  paper: string;
  ink: string;
}

/** A chart as a PNG that can stand by itself: on paper, with its title and its key, at the screen's resolution. */
export function picture({ canvas, title, key, paper, ink }: PictureSource): Promise<Blob> {
  const ratio = devicePixelRatio;
  const line = 20 * ratio;
  const margin = 12 * ratio;
  const out = document.createElement('canvas');
  out.width = canvas.width + 2 * margin;
  out.height = canvas.height + 2 * line + 2 * margin;
  const ctx = out.getContext('2d')!;
  ctx.fillStyle = paper;
  ctx.fillRect(0, 0, out.width, out.height);
  ctx.textBaseline = 'middle';
  ctx.fillStyle = ink;
  ctx.font = `600 ${14 * ratio}px system-ui, sans-serif`;
  ctx.fillText(title, margin, margin + line / 2);
  ctx.drawImage(canvas, margin, margin + line);
  ctx.font = `${12 * ratio}px system-ui, sans-serif`;
  let x = margin;
  const y = out.height - margin - line / 2;
  for (const { label, colour } of key) {
    ctx.fillStyle = colour;
    ctx.fillRect(x, y - ratio, 16 * ratio, 2 * ratio);
    ctx.fillStyle = ink;
    ctx.fillText(label, x + 20 * ratio, y);
    x += 20 * ratio + ctx.measureText(label).width + 16 * ratio;
  }
  return new Promise((resolve, reject) => {
    out.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('the picture could not be written'))), 'image/png');
  });
}
