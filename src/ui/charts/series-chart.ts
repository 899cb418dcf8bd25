import { html, LitElement, nothing, type PropertyValues, unsafeCSS } from 'lit';
import uPlot from 'uplot';
import plotStyles from 'uplot/dist/uPlot.min.css?inline';
import { download } from '../download.ts';
import { emit } from '../emit.ts';
import { count, figure } from '../format.ts';
import { CHART, NOTHING_YET } from '../strings.ts';
import { shared } from '../styles.ts';
import { moved, within, zoomed } from './axes.ts';
import { chartTable, tableStyles } from './chart-table.ts';
import { picture } from './picture.ts';
import { plotOptions, type ScaleMark } from './plot-options.ts';
import {
  align,
  type Mark,
  nearest,
  type Range,
  type ReferenceLine,
  type Series,
  seriesCSV,
  valueAt,
} from './series.ts';
import { chartStyles } from './series-chart-styles.ts';

/** Least time between two redraws, in milliseconds: appending points redraws at most ten times a second. */
const REDRAW_INTERVAL = 100;
/** How much nearer a key brings the curve, and what part of the width it moves it by. */
const NEARER = 2;
const ASIDE = 0.25;

/** Properties that change what is drawn. */
const DRAWN = [
  'series',
  'revision',
  'lines',
  'marks',
  'logX',
  'logY',
  'xRange',
  'yRange',
  'zoom',
  'scaleMarks',
] as const;

