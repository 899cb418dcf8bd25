import type uPlot from 'uplot';
import { mark } from '../format.ts';
import { axisMarks, padded } from './axes.ts';
import { drawEndLabels, endRoom } from './end-labels.ts';
import { nameLines } from './line-names.ts';
import type { Mark, Range, ReferenceLine, Series } from './series.ts';

/** A labelled place on the right-hand scale of the left-hand axis, such as a number of choices at its logarithm. */
export interface ScaleMark {
  y: number;
  label: string;
}

/** What a chart draws, asked for at each drawing. */
export interface PlotSource {
  /** What the plot is built for: their data and words may be old by the next drawing. */
  series: readonly Series[];
  /** The same as they are now. */
  curves(): readonly Series[];
  logX: boolean;
  logY: boolean;
  /** In CSS pixels. */
  width: number;
  height: number;
  /** Of the numbers at the axes, in CSS pixels. */
  fontSize: number;
  /** The value of a colour token, so that light and dark follow the system. */
  colour(token: string): string;
  xRange(): Range;
  /** Null where all data on show and the lines decide. */
  yRange(low: number | null, high: number | null): Range | null;
  lines(): readonly ReferenceLine[];
  /** Whether a part is on show, which no line makes larger than its curves. */
  zoomed(): boolean;
  marks(): readonly Mark[];
  scaleMarks: ((range: Range) => readonly ScaleMark[]) | null;
  formatX(x: number): string;
  /** The scales are true again. */
  onDraw(): void;
  onCursor(left: number | null): void;
  onSelect(left: number, width: number): void;
  onReset(): void;
}

/** Least height of a chart whose marks are named, in CSS pixels. */
const LABELLED = 150;

/** Tells plots apart that have to be built anew: everything of the series but their data and their words. */
export function shapeOf(series: readonly Series[], logX: boolean, logY: boolean, scaled: boolean): string {
  const styles = series.map(({ low, colour, points, line, dashed, width, faint, axis }) => {
    return [low !== undefined, colour, points, line, dashed, width, faint, axis];
  });
  return JSON.stringify([styles, logX, logY, scaled]);
}

const fontOf = (size: number): string => `${size}px system-ui, sans-serif`;

/** The right-hand scale is of its own where a series is read from it. */
const scaleOf = ({ axis }: Series): 'y' | 'right' => (axis === 'right' ? 'right' : 'y');

/** uPlot's options for a chart; its data are those of `align`. */
export function plotOptions(source: PlotSource): uPlot.Options {
  const { series, logX, logY, fontSize } = source;
  const twoScales = series.some(({ axis }) => axis === 'right');
  const distribution = (log: boolean): Partial<uPlot.Scale> => (log ? { distr: 3, log: 10 } : {});
  const room = endRoom(series, source.width, fontSize);
  const yScale = (key: 'y' | 'right'): uPlot.Scale => ({
    ...distribution(logY),
    range: (_plot, low, high) => [...rangeOf(source, key, low, high)],
  });
  return {
    width: source.width,
    height: source.height,
    legend: { show: false },
    padding: [
      Math.ceil(fontSize / 2),
      Math.max(room, twoScales || source.scaleMarks ? 0 : Math.ceil(1.75 * fontSize)),
      0,
      0,
    ],
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false, dist: 6 },
      bind: {
        dblclick: () => () => {
          source.onReset();
          return null;
        },
      },
    },
    scales: {
      x: { time: false, ...distribution(logX), range: () => [...source.xRange()] },
      y: yScale('y'),
      ...(twoScales && { right: yScale('right') }),
    },
    axes: axesOf(source, twoScales),
    series: [{}, ...series.flatMap((one) => seriesOf(one, source))],
    bands: bandsOf(source),
    hooks: {
      drawAxes: [(plot) => drawLines(plot, source)],
      draw: [
        (plot) => {
          const named = source.lines().filter(({ y }) => !logY || y > 0);
          nameLines(plot, named, source.curves(), fontSize, source.colour);
          if (room > 0) {
            const css = fontOf(fontSize * devicePixelRatio);
            drawEndLabels(plot, source.curves(), { size: fontSize, css }, source.colour);
          }
          source.onDraw();
        },
      ],
      setCursor: [(plot) => source.onCursor((plot.cursor.left ?? -1) < 0 ? null : plot.cursor.left!)],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width <= 0) return;
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          source.onSelect(left, width);
        },
      ],
    },
  };
}

function rangeOf(source: PlotSource, key: 'y' | 'right', low: number | null, high: number | null): Range {
  // uPlot says ±Infinity where no point is on show
  const [least, most] = [low, high].map((end) => (end !== null && Number.isFinite(end) ? end : null));
  const own = key === 'y' ? source.yRange(least!, most!) : null;
  if (own !== null) return own;
  const levels = key === 'y' && !source.zoomed() ? source.lines().map(({ y }) => y) : [];
  const ends = [...levels.filter((y) => !source.logY || y > 0), ...(least === null ? [] : [least!, most!])];
  return ends.length === 0
    ? padded(null, null, source.logY)
    : padded(Math.min(...ends), Math.max(...ends), source.logY);
}

