import { html, LitElement, nothing, type PropertyValues, unsafeCSS } from 'lit';
import uPlot from 'uplot';
import plotStyles from 'uplot/dist/uPlot.min.css?inline';
import { emit } from '../emit.ts';
import { count, figure } from '../format.ts';
import { KeptFocus } from '../kept-focus.ts';
import { CHART, NOTHING_YET } from '../strings.ts';
import { shared } from '../styles.ts';
import { wholeOf, within } from './axes.ts';
import { chartLegend } from './chart-legend.ts';
import { chartTable, saveButtons, tableStyles } from './chart-table.ts';
import { Gestures } from './gestures.ts';
import { keyed, type Place } from './navigation.ts';
import { picture } from './picture.ts';
import { plotOptions, type ScaleMark, shapeOf } from './plot-options.ts';
import { Redrawing } from './redrawing.ts';
import {
  align,
  type Mark,
  nearest,
  type Range,
  type ReferenceLine,
  rangesDiffer,
  type Series,
  seriesCSV,
  valueAt,
} from './series.ts';
import { chartStyles } from './series-chart-styles.ts';

/** Properties that change what is drawn. */
const DRAWN = 'series revision lines marks logX logY xRange yRange zoom scaleMarks'.split(' ');

/**
 * Curves over one x axis, with a crosshair, a zoom, a table behind it, and CSV and PNG out. It knows nothing of what it
 * shows. Its height is `--chart-height`.
 *
 * @prop series - the curves; give the same array as long as they are the same ones, and let their columns grow in place
 * @prop revision - changes whenever the columns have grown
 * @prop label - what the picture shows, in a sentence: the accessible name, the table's caption
 * @prop name - in the names of files
 * @prop xLabel, yLabel, rightLabel - what the axes measure
 * @prop logX, logY - whether an axis is logarithmic; values that are not positive are left out then
 * @prop lines - horizontal levels with names
 * @prop marks - places on the x axis
 * @prop xRange - the whole x axis; where it is null, the data decide
 * @prop yRange - the y axis for the lowest and highest value on show (null without data); null lets the data decide
 * @prop scaleMarks - a right-hand scale with marks of its own on the left-hand axis
 * @prop formatX, formatY - how values are written
 * @prop empty - stands in the place of curves that have no point yet
 * @prop zoom - the part of the x axis on show; null shows all. The chart changes it itself, and tells.
 * @prop cursor - x of the crosshair, or null. The chart changes it itself, and tells.
 * @fires chart-zoom - a Range, or null
 * @fires chart-cursor - a number, or null
 */
export class SeriesChart extends LitElement {
  static override properties = {
    series: { attribute: false },
    revision: { attribute: false },
    label: {},
    name: {},
    xLabel: {},
    yLabel: {},
    rightLabel: {},
    logX: { type: Boolean },
    logY: { type: Boolean },
    lines: { attribute: false },
    marks: { attribute: false },
    xRange: { attribute: false, hasChanged: rangesDiffer },
    yRange: { attribute: false },
    scaleMarks: { attribute: false },
    formatX: { attribute: false },
    formatY: { attribute: false },
    empty: {},
    zoom: { attribute: false, hasChanged: rangesDiffer },
    cursor: { attribute: false },
    open: { state: true },
    spoken: { state: true },
  };

  declare series: readonly Series[];
  declare revision: unknown;
  declare label: string;
  declare name: string;
  declare xLabel: string;
  declare yLabel: string;
  declare rightLabel: string;
  declare logX: boolean;
  declare logY: boolean;
  declare lines: readonly ReferenceLine[];
  declare marks: readonly Mark[];
  declare xRange: Range | null;
  declare yRange: ((low: number | null, high: number | null) => Range) | null;
  declare scaleMarks: ((range: Range) => readonly ScaleMark[]) | null;
  declare formatX: (x: number) => string;
  declare formatY: (y: number) => string;
  declare empty: string;
  declare zoom: Range | null;
  declare cursor: number | null;
  /** Whether the table is on show: a closed one has no rows. */
  declare open: boolean;
  /** The readout for those who do not see it; only where keys have moved the crosshair. */
  declare spoken: string;