const differs = (a: Range | null, b: Range | null | undefined): boolean => a?.[0] !== b?.[0] || a?.[1] !== b?.[1];

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
    xRange: { attribute: false, hasChanged: differs },
    yRange: { attribute: false },
    scaleMarks: { attribute: false },
    formatX: { attribute: false },
    formatY: { attribute: false },
    zoom: { attribute: false, hasChanged: differs },
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
  #timer = 0;
  #drawnAt = 0;
  #seen = false;
  #hovered = false;
  readonly #resizes = new ResizeObserver(() => this.#resize());
  /** Whoever scrolls away pays for no drawing. */
  readonly #views = new IntersectionObserver((entries) => this.#viewed(entries.at(-1)!.isIntersecting));
  readonly #scheme = matchMedia('(prefers-color-scheme: dark)');
  readonly #recolour = () => this.#plot?.redraw(false);

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
    this.zoom = null;
    this.cursor = null;
    this.open = false;
    this.spoken = '';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#scheme.addEventListener('change', this.#recolour);
    if (this.hasUpdated) this.#observe();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#scheme.removeEventListener('change', this.#recolour);
    this.#resizes.disconnect();
    this.#views.disconnect();
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#seen = false;
    this.#forget();
  }

  protected override firstUpdated(): void {
    this.#observe();
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (DRAWN.some((name) => changed.has(name))) this.#schedule();
    if (changed.has('cursor')) this.#placeCursor();
  }

  /** The chart as a PNG, with its title and its key. */
  png(): Promise<Blob> {
    const colours = getComputedStyle(this);
    return picture({
      canvas: this.#plot!.ctx.canvas,
      title: this.label,
      key: this.#named.map(({ label, colour }) => ({ label, colour: colours.getPropertyValue(colour) })),
      paper: colours.getPropertyValue('--paper'),
      ink: colours.getPropertyValue('--ink'),
    });
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

  #observe(): void {
    this.#resizes.observe(this.#frame);
    this.#views.observe(this.#frame);
  }

  #viewed(seen: boolean): void {
    this.#seen = seen;
    if (seen) this.#schedule();
  }

  #schedule(): void {
    if (this.#timer !== 0 || !this.#seen) return;
    const wait = Math.max(0, this.#drawnAt + REDRAW_INTERVAL - performance.now());
    this.#timer = window.setTimeout(() => this.#draw(), wait);
  }

  #draw(): void {
    this.#timer = 0;
    this.#drawnAt = performance.now();
    const { clientWidth: width, clientHeight: height } = this.#frame;
    if (width === 0 || height === 0) return;
    const { x, columns } = align(this.series, this.logX, this.logY);
    this.#x = x;
    const data = [x, ...columns] as uPlot.AlignedData;
    const shape = this.series.map(({ label: _, x: _x, y: _y, low, format: _format, high: _high, ...style }) => ({
      ...style,
      band: low !== undefined,
    }));
    const built = JSON.stringify([shape, this.logX, this.logY, this.scaleMarks !== null]);
    if (this.#plot === null || built !== this.#built) {
      this.#forget();
      this.#built = built;
      this.#plot = new uPlot(this.#options(width, height), data, this.#frame);
      this.#plot.over.addEventListener('mouseenter', () => {
        this.#hovered = true;
      });
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
      logX: this.logX,
      logY: this.logY,
      width,
      height,
      fontSize: Number.parseFloat(getComputedStyle(this.#frame).fontSize),
      colour: (token) => colours.getPropertyValue(token),
      xRange: () => this.#range,
      yRange: (low, high) => (this.yRange === null || this.zoom !== null ? null : this.yRange(low, high)),
      lines: () => (this.zoom === null ? this.lines : []),
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

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.#frame;
    if (width === 0 || height === 0) return;
    if (this.#plot === null) this.#schedule();
    else this.#plot.setSize({ width, height });
  }

  /** The whole x axis. */
  get #all(): Range {
    const low = this.#x[0] ?? 0;
    const high = this.#x[this.#x.length - 1] ?? 1;
    const [from, to] = this.xRange ?? [low, high > low ? high : low + 1];
    // a logarithmic axis begins at the first value that it can show
    const least = this.logX && from <= 0 ? (low > 0 ? low : 1) : from;
    return [least, Math.max(to, this.logX ? 2 * least : to)];
  }

  get #range(): Range {
    return this.zoom ?? this.#all;
  }

  #zoomTo(range: Range | null): void {
    this.zoom = range && within(range, this.#all);
    emit<Range | null>(this, 'chart-zoom', this.zoom);
  }

  #hover(left: number | null): void {
    if (!this.#hovered) return; // it is only told where it was put
    if (left === null) this.#hovered = false;
    this.#moveCursor(left === null ? null : nearest(this.#x, this.#plot!.posToVal(left, 'x')));
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

  /** uPlot knows the mouse only. A finger that moves sideways does as it does; up and down scrolls the page. */
  #finger(event: PointerEvent): void {
    if (event.pointerType !== 'touch' || this.#plot === null) return;
    const { clientX, clientY } = event;
    const kind = { pointerdown: 'mousedown', pointermove: 'mousemove' }[event.type] ?? 'mouseup';
    const mouse = new MouseEvent(kind, { clientX, clientY, button: 0, buttons: 1, bubbles: true });
    this.#hovered = true;
    (kind === 'mouseup' ? document : this.#plot.over).dispatchEvent(mouse);
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const [low, high] = this.#range;
    const middle = this.logX ? Math.sqrt(low * high) : (low + high) / 2;
    switch (event.key) {
      case 'ArrowLeft':
      case 'ArrowRight':
        this.#step((event.key === 'ArrowLeft' ? -1 : 1) * (event.shiftKey ? 10 : 1));
        break;
      case 'Home':
      case 'End':
        this.#step(event.key === 'Home' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY);
        break;
      case '+':
      case '=':
        this.#zoomTo(zoomed(this.#range, this.cursor ?? middle, NEARER, this.logX));
        break;
      case '-':
        this.#zoomTo(zoomed(this.#range, this.cursor ?? middle, 1 / NEARER, this.logX));
        break;
      case 'PageUp':
      case 'PageDown':
        if (this.zoom === null) return;
        this.#zoomTo(moved(this.zoom, event.key === 'PageUp' ? -ASIDE : ASIDE, this.#all, this.logX));
        break;
      case '0':
        this.#zoomTo(null);
        break;
      case 'Escape':
        if (this.cursor === null && this.zoom === null) return;
        this.#moveCursor(null);
        this.#zoomTo(null);
        break;
      default:
        return;
    }
    event.preventDefault();
  }

  /** Moves the crosshair by so many points, within what is on show. */
  #step(points: number): void {
    const [low, high] = this.#range;
    const shown = Array.from(this.#x).filter((x) => x >= low && x <= high);
    if (shown.length === 0) return;
    const at = this.cursor === null ? -1 : shown.indexOf(this.cursor);
    // without a crosshair, the first key puts it at the end that it comes from
    const next = at >= 0 || !Number.isFinite(points) ? at + points : points < 0 ? shown.length - 1 : 0;
    this.#moveCursor(shown[Math.min(shown.length - 1, Math.max(0, next))]!);
    const readings = this.#named.map((one) => `${one.label} ${this.#reading(one)}`);
    this.spoken = `${this.xLabel} ${this.formatX(this.cursor!)}: ${readings.join(', ')}`;
  }

  #reading(one: Series): string {
    const value = this.cursor === null ? null : valueAt(one, this.cursor);
    return value === null ? NOTHING_YET : (one.format ?? this.formatY)(value);
  }

  #toggled(event: Event): void {
    this.open = (event.currentTarget as HTMLDetailsElement).open;
  }

  #behind() {
    const { label, xLabel, series, formatX, formatY } = this;
    return html`
      <div class="files">
        <button @click=${() => download(`${this.name}.csv`, this.csv())}>${CHART.csv}</button>
        <button @click=${async () => this.#plot && download(`${this.name}.png`, await this.png())}>${CHART.png}</button>
      </div>
      ${chartTable({ caption: label, xLabel, series, x: this.#x, range: this.#range, formatX, formatY })}
    `;
  }

  override render() {
    const { cursor, label } = this;
    return html`
      <div class="legend" aria-hidden="true">
        ${this.#named.map(
          (one) => html`<span class="entry">
            <i class=${one.dashed ? 'dashed' : ''} .style=${`border-color: var(${one.colour})`}></i>${one.label}
            <b>${cursor === null ? nothing : this.#reading(one)}</b>
          </span>`,
        )}
        <span class="x">${cursor === null ? nothing : html`${this.xLabel} <b>${this.formatX(cursor)}</b>`}</span>
      </div>
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
          @pointerdown=${this.#finger}
          @pointermove=${this.#finger}
          @pointerup=${this.#finger}
          @pointercancel=${this.#finger}
        ></div>
        <button class="reset" ?hidden=${this.zoom === null} @click=${() => this.#zoomTo(null)}>${CHART.reset}</button>
      </div>
      <p class="spoken" aria-live="polite">${this.spoken}</p>
      <details @toggle=${this.#toggled}>
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
