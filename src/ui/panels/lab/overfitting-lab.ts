import { css, html, nothing } from 'lit';
import { live } from 'lit/directives/live.js';
import type { Series } from '../../charts/series.ts';
import { count } from '../../format.ts';
import { OVERFITTING, VARIANTS as WORDS } from '../../strings/lab.ts';
import { shared } from '../../styles.ts';
import { isActive } from '../../view.ts';
import { Experiment, type LabResult } from './experiment.ts';
import { LabElement } from './lab-element.ts';
import { labStyles } from './lab-styles.ts';
import { figuresOf } from './variant-table.ts';
import { COLOURS, HELD_BACK, MOST_STEPS, SIZES, STRENGTHS, VARIANTS, type Variant } from './variants.ts';
import '../../charts/series-chart.ts';
import './variant-table.ts';

/** The one experiment of the page: this element goes when another part is chosen, and what it has measured stays. */
const experiment = new Experiment();

/**
 * Overfitting on purpose, and what helps against it: real runs, one after the other, overlaid.
 */
export class OverfittingLab extends LabElement {
  protected override readonly study = experiment;
  #series: { of: ReadonlyMap<Variant, LabResult>; curves: readonly Series[] } = { of: new Map(), curves: [] };

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
    else if (this.#ready) void experiment.run(this.session!, this.view.text!.sha256);
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
        ${this.number('steps', { label: OVERFITTING.steps, value: settings.steps, least: 1, most: MOST_STEPS }, (steps) => experiment.choose({ steps }))}
        ${this.number('seed', { label: OVERFITTING.seed, value: settings.seed, least: 0, most: 0xffffffff }, (seed) => experiment.choose({ seed }))}
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
    const described = html`
      <p id="what-${variant}">${what}</p>
      ${formula === undefined ? nothing : html`<p class="formula">${formula}</p>`}
      ${source === undefined ? nothing : html`<p class="help">${source}</p>`}
    `;
    const words = { name, term: STRENGTHS[variant] };
    return this.way(variant, words, experiment.chosen.has(variant), (on) => this.#toggle(variant, on), described);
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
    if (this.view.text !== null && !experiment.isCurrent(this.view.text.sha256)) return OVERFITTING.stale;
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
    const { results } = experiment;
    return html`
      <h2>${OVERFITTING.heading}</h2>
      <p class="intro">${OVERFITTING.intro}</p>
      ${this.#settings()}
      <fieldset>
        <legend>${OVERFITTING.remedies}</legend>
        <ul>${VARIANTS.filter((variant) => variant !== 'plain').map((variant) => this.#remedy(variant))}</ul>
      </fieldset>
      ${this.controls(going, this.#ready, { begin: OVERFITTING.run, end: OVERFITTING.end }, this.#state(), () => this.#press())}
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
    labStyles,
    css`
      .fields {
        grid-template-columns: repeat(3, minmax(0, 12rem));
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
        margin-top: var(--space-5);
      }

      li p {
        max-width: 40rem;
      }

      .formula {
        font: italic var(--text) / 1.6 var(--serif);
        color: var(--accent);
      }

      variant-table {
        margin-top: var(--space-5);
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
