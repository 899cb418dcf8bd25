import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import type { StepNorms } from '../../../worker/messages.ts';
import { inkDepths, layerSeries } from '../../charts/layer-series.ts';
import type { Series } from '../../charts/series.ts';
import { figure } from '../../format.ts';
import { MOVEMENT, tensorName } from '../../strings/inside.ts';
import { shared } from '../../styles.ts';
import '../../charts/series-chart.ts';

const NONE: readonly Series[] = [];

/**
 * How the weights have moved over the run: each part of the model together, and one tensor by itself.
 *
 * @prop norms - what was measured in some steps
 * @prop tensor - nanoGPT's name of the one
 */
export class MovementCharts extends LitElement {
  static override properties = { norms: { attribute: false }, tensor: { attribute: false } };

  declare norms: readonly StepNorms[];
  declare tensor: string;
  #parts: readonly Series[] = NONE;
  #own: readonly Series[] = NONE;

  constructor() {
    super();
    this.norms = [];
    this.tensor = '';
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('norms')) {
      this.#parts = layerSeries(this.norms, 'moved');
      inkDepths(this, this.#parts.length);
    }
    this.#own = this.#curves();
  }

  /** ‖w‖ and ‖w − w₀‖ of the one tensor. */
  #curves(): readonly Series[] {
    const at = this.norms.at(-1)?.names.indexOf(this.tensor) ?? -1;
    if (at < 0) return NONE;
    const x = this.norms.map(({ step }) => step);
    const points = x.length < 60;
    const weight = {
      label: MOVEMENT.weight,
      colour: '--series-2',
      x,
      y: this.norms.map((taken) => taken.weight[at]!),
      points,
    };
    const moved = this.norms.map((taken) => taken.moved?.[at] ?? null);
    return moved.every((distance) => distance === null)
      ? [weight]
      : [{ label: MOVEMENT.moved, colour: '--accent', x, y: moved, points }, weight];
  }

  #chart(series: readonly Series[], label: string, name: string) {
    if (series.length === 0) return nothing;
    return html`
      <figure>
        <figcaption>${label}</figcaption>
        <series-chart
          .series=${series}
          .revision=${this.norms.length}
          .label=${label}
          .name=${name}
          .yLabel=${MOVEMENT.scale}
          .formatY=${figure}
        ></series-chart>
      </figure>
    `;
  }

  override render() {
    if (this.norms.length === 0) return html`<p class="help">${MOVEMENT.none}</p>`;
    return html`
      <div class="pair">
        ${this.#chart(this.#parts, MOVEMENT.parts, 'inkling-moved')}
        ${this.#chart(this.#own, MOVEMENT.own(tensorName(this.tensor)), 'inkling-tensor')}
      </div>
    `;
  }

  static override styles = [
    shared,
    css`
      .pair {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--space-5) var(--space-6);
      }

      figure {
        margin: 0;
      }

      figcaption {
        margin-bottom: var(--space-2);
        color: var(--ink-soft);
      }

      series-chart {
        --chart-height: 12rem;
      }

      @media (min-width: 60rem) {
        .pair {
          grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
        }
      }
    `,
  ];
}

customElements.define('movement-charts', MovementCharts);

declare global {
  interface HTMLElementTagNameMap {
    'movement-charts': MovementCharts;
  }
}
