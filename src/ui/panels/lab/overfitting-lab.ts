import { css, html, LitElement, nothing } from 'lit';
import { live } from 'lit/directives/live.js';
import type { Series } from '../../charts/series.ts';
import { count } from '../../format.ts';
import type { Session } from '../../session-client.ts';
import { OVERFITTING, VARIANTS as WORDS } from '../../strings/lab.ts';
import { shared } from '../../styles.ts';
import { initialView, isActive, type View } from '../../view.ts';
import { Experiment, type LabResult } from './experiment.ts';
import { figuresOf } from './variant-table.ts';
import { COLOURS, HELD_BACK, MOST_STEPS, SIZES, STRENGTHS, VARIANTS, type Variant } from './variants.ts';
import '../../charts/series-chart.ts';
import './variant-table.ts';

/** The one experiment of the page: this element goes when another part is chosen, and what it has measured stays. */
const experiment = new Experiment();

/**
 * Overfitting on purpose, and what helps against it: real runs, one after the other, overlaid.
 *
 * @prop view - all that there is to show
 * @prop session - who trains; null before there is a worker
 */
export class OverfittingLab extends LitElement {
  static override properties = { view: { attribute: false }, session: { attribute: false }, revision: { state: true } };

  declare view: View;
  declare session: Session | null;
  /** Counts the changes of the experiment. */
  declare revision: number;
  #series: { of: ReadonlyMap<Variant, LabResult>; curves: readonly Series[] } = { of: new Map(), curves: [] };
  readonly #changed = () => {
    this.revision++;
  };

  constructor() {
    super();
    this.view = initialView();
    this.session = null;
    this.revision = 0;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    experiment.addEventListener('change', this.#changed);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    experiment.removeEventListener('change', this.#changed);
  }

  /** The same array as long as the curves are the same ones. */
  #curves(): readonly Series[] {
    const { results } = experiment;
    if (this.#series.of !== results) {
      const curves = [...results].flatMap(([variant, { steps, train, val }]): Series[] => {
        const colour = COLOURS[variant];
        const { name } = WORDS[variant];
        return [
          { label: name, endLabel: name, colour, x: steps, y: val, width: 2 },
          { label: OVERFITTING.training(name), colour, x: steps, y: train, dashed: true, width: 1 },
        ];
      });
      this.#series = { of: results, curves };
    }
    return this.#series.curves;
  }

  get #busy(): boolean {
    return isActive(this.view.phase) && this.view.phase !== 'paused';
  }

  get #ready(): boolean {
    return this.session !== null && this.view.text !== null && this.view.adapter !== null && !this.#busy;
  }

  #press(): void {
    if (experiment.running !== null) experiment.end();
    else if (this.#ready) void experiment.run(this.session!, this.view.text!.name);
  }

  #number(id: 'steps' | 'seed', label: string, least: number, most: number) {
    return html`
      <div>
        <label for=${id}>${label}</label>
        <input
          id=${id}
          type="number"
          min=${least}
          max=${most}
          step="1"
          required
          .value=${live(String(experiment.settings[id]))}
          @change=${(event: Event) => {
            const input = event.currentTarget as HTMLInputElement;
            if (input.checkValidity()) experiment.choose({ [id]: input.valueAsNumber });
            else this.requestUpdate();
          }}
        />
      </div>
    `;
  }

  #settings() {
    const { settings } = experiment;
    return html`
      <div class="fields">
        <div>
          <label for="characters">${OVERFITTING.text}</label>
          <select
            id="characters"
            @change=${(event: Event) => experiment.choose({ characters: Number((event.currentTarget as HTMLSelectElement).value) })}
          >
            ${SIZES.map((size) => html`<option value=${size} .selected=${live(size === settings.characters)}>${count(size)}</option>`)}
          </select>
        </div>
        ${this.#number('steps', OVERFITTING.steps, 1, MOST_STEPS)} ${this.#number('seed', OVERFITTING.seed, 0, 0xffffffff)}
      </div>
      <p class="help">
        ${this.view.text === null ? OVERFITTING.noText : OVERFITTING.cut(settings.characters, HELD_BACK, this.view.text.name)}
      </p>
    `;
  }

  #toggle(variant: Variant, on: boolean): void {
    const chosen = new Set(experiment.chosen);
    if (on) chosen.add(variant);
    else chosen.delete(variant);
    experiment.choose({}, chosen);
  }

  #remedy(variant: Variant) {
    const { name, what, formula, source } = WORDS[variant];
    return html`
      <li>
        <label>
          <input
            type="checkbox"
            aria-describedby="what-${variant}"
            .checked=${live(experiment.chosen.has(variant))}
            @change=${(event: Event) => this.#toggle(variant, (event.currentTarget as HTMLInputElement).checked)}
          />
          <span class="name">${name}</span> <span class="help">${STRENGTHS[variant]}</span>
        </label>
        <p id="what-${variant}">${what}</p>
        ${formula === undefined ? nothing : html`<p class="formula">${formula}</p>`}
        ${source === undefined ? nothing : html`<p class="help">${source}</p>`}
      </li>
    `;
  }

  /** How far it is, or what came of it. */
  #state(): string {
    const { running, results, shown, finished } = experiment;
    if (running !== null) {
      const { name } = WORDS[running];
      const step = results.get(running)?.steps.at(-1);
      return step === undefined ? OVERFITTING.compiling(name) : OVERFITTING.going(name, step, shown.steps);
    }
    if (this.#busy) return OVERFITTING.busy;
    if (results.size === 0) return OVERFITTING.idle;
    if (this.view.text !== null && !experiment.isCurrent(this.view.text.name)) return OVERFITTING.stale;
    return finished ? OVERFITTING.done : OVERFITTING.ended;
  }

  /** What the figures say, in sentences. */
  #verdict() {
    const plain = experiment.results.get('plain');
    if (!plain?.outcome) return nothing;
    const { best, val } = figuresOf(plain);
    const helped = [...experiment.results].filter(([variant, { outcome }]) => variant !== 'plain' && outcome !== null);
    return html`
      <p class="verdict">
        ${OVERFITTING.verdict(plain.outcome.overfitting_since, best!, val!)}
        ${helped.map(([variant, result]) => `${OVERFITTING.helps(WORDS[variant].name, val! - figuresOf(result).val!)} `)}
      </p>
    `;
  }

  override render() {
    const going = experiment.running !== null;
    const { failure, results } = experiment;
    return html`
      <h2>${OVERFITTING.heading}</h2>
      <p class="intro">${OVERFITTING.intro}</p>
      ${this.#settings()}
      <fieldset>
        <legend>${OVERFITTING.remedies}</legend>
        <ul>${VARIANTS.filter((variant) => variant !== 'plain').map((variant) => this.#remedy(variant))}</ul>
      </fieldset>
      <div class="go">
        <button class=${going ? '' : 'primary'} aria-disabled=${!going && !this.#ready} @click=${this.#press}>
          ${going ? OVERFITTING.end : OVERFITTING.run}
        </button>
        <p role="status">${this.#state()}</p>
      </div>
      ${failure === null ? nothing : html`<p class="wrong" role="alert">${failure.message} ${failure.hint}</p>`}
      ${
        results.size === 0
          ? nothing
          : html`
              <series-chart
                .series=${this.#curves()}
                .revision=${this.revision}
                .label=${OVERFITTING.chart}
                name="overfitting"
                .yLabel=${OVERFITTING.yLabel}
                .xRange=${[0, experiment.shown.steps]}
              ></series-chart>
              <variant-table .results=${results} .revision=${this.revision}></variant-table>
              ${this.#verdict()}
            `
      }
    `;
  }

  static override styles = [
    shared,
    css`
      :host {
        --chart-height: 20rem;
        container-type: inline-size;
      }

      .intro,
      .verdict {
        max-width: 44rem;
        margin: var(--space-2) 0 var(--space-5);
        font: var(--text-large) / 1.5 var(--serif);
      }

      .fields {
        display: grid;
        grid-template-columns: repeat(3, minmax(0, 12rem));
        gap: var(--space-3);
        align-items: end;
        margin-bottom: var(--space-2);
      }

      select {
        display: block;
        width: 100%;
        height: var(--control);
        padding: 0 var(--space-2);
        border: 1px solid var(--edge);
        border-radius: var(--radius);
        background: var(--sheet);
      }

      fieldset {
        min-width: 0;
        margin: var(--space-5) 0 0;
        padding: 0;
        border: 0;
      }

      legend {
        padding: 0 0 var(--space-2);
        font-weight: 600;
      }

      ul {
        display: grid;
        gap: 0 var(--space-5);
        margin: 0;
        padding: 0;
        list-style: none;
      }

      li {
        padding: var(--space-2) 0 var(--space-3);
        border-top: 1px solid var(--rule);
      }

      li label {
        display: flex;
        flex-wrap: wrap;
        gap: 0 var(--space-2);
        align-items: center;
        min-height: 2rem;
      }

      .name {
        color: var(--ink);
        font-size: var(--text);
      }

      input[type='checkbox'] {
        width: 1.1rem;
        height: 1.1rem;
        margin: 0;
        accent-color: var(--accent);
      }

      li p {
        max-width: 40rem;
      }

      .formula {
        font: italic var(--text) / 1.6 var(--serif);
        color: var(--accent);
      }

      .go {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-2) var(--space-4);
        align-items: center;
        padding: var(--space-4) 0;
        border-top: 1px solid var(--rule);
      }

      .wrong {
        padding-bottom: var(--space-3);
        color: var(--alarm);
      }

      variant-table {
        margin-top: var(--space-5);
      }

      @container (min-width: 44rem) {
        ul {
          grid-template-columns: repeat(2, minmax(0, 1fr));
        }
      }

      @container (min-width: 70rem) {
        ul {
          grid-template-columns: repeat(3, minmax(0, 1fr));
        }
      }
    `,
  ];
}

customElements.define('overfitting-lab', OverfittingLab);

declare global {
  interface HTMLElementTagNameMap {
    'overfitting-lab': OverfittingLab;
  }
}
