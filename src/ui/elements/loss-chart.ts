import { css, html, LitElement, nothing, type PropertyValues, unsafeCSS } from 'lit';
import uPlot from 'uplot';
import plotStyles from 'uplot/dist/uPlot.min.css?inline';
import { count, loss } from '../format.ts';
import { LossHistory } from '../loss-history.ts';
import { CHART, NOTHING_YET } from '../strings.ts';
import { shared } from '../styles.ts';
import type { Evaluation } from '../view.ts';
import { chartOptions, SERIES } from './loss-chart-options.ts';

/** Least time between two redraws, in milliseconds: appending points redraws at most ten times a second. */
const REDRAW_INTERVAL = 100;

/**
 * Training and validation loss over the steps, in one chart, against the loss of a model that knows nothing.
 *
 * @prop history - the thinned training losses; it grows in place
 * @prop revision - changes whenever `history` has grown (the step)
 * @prop evaluations - the validation losses
 * @prop vocabulary - V, for the line at ln V; null while there is no text
 * @prop steps - steps in the whole run, where the axis ends at last
 */
export class LossChart extends LitElement {
  static override properties = {
    history: { attribute: false },
    revision: { attribute: false },
    evaluations: { attribute: false },
    vocabulary: { attribute: false },
    steps: { attribute: false },
    hovered: { state: true },
  };

  declare history: LossHistory;
  declare revision: number;
  declare evaluations: readonly Evaluation[];
  declare vocabulary: number | null;
  declare steps: number;
  /** Index of the point under the pointer. */
  declare hovered: number | null;

  #plot: uPlot | null = null;
  #timer = 0;
  #drawnAt = 0;
  /** The vocabulary that the right-hand scale was last marked for. */
  #markedFor: number | null = null;
  readonly #resizes = new ResizeObserver(() => this.#resize());
  readonly #scheme = matchMedia('(prefers-color-scheme: dark)');
  readonly #recolour = () => this.#plot?.redraw(false);

  constructor() {
    super();
    this.history = new LossHistory();
    this.revision = 0;
    this.evaluations = [];
    this.vocabulary = null;
    this.steps = 0;
    this.hovered = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#scheme.addEventListener('change', this.#recolour);
    if (this.hasUpdated) this.#build();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#scheme.removeEventListener('change', this.#recolour);
    this.#resizes.disconnect();
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#plot?.destroy();
    this.#plot = null;
  }

  protected override firstUpdated(): void {
    this.#build();
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.size === 1 && changed.has('hovered')) return;
    if (this.#timer !== 0) return;
    const wait = Math.max(0, this.#drawnAt + REDRAW_INTERVAL - performance.now());
    this.#timer = window.setTimeout(() => this.#draw(), wait);
  }

  #build(): void {
    const frame = this.#frame;
    const colours = getComputedStyle(this);
    const options = chartOptions({
      width: frame.clientWidth,
      height: frame.clientHeight,
      fontSize: Number.parseFloat(getComputedStyle(frame).fontSize),
      colour: (token) => colours.getPropertyValue(token),
      vocabulary: () => this.vocabulary,
      steps: () => this.steps,
      lastStep: () => Math.max(this.history.steps.at(-1) ?? 0, this.evaluations.at(-1)?.step ?? 0),
      onHover: (index) => {
        this.hovered = index;
      },
    });
    this.#plot = new uPlot(options, this.#data(), frame);
    this.#resizes.observe(frame);
  }

  get #frame(): HTMLElement {
    return this.renderRoot.querySelector<HTMLElement>('.frame')!;
  }

  #draw(): void {
    this.#timer = 0;
    this.#drawnAt = performance.now();
    this.#plot?.setData(this.#data());
    if (this.#markedFor === this.vocabulary) return;
    // uPlot marks an axis anew only when its range changes, which need not be so here.
    this.#markedFor = this.vocabulary;
    this.#plot?.redraw(false, true);
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.#frame;
    if (width > 0 && height > 0) this.#plot?.setSize({ width, height });
  }

  #data(): uPlot.AlignedData {
    const { steps, mean, low, high, smooth } = this.history;
    const evaluations = this.evaluations;
    return uPlot.join([
      [steps, mean, low, high, smooth],
      [evaluations.map(({ step }) => step), evaluations.map(({ val }) => val)],
    ]);
  }

  #readout(series: number): string {
    const data = this.#plot?.data[series];
    // Where the other curve has a point and this one has none, the last one before it holds.
    for (let i = this.hovered ?? -1; data !== undefined && i >= 0; i--) {
      const value = data[i];
      if (typeof value === 'number') return loss(value);
    }
    return NOTHING_YET;
  }

  override render() {
    const at = this.hovered === null ? undefined : this.#plot?.data[0][this.hovered];
    return html`
      <div class="legend" aria-hidden="true">
        <span class="train" title=${CHART.trainHelp}>${CHART.train}
          ${at === undefined ? nothing : html`<b>${this.#readout(SERIES.smooth)}</b>`}</span>
        <span class="val">${CHART.val} ${at === undefined ? nothing : html`<b>${this.#readout(SERIES.val)}</b>`}</span>
        <span class="step">${at === undefined ? nothing : html`${CHART.step} <b>${count(at)}</b>`}</span>
      </div>
      <div class="scales" aria-hidden="true"><span>${CHART.leftScale}</span><span>${CHART.rightScale}</span></div>
      <div class="frame" role="img" aria-label=${CHART.picture}></div>
    `;
  }

  static override styles = [
    shared,
    unsafeCSS(plotStyles),
    css`
      .legend,
      .scales {
        display: flex;
        gap: var(--space-5);
        color: var(--ink-soft);
        font-size: var(--text-small);
      }

      .legend span::before {
        content: '';
        display: inline-block;
        width: 1.25rem;
        margin-right: var(--space-2);
        border-top: 2px solid var(--accent);
        vertical-align: 0.25em;
      }

      .legend .val::before {
        border-color: var(--ink);
      }

      .legend .step {
        margin-left: auto;
      }

      .legend .step::before {
        content: none;
      }

      .legend b {
        color: var(--ink);
        font-weight: 600;
        font-variant-numeric: tabular-nums lining-nums;
      }

      .scales {
        justify-content: space-between;
        margin-top: var(--space-2);
        color: var(--ink-faint);
        font-size: 0.75rem;
      }

      .frame {
        font-size: 0.75rem;
        height: clamp(14rem, 34vh, 28rem);
        /* The chart follows its container, never the other way round. */
        overflow: hidden;
      }

      .u-vt .u-cursor-x,
      .u-hz .u-cursor-x {
        border-right: 1px solid var(--edge);
      }
    `,
  ];
}

customElements.define('loss-chart', LossChart);

declare global {
  interface HTMLElementTagNameMap {
    'loss-chart': LossChart;
  }
}
