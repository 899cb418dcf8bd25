import type uPlot from 'uplot';
import type { Series } from './series.ts';

/** Least width of a chart that has room for names beside its curves, in CSS pixels. */
const ROOMY = 560;
/** About how wide a letter is, and how far apart two lines are, for the size of the font. */
const LETTER = 0.56;
const LINE = 1.25;
/** Between the end of a curve and its name, in CSS pixels. */
const APART = 6;

/** Room that the names beside the ends of the curves take on the right, in CSS pixels; none where it is scarce. */
export function endRoom(series: readonly Series[], width: number, fontSize: number): number {
  const longest = Math.max(0, ...series.map(({ endLabel }) => endLabel?.length ?? 0));
  return longest === 0 || width < ROOMY ? 0 : Math.ceil(longest * LETTER * fontSize) + APART;
}

/** Places at least `apart` from each other and as near as can be to where they are wanted, each in turn, from the top. */
export function spreadOut(wanted: readonly number[], apart: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]!);
  const placed: number[] = [...wanted];
  // groups of names that touch share the middle of what they want
  const groups: { members: number[]; middle: number }[] = [];
  for (const index of order) {
    let group = { members: [index], middle: wanted[index]! };
    for (let last = groups.at(-1); last; last = groups.at(-1)) {
      const reach = ((last.members.length + group.members.length) * apart) / 2;
      if (group.middle - last.middle >= reach) break;
      groups.pop();
      const members = [...last.members, ...group.members];
      group = { members, middle: members.reduce((sum, one) => sum + wanted[one]!, 0) / members.length };
    }
    groups.push(group);
  }
  for (const { members, middle } of groups) {
    members.forEach((index, i) => {
      placed[index] = middle + (i - (members.length - 1) / 2) * apart;
    });
  }
  return placed;
}

/** Writes each curve's name where it ends, in its colour. Those that end at one x keep apart from each other. */
export function drawEndLabels(
  plot: uPlot,
  series: readonly Series[],
  font: { size: number; css: string },
  colour: (token: string) => string,
): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const ends = series.flatMap(({ endLabel, x, y, colour: token, axis }) => {
    let last = x.length - 1;
    while (last >= 0 && !Number.isFinite(y[last] ?? Number.NaN)) last--;
    if (endLabel === undefined || last < 0) return [];
    const left = plot.valToPos(x[last]!, 'x', true);
    const top = plot.valToPos(y[last]!, axis === 'right' ? 'right' : 'y', true);
    const seen =
      left >= bbox.left && left <= bbox.left + bbox.width + 1 && top >= bbox.top && top <= bbox.top + bbox.height;
    return seen ? [{ endLabel, token, left, top }] : [];
  });
  ctx.save();
  ctx.font = font.css;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  ctx.lineJoin = 'round';
  ctx.lineWidth = 4 * ratio;
  ctx.strokeStyle = colour('--paper');
  for (const left of new Set(ends.map((end) => Math.round(end.left)))) {
    const here = ends.filter((end) => Math.round(end.left) === left);
    const tops = spreadOut(
      here.map(({ top }) => top),
      LINE * font.size * ratio,
    );
    here.forEach(({ endLabel, token }, i) => {
      ctx.strokeText(endLabel, left + APART * ratio, tops[i]!); // readable also on other curves
      ctx.fillStyle = colour(token);
      ctx.fillText(endLabel, left + APART * ratio, tops[i]!);
    });
  }
  ctx.restore();
}
