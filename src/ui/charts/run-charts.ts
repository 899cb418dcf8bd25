import { css, html, LitElement, type PropertyValues } from 'lit';
import { loss } from '../format.ts';
import { LossHistory } from '../loss-history.ts';
import { CHART } from '../strings.ts';
import { shared } from '../styles.ts';
import type { Evaluation } from '../view.ts';
import { choiceMarks, lossRange, spanOf } from './loss-axes.ts';
import type { Range, ReferenceLine, Series } from './series.ts';
import './series-chart.ts';

/**
 * What a run measures, in charts: training and validation loss over the steps, against the loss of a model that knows
 * nothing.
 *
 * @prop history - the thinned training losses; it grows in place
 * @prop revision - changes whenever `history` has grown (the step)
 * @prop evaluations - the validation losses
 * @prop vocabulary - V, for the line at ln V; null while there is no text
 * @prop steps - steps in the whole run, where the axis ends at last
 */
export class RunCharts extends LitElement {
  static override properties = {
    history: { attribute: false },
    revision: { attribute: false },
    evaluations: { attribute: false },
    vocabulary: { attribute: false },
    steps: { attribute: false },
  };

  declare history: LossHistory;
  declare revision: number;
  declare evaluations: readonly Evaluation[];
  declare vocabulary: number | null;
  declare steps: number;

  #series: readonly Series[] = [];
  #lines: readonly ReferenceLine[] = [];
  #yRange = (low: number | null, high: number | null): Range => lossRange(low, high, this.vocabulary);
  #scaleMarks = (range: Range) => choiceMarks(range, this.vocabulary);

  constructor() {
    super();
    this.history = new LossHistory();
    this.revision = 0;
    this.evaluations = [];
    this.vocabulary = null;
    this.steps = 0;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('history') || changed.has('evaluations')) this.#series = this.#losses();
    if (changed.has('vocabulary')) {
      const size = this.vocabulary;
      this.#lines = size === null ? [] : [{ y: Math.log(size), label: CHART.knowsNothing(size) }];
      this.#scaleMarks = (range) => choiceMarks(range, size);
    }
  }

  #losses(): Series[] {
    const { steps, mean, low, high, smooth } = this.history;
    const x = this.evaluations.map(({ step }) => step);
    return [
      { label: CHART.train, colour: '--accent', x: steps, y: mean, low, high, faint: true },
      { label: CHART.train, colour: '--accent', x: steps, y: smooth, width: 2 },
      { label: CHART.val, colour: '--ink', x, y: this.evaluations.map(({ val }) => val), points: true },
    ];
  }

  override render() {
    const last = Math.max(this.history.steps.at(-1) ?? 0, this.evaluations.at(-1)?.step ?? 0);
    return html`
      <series-chart
        class="loss"
        name="inkling-loss"
        .label=${CHART.picture}
        .series=${this.#series}
        .revision=${this.revision}
        .lines=${this.#lines}
        .xRange=${[0, spanOf(last, this.steps)]}
        .yRange=${this.#yRange}
        .scaleMarks=${this.#scaleMarks}
        .formatY=${loss}
        .yLabel=${CHART.leftScale}
        .rightLabel=${CHART.rightScale}
      ></series-chart>
    `;
  }

  static override styles = [
    shared,
    css`
      .loss {
        --chart-height: clamp(14rem, 34vh, 28rem);
      }
    `,
  ];
}

customElements.define('run-charts', RunCharts);

declare global {
  interface HTMLElementTagNameMap {
    'run-charts': RunCharts;
  }
}