/** Whether a label is that of a mark, and not of a neighbour to which it was rounded: half a step is no step. */
function says(label: string, mark: number): boolean {
  const read = Number(label.replaceAll(',', ''));
  return Number.isNaN(read) || read === mark;
}

function axesOf(source: PlotSource, twoScales: boolean): uPlot.Axis[] {
  const { logX, logY, fontSize, colour, formatX, scaleMarks } = source;
  const axis = (log: boolean, space: number, extra: uPlot.Axis): uPlot.Axis => ({
    font: fontOf(fontSize),
    stroke: () => colour('--ink-faint'),
    grid: { stroke: () => colour('--grid'), width: 1 },
    ticks: { show: false },
    space,
    filter: (_plot, marks) => marks,
    splits: (plot, index, low, high) => {
      const across = index === 0 ? plot.bbox.width : plot.bbox.height;
      const marks = axisMarks([low, high], log, across / devicePixelRatio / space);
      return index === 0 ? marks.filter((mark) => says(formatX(mark), mark)) : marks;
    },
    ...extra,
  });
  const numbers = { size: 4.2 * fontSize, values: (_: uPlot, marks: number[]) => marks.map(mark) };
  const axes = [
    axis(logX, 6 * fontSize, { size: 2.5 * fontSize, values: (_plot, marks) => marks.map(formatX) }),
    axis(logY, 2.6 * fontSize, numbers),
  ];
  if (twoScales) axes.push(axis(logY, 2.6 * fontSize, { ...numbers, scale: 'right', side: 1, grid: { show: false } }));
  if (scaleMarks !== null) {
    axes.push(
      axis(false, 0, {
        side: 1,
        size: 3.4 * fontSize,
        grid: { show: false },
        ticks: { show: true, size: 5, width: 1, stroke: () => colour('--edge') },
        splits: (_plot, _axis, low, high) => scaleMarks([low, high]).map(({ y }) => y),
        values: (plot, marks) => {
          const { min, max } = plot.scales.y!;
          const labels = new Map(scaleMarks([min!, max!]).map(({ y, label }) => [y, label]));
          return marks.map((mark) => labels.get(mark) ?? '');
        },
      }),
    );
  }
  return axes;
}

/** The series itself and, where it has them, its extremes, which only bound a band. */
function seriesOf(one: Series, { colour }: PlotSource): uPlot.Series[] {
  const scale = scaleOf(one);
  const hidden: uPlot.Series = { scale, width: 0, points: { show: false }, spanGaps: true };
  const line: uPlot.Series = {
    scale,
    spanGaps: true,
    width: one.line === false ? 0 : (one.width ?? (one.faint ? 1 : 1.5)),
    alpha: one.faint ? 0.4 : 1,
    stroke: () => colour(one.colour),
    ...(one.dashed && { dash: [5, 4] }),
    points: { show: one.points ?? false, size: 6, width: 0, fill: () => colour(one.colour) },
    ...(one.line === false && { paths: () => null }),
  };
  return [line, ...(one.low && one.high ? [hidden, hidden] : [])];
}

function bandsOf({ series, colour }: PlotSource): uPlot.Band[] {
  const bands: uPlot.Band[] = [];
  let at = 1;
  for (const { low, high, colour: token } of series) {
    if (low && high) {
      const fill = () => `color-mix(in srgb, ${colour(token)} 14%, transparent)`;
      bands.push({ series: [at + 2, at + 1], fill });
    }
    at += low && high ? 3 : 1;
  }
  return bands;
}

/** The dashed levels with their names, and the dotted places on the x axis. */
function drawLines(plot: uPlot, { lines, marks, colour, fontSize, logY }: PlotSource): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const stroke = (dash: number[], x0: number, y0: number, x1: number, y1: number) => {
    ctx.setLineDash(dash.map((length) => length * ratio));
    ctx.beginPath();
    ctx.moveTo(x0, y0);
    ctx.lineTo(x1, y1);
    ctx.stroke();
  };
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.lineWidth = ratio;
  ctx.strokeStyle = colour('--edge');
  ctx.fillStyle = colour('--ink-faint');
  ctx.font = fontOf(fontSize * ratio);
  ctx.textBaseline = 'bottom';
  let free = Number.NEGATIVE_INFINITY;
  for (const { x, label } of marks()) {
    const at = Math.round(plot.valToPos(x, 'x', true));
    stroke([1, 3], at, bbox.top, at, bbox.top + bbox.height);
    if (at < free || bbox.height < LABELLED * ratio) continue;
    ctx.fillText(label, at + 4 * ratio, bbox.top + bbox.height - 4 * ratio);
    free = at + ctx.measureText(label).width + 12 * ratio;
  }
  ctx.strokeStyle = colour('--ink-soft');
  for (const { y } of lines()) {
    if (logY && y <= 0) continue;
    const at = Math.round(plot.valToPos(y, 'y', true));
    stroke([6, 4], bbox.left, at, bbox.left + bbox.width, at);
  }
  ctx.restore();
}
