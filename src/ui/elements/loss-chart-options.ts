import type uPlot from 'uplot';
import { brief, count } from '../format.ts';
import { CHART } from '../strings.ts';

/** The rows of the chart's data, after the steps. */
export const SERIES = { mean: 1, low: 2, high: 3, smooth: 4, val: 5 } as const;

export interface ChartSource {
  width: number;
  height: number;
  /** Of the numbers at the axes, in CSS pixels. */
  fontSize: number;
  /** The value of a CSS custom property, asked for at each drawing, so that light and dark follow the system. */
  colour(token: string): string;
  vocabulary(): number | null;
  /** Steps in the whole run. */
  steps(): number;
  lastStep(): number;
  onHover(index: number | null): void;
}

/** Numbers of equally likely characters that the right-hand scale marks, each where its loss (its logarithm) lies. */
const CHOICES = [1, 2, 3, 5, 10, 20, 40, 80, 150, 300, 600, 1200, 2500, 5000, 10_000, 20_000, 50_000, 100_000];

/** The x axis grows with the run in these steps, so that the first minute fills the chart too. */
const SPANS = [100, 200, 500];

/** Where the x axis ends: the next round number after the last step, at most the whole run, if that is known. */
export function spanOf(lastStep: number, steps: number): number {
  const end = Number.isFinite(steps) ? Math.max(steps, lastStep, 1) : Number.POSITIVE_INFINITY;
  for (let decade = 1; decade < 1e7; decade *= 10) {
    for (const span of SPANS) {
      if (lastStep <= span * decade) return Math.min(span * decade, end);
    }
  }
  return lastStep;
}

/** The losses shown: from below the lowest one up to above the line that knows nothing. */
export function lossRange(low: number | null, high: number | null, vocabulary: number | null): [number, number] {
  const chance = Math.log(vocabulary ?? 82);
  const bottom = Math.min(2, Math.floor(chance) - 1, Math.floor(2 * (low ?? chance) - 0.25) / 2);
  const top = Math.max(chance + 0.4, (high ?? 0) + 0.1);
  return [Math.max(0, bottom), top];
}

/** Marks of the right-hand scale between two losses, about ten at most. V is one, and those too near it give way. */
export function choiceMarks(low: number, high: number, vocabulary: number | null): number[] {
  const gap = Math.max(0.25, (high - low) / 10);
  const marks = vocabulary === null ? [] : [Math.log(vocabulary)];
  for (const mark of CHOICES.map(Math.log)) {
    if (mark >= low && mark <= high && marks.every((other) => Math.abs(mark - other) > gap)) marks.push(mark);
  }
  return marks.sort((a, b) => a - b);
}

/** Exact up to the sizes of alphabets, short beyond. */
const choicesMark = (choices: number): string => (choices < 9999.5 ? count(Math.round(choices)) : brief(choices));

const fontOf = (size: number): string => `${size}px system-ui, sans-serif`;

export function chartOptions(source: ChartSource): uPlot.Options {
  const { colour, fontSize } = source;
  const axis = (extra: uPlot.Axis): uPlot.Axis => ({
    font: fontOf(fontSize),
    stroke: () => colour('--ink-faint'),
    grid: { stroke: () => colour('--grid'), width: 1 },
    ticks: { show: false },
    ...extra,
  });
  const hidden: uPlot.Series = { width: 0, points: { show: false }, spanGaps: true };
  return {
    width: source.width,
    height: source.height,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    padding: [0, 0, 0, 0],
    scales: {
      x: { time: false, range: () => [0, spanOf(source.lastStep(), source.steps())] },
      y: { range: (_plot, low, high) => lossRange(low, high, source.vocabulary()) },
    },
    axes: [
      axis({ size: 2.5 * fontSize, space: 6 * fontSize, values: (_plot, marks) => marks.map(count) }),
      axis({
        size: 2.9 * fontSize,
        space: 3 * fontSize,
        values: (_plot, marks) => marks.map((mark) => mark.toFixed(1)),
      }),
      axis({
        side: 1,
        size: 3.4 * fontSize,
        grid: { show: false },
        ticks: { show: true, size: 5, width: 1, stroke: () => colour('--edge') },
        splits: (_plot, _axis, low, high) => choiceMarks(low, high, source.vocabulary()),
        values: (_plot, marks) => marks.map((mark) => choicesMark(Math.exp(mark))),
      }),
    ],
    series: [
      {},
      { ...hidden, width: 1, alpha: 0.4, stroke: () => colour('--accent') },
      hidden,
      hidden,
      { ...hidden, width: 2, stroke: () => colour('--accent') },
      {
        width: 1.5,
        spanGaps: true,
        stroke: () => colour('--ink'),
        points: { show: true, size: 6, width: 0, fill: () => colour('--ink') },
      },
    ],
    // The extremes of each thinned point, as a pale band behind its mean.
    bands: [
      { series: [SERIES.high, SERIES.low], fill: () => `color-mix(in srgb, ${colour('--accent')} 14%, transparent)` },
    ],
    hooks: {
      drawAxes: [(plot) => drawKnowsNothing(plot, source)],
      setCursor: [(plot) => source.onHover(plot.cursor.idx ?? null)],
    },
  };
}

/** The dashed line at ln V, with its name. */
function drawKnowsNothing(plot: uPlot, { vocabulary, colour, fontSize }: ChartSource): void {
  const size = vocabulary();
  if (size === null) return;
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const y = Math.round(plot.valToPos(Math.log(size), 'y', true));
  ctx.save();
  ctx.strokeStyle = colour('--ink-soft');
  ctx.fillStyle = colour('--ink-soft');
  ctx.lineWidth = ratio;
  ctx.setLineDash([6 * ratio, 4 * ratio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.font = fontOf(fontSize * ratio);
  ctx.textAlign = 'right';
  ctx.textBaseline = 'bottom';
  ctx.fillText(CHART.knowsNothing(size), bbox.left + bbox.width - 8 * ratio, y - 4 * ratio);
  ctx.restore();
}
