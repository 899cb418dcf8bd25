import { css, html, LitElement, type PropertyValues } from 'lit';
import type { StepNorms, TextStatistics } from '../../worker/messages.ts';
import { figure, loss, rate } from '../format.ts';
import { RunHistory } from '../run-history.ts';
import { lossMarks } from '../stages.ts';
import { CHART, LAYERS, MARK_LABELS } from '../strings.ts';
import { shared } from '../styles.ts';
import type { ComparedRun, Evaluation } from '../view.ts';
import type { ChartSettings } from './chart-controls.ts';
import { inkDepths, layerSeries, type NormKind } from './layer-series.ts';
import { choiceMarks, lossRange, spanOf } from './loss-axes.ts';
import { lossSeries, SmoothedCurve } from './run-series.ts';
import type { Mark, Range, ReferenceLine, Series } from './series.ts';
import './chart-controls.ts';
import './series-chart.ts';

/** A step that moves weights by a thousandth of their size is about right for a network; Karpathy's rule of thumb. */
const USUAL_RATIO = 1e-3;

/** The smaller charts, each over the same steps. */
const SMALL = ['lr', 'gradNorm', 'speed', 'grad', 'update', 'ratio'] as const;
type Small = (typeof SMALL)[number];
const OF_LAYERS: readonly string[] = ['grad', 'update', 'ratio'] satisfies NormKind[];

/** One each, so that a chart that has nothing is not told of another nothing. */
const NONE: readonly never[] = [];
const RATIO_LINES: readonly ReferenceLine[] = [{ y: USUAL_RATIO, label: LAYERS.usual }];

const differ = (a: readonly unknown[], b: readonly unknown[] | undefined): boolean =>
  a.length !== b?.length || a.some((item, i) => item !== b[i]);

/**
 * What a run measures, in charts that share their steps, a crosshair and a zoom: both losses large, against the loss of
 * a model that knows nothing; learning rate, gradient norm, speed and the norms of each layer small.
 *
 * @prop history - what each step measured; it grows in place
 * @prop revision - changes whenever `history` has grown (the step)
 * @prop evaluations - the validation losses
 * @prop norms - how far some steps have moved each tensor
 * @prop marks - where the run stood still
 * @prop compared - runs whose losses are laid over those of this one
 * @prop vocabulary - V, for the line at ln V; null while there is no text
 * @prop statistics - what was counted in the text, for the lines of what can be known; null while that is unknown
 * @prop steps - steps in the whole run, where the axis ends at last
 * @slot - stands under the losses
 */
export class RunCharts extends LitElement {
  static override properties = {
    history: { attribute: false },
    revision: { attribute: false },
    evaluations: { attribute: false },
    norms: { attribute: false },
    marks: { attribute: false },
    compared: { attribute: false, hasChanged: differ },
    vocabulary: { attribute: false },
    statistics: { attribute: false },
    steps: { attribute: false },
    settings: { state: true },
    zoom: { state: true },
    cursor: { state: true },
    open: { state: true },
  };

  declare history: RunHistory;
  declare revision: number;
  declare evaluations: readonly Evaluation[];
  declare norms: readonly StepNorms[];
  declare marks: readonly Mark[];
  declare compared: readonly ComparedRun[];
  declare vocabulary: number | null;
  declare statistics: TextStatistics | null;
  declare steps: number;
  declare settings: ChartSettings;
  /** The steps on show; null shows all. */
  declare zoom: Range | null;
  /** The step under the crosshair. */
  declare cursor: number | null;
  /** Whether the small charts are on show. */
  declare open: boolean;