  #plot: uPlot | null = null;
  /** What the plot was built for; it is built anew for anything else. */
  #built = '';
  /** All x values of the plot. */
  #x: ArrayLike<number> = [];
  #markedBy: unknown = null;
  #hovered = false;
  readonly #gestures = new Gestures({
    plot: () => this.#plot,
    place: () => this.#place,
    touched: () => this.#enter(),
    zoomTo: (range) => this.#zoomTo(range),
  });
  readonly #redrawing = new Redrawing(this, {
    frame: () => this.#frame,
    draw: (width, height) => this.#draw(width, height),
    resize: (width, height) => (this.#plot ? this.#plot.setSize({ width, height }) : this.#redrawing.schedule()),
    recolour: () => this.#plot?.redraw(false),
    forget: () => this.#forget(),
  });

  constructor() {
    super();
    this.series = [];
    this.revision = 0;
    this.label = '';
    this.name = 'chart';
    this.xLabel = CHART.step;
    this.yLabel = '';
    this.rightLabel = '';
    this.logX = false;
    this.logY = false;
    this.lines = [];
    this.marks = [];
    this.xRange = null;
    this.yRange = null;
    this.scaleMarks = null;
    this.formatX = count;
    this.formatY = figure;
    this.empty = '';
    this.zoom = null;
    this.cursor = null;
    this.open = false;
    this.spoken = '';
    new KeptFocus(this, () => this.renderRoot.querySelector('.held')!);
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (DRAWN.some((name) => changed.has(name as keyof SeriesChart))) this.#redrawing.schedule();
    if (changed.has('cursor')) this.#placeCursor();
  }

  /** The chart as a PNG, with its title and its key. */
  png(): Promise<Blob> {
    const colours = getComputedStyle(this);
    const colour = (token: string) => colours.getPropertyValue(token);
    return picture({ canvas: this.#plot!.ctx.canvas, title: this.label, series: this.#named, colour });
  }

  /** All points that the chart holds. */
  csv(): string {
    return seriesCSV(this.xLabel, this.series);
  }

  get #frame(): HTMLElement {
    return this.renderRoot.querySelector<HTMLElement>('.frame')!;
  }

  get #named(): readonly Series[] {
    return this.series.filter(({ faint }) => !faint);
  }

  #draw(width: number, height: number): void {
    const { x, columns } = align(this.series, this.logX, this.logY);
    this.#x = x;
    const data = [x, ...columns] as uPlot.AlignedData;
    const built = shapeOf(this.series, this.logX, this.logY, this.scaleMarks !== null);
    if (this.#plot === null || built !== this.#built) {
      this.#forget();
      this.#built = built;
      this.#plot = new uPlot(this.#options(width, height), data, this.#frame);
    } else {
      this.#plot.setData(data);
    }
    if (this.#markedBy !== this.scaleMarks) {
      // uPlot marks an axis anew only when its range changes, which need not be so here.
      this.#markedBy = this.scaleMarks;
      this.#plot.redraw(false, true);
    }
    if (this.open || this.cursor !== null) this.requestUpdate();
  }

  #options(width: number, height: number): uPlot.Options {
    const colours = getComputedStyle(this);
    return plotOptions({
      series: this.series,
      curves: () => this.series,
      logX: this.logX,
      logY: this.logY,
      width,
      height,
      fontSize: Number.parseFloat(getComputedStyle(this.#frame).fontSize),
      colour: (token) => colours.getPropertyValue(token),
      xRange: () => this.#range,
      yRange: (low, high) => (this.yRange === null || this.zoom !== null ? null : this.yRange(low, high)),
      lines: () => this.lines,
      zoomed: () => this.zoom !== null,
      marks: () => this.marks,
      scaleMarks: this.scaleMarks === null ? null : (range) => this.scaleMarks?.(range) ?? [],
      formatX: (x) => this.formatX(x),
      onDraw: () => this.#placeCursor(),
      onCursor: (left) => this.#hover(left),
      onSelect: (left, width) => {
        const [from, to] = [left, left + width].map((at) => this.#plot!.posToVal(at, 'x'));
        this.#zoomTo([from!, to!]);
      },
      onReset: () => this.#zoomTo(null),
    });
  }

  #forget(): void {
    this.#plot?.destroy();
    this.#plot = null;
    this.#markedBy = null;
  }

  get #all(): Range {
    return wholeOf(this.#x, this.xRange, this.logX);
  }

  get #range(): Range {
    const { zoom } = this;
    return zoom && !(this.logX && zoom[0] <= 0) ? zoom : this.#all; // it may be from before the axis became logarithmic
  }

  #zoomTo(range: Range | null): void {
    this.zoom = range && within(range, this.#all);
    emit<Range | null>(this, 'chart-zoom', this.zoom);
  }

  #hover(left: number | null): void {
    // without a pointer it is only told where it was put
    if (this.#hovered && left !== null) this.#moveCursor(nearest(this.#x, this.#plot!.posToVal(left, 'x')));
  }

  #enter(): void {
    this.#hovered = true;
  }

  #leave(): void {
    this.#hovered = false;
    this.#moveCursor(null);
  }

  #moveCursor(x: number | null): void {
    if (x === this.cursor) return;
    this.cursor = x;
    this.spoken = '';
    emit<number | null>(this, 'chart-cursor', x);
  }

  #placeCursor(): void {
    const left = this.cursor === null ? -10 : (this.#plot?.valToPos(this.cursor, 'x') ?? -10);
    this.#plot?.setCursor({ left, top: left < 0 ? -10 : 0 }, false);
  }

  get #place(): Place {
    return { x: this.#x, all: this.#all, zoom: this.zoom, cursor: this.cursor, log: this.logX };
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const change = keyed(event.key, event.shiftKey, this.#place);
    if (change === null) return;
    event.preventDefault();
    if (change.zoom !== undefined) this.#zoomTo(change.zoom);
    if (change.cursor === undefined) return;
    this.#moveCursor(change.cursor);
    const readings = this.#named.map((one) => `${one.label} ${this.#reading(one)}`);
    this.spoken = this.cursor === null ? '' : `${this.xLabel} ${this.formatX(this.cursor)}: ${readings.join(', ')}`;
  }

  #reading(one: Series): string {
    const value = this.cursor === null ? null : valueAt(one, this.cursor);
    return value === null ? NOTHING_YET : (one.format ?? this.formatY)(value);
  }

  #behind() {
    const { label, xLabel, series, formatX, formatY } = this;
    return html`
      ${saveButtons(
        this.name,
        () => this.csv(),
        () => this.#plot && this.png(),
      )}
      ${chartTable({ caption: label, xLabel, series, x: this.#x, range: this.#range, formatX, formatY })}
    `;
  }

  override render() {
    const { cursor, label } = this;
    return html`
      ${chartLegend(this.#named, cursor === null ? null : this.formatX(cursor), this.xLabel, (one) => this.#reading(one))}
      ${
        this.yLabel + this.rightLabel === ''
          ? nothing
          : html`<div class="scales" aria-hidden="true"><span>${this.yLabel}</span><span>${this.rightLabel}</span></div>`
      }
      <div class="held" role="application" tabindex="0" aria-label=${CHART.keys} @keydown=${this.#key}>
        <div
          class="frame"
          role="img"
          aria-label=${label}
          @mouseenter=${this.#enter}
          @mouseleave=${this.#leave}
          @pointerdown=${this.#gestures.finger}
          @pointermove=${this.#gestures.finger}
          @pointerup=${this.#gestures.finger}
          @pointercancel=${this.#gestures.finger}
          @wheel=${this.#gestures.wheel}
        ></div>
        ${this.series.some(({ x }) => x.length > 0) ? nothing : html`<p class="empty help">${this.empty}</p>`}
        <button class="reset" ?hidden=${this.zoom === null} @click=${() => this.#zoomTo(null)}>${CHART.reset}</button>
      </div>
      <p class="spoken" aria-live="polite">${this.spoken}</p>
      <details
        @toggle=${(event: ToggleEvent) => {
          this.open = event.newState === 'open';
        }}
      >
        <summary>${CHART.behind}</summary>
        ${this.open ? this.#behind() : nothing}
      </details>
    `;
  }

  static override styles = [shared, unsafeCSS(plotStyles), tableStyles, chartStyles];
}

customElements.define('series-chart', SeriesChart);

declare global {
  interface HTMLElementTagNameMap {
    'series-chart': SeriesChart;
  }
}