  #own = { loss: new SmoothedCurve(new RunHistory().loss), gradNorm: this.#none(), speed: this.#none() };
  #others: { run: ComparedRun; curve: SmoothedCurve }[] = [];
  #series: Record<'loss' | Small, readonly Series[]> = {
    loss: NONE,
    lr: NONE,
    gradNorm: NONE,
    speed: NONE,
    grad: NONE,
    update: NONE,
    ratio: NONE,
  };
  #lines: readonly ReferenceLine[] = NONE;
  #yRange = (low: number | null, high: number | null): Range => lossRange(low, high, this.vocabulary);
  #scaleMarks = (range: Range) => choiceMarks(range, this.vocabulary);

  constructor() {
    super();
    this.history = new RunHistory();
    this.revision = 0;
    this.evaluations = NONE;
    this.norms = NONE;
    this.marks = NONE;
    this.compared = NONE;
    this.vocabulary = null;
    this.statistics = null;
    this.steps = 0;
    this.settings = { logX: false, logY: false, window: 40 };
    this.zoom = null;
    this.cursor = null;
    this.open = matchMedia('(min-width: 60rem)').matches;
  }

  #none(): SmoothedCurve {
    return new SmoothedCurve(new RunHistory().speed);
  }

  protected override willUpdate(changed: PropertyValues): void {
    const { history, settings } = this;
    if (changed.has('history')) {
      this.#own = {
        loss: new SmoothedCurve(history.loss),
        gradNorm: new SmoothedCurve(history.gradNorm),
        speed: new SmoothedCurve(history.speed),
      };
      this.zoom = null;
      this.cursor = null;
    }
    if (changed.has('compared')) {
      this.#others = this.compared.map((run) => ({ run, curve: new SmoothedCurve(run.history.loss) }));
    }
    const another = changed.has('history') || changed.has('settings');
    if (another || changed.has('revision')) for (const curve of Object.values(this.#own)) curve.update(settings.window);
    if (another || changed.has('compared')) for (const { curve } of this.#others) curve.update(settings.window);
    if (another || changed.has('compared') || changed.has('evaluations')) {
      this.#series.loss = lossSeries(this.#own.loss, this.evaluations, this.#others);
    }
    if (another) {
      const { x, mean, low, high } = history.lr;
      this.#series.lr = [{ label: CHART.names.lr, colour: '--accent', x, y: mean, low, high }];
      this.#series.gradNorm = this.#own.gradNorm.series(CHART.names.gradNorm, '--accent');
      this.#series.speed = this.#own.speed.series(CHART.names.speed, '--accent');
    }
    if (changed.has('norms')) {
      for (const kind of ['grad', 'update', 'ratio'] as const) this.#series[kind] = layerSeries(this.norms, kind);
      inkDepths(this, this.#series.grad.length);
    }
    if (changed.has('vocabulary') || changed.has('statistics')) {
      const size = this.vocabulary;
      const known = lossMarks(this.statistics).map(({ loss: y, stage }) => ({ y, label: MARK_LABELS[stage](y) }));
      this.#lines = size === null ? NONE : [{ y: Math.log(size), label: CHART.knowsNothing(size) }, ...known];
      this.#scaleMarks = (range) => choiceMarks(range, size);
    }
  }

  #chart(name: Small | 'loss', xRange: Range) {
    const { logX, logY } = this.settings;
    const large = name === 'loss';
    return html`
      <series-chart
        class=${name}
        .name=${`inkling-${CHART.files[name]}`}
        .label=${CHART.pictures[name]}
        .series=${this.#series[name]}
        .revision=${OF_LAYERS.includes(name) ? 0 : this.revision}
        .lines=${large ? this.#lines : name === 'ratio' ? RATIO_LINES : NONE}
        .marks=${this.marks}
        .logX=${logX}
        .logY=${logY || name === 'ratio'}
        .xRange=${xRange}
        .yRange=${large && !logY ? this.#yRange : null}
        .scaleMarks=${large ? this.#scaleMarks : null}
        .zoom=${this.zoom}
        .cursor=${this.cursor}
        .yLabel=${CHART.scales[name]}
        .empty=${OF_LAYERS.includes(name) ? LAYERS.none : ''}
        .rightLabel=${large ? CHART.rightScale : ''}
        .formatY=${large ? loss : name === 'speed' ? rate : figure}
      ></series-chart>
    `;
  }

  #toggled(event: Event): void {
    this.open = (event.currentTarget as HTMLDetailsElement).open;
  }

  override render() {
    const last = Math.max(
      this.history.loss.x.at(-1) ?? 0,
      this.evaluations.at(-1)?.step ?? 0,
      ...this.compared.map(({ history }) => history.loss.x.at(-1) ?? 0),
    );
    const xRange: Range = [this.settings.logX ? 1 : 0, spanOf(last, this.steps)];
    return html`
      <div
        class="charts"
        @chart-zoom=${(event: CustomEvent<Range | null>) => {
          this.zoom = event.detail;
        }}
        @chart-cursor=${(event: CustomEvent<number | null>) => {
          this.cursor = event.detail;
        }}
        @chart-settings=${(event: CustomEvent<ChartSettings>) => {
          this.settings = event.detail;
        }}
      >
        ${this.#chart('loss', xRange)}
        <slot></slot>
        <chart-controls
          .settings=${this.settings}
          .zoomed=${this.zoom !== null}
          .steps=${this.history.loss.x.length > 0}
          .norms=${this.norms.length > 0}
        ></chart-controls>
        <details ?open=${this.open} @toggle=${this.#toggled}>
          <summary>${CHART.more}</summary>
          <div class="small">
            ${SMALL.map(
              (name) => html`<section>
                <h2>${CHART.names[name]}</h2>
                <p class="help">${CHART.helps[name]}</p>
                ${this.open ? this.#chart(name, xRange) : ''}
              </section>`,
            )}
          </div>
        </details>
      </div>
    `;
  }

  static override styles = [
    shared,
    css`
      .loss {
        --chart-height: clamp(14rem, 34vh, 28rem);
      }

      chart-controls,
      details {
        margin-top: var(--space-4);
      }

      summary {
        width: max-content;
        color: var(--ink-soft);
        font-weight: 600;
        cursor: pointer;
      }

      .small {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr));
        gap: var(--space-5) var(--space-5);
        margin-top: var(--space-4);
      }

      section {
        display: flex;
        flex-direction: column;
        min-width: 0;
      }

      section series-chart {
        --chart-height: 10rem;
        margin-top: auto;
        padding-top: var(--space-2);
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
