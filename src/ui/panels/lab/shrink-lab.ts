import { css, html, nothing } from 'lit';
import { live } from 'lit/directives/live.js';
import type { Measurement, Scope } from '../../../worker/shrinking.ts';
import type { Series } from '../../charts/series.ts';
import { bytes, loss } from '../../format.ts';
import { SHRINK } from '../../strings/shrink.ts';
import { shared } from '../../styles.ts';
import { canExport, isActive, openingOf } from '../../view.ts';
import { LabElement } from './lab-element.ts';
import { labStyles } from './lab-styles.ts';
import { changeOf, ShrinkStudy, sizeOf } from './shrink-study.ts';
import '../../charts/series-chart.ts';
import './shrink-table.ts';

/** The one study of the page: this element goes when another part is chosen, and what it has measured stays. */
const study = new ShrinkStudy();

const SCOPES: readonly Scope[] = ['global', 'tensor'];
const MOST_STEPS = 100_000;
/** A rise of the loss, in per cent, that a person would hardly notice in what is written. */
const LITTLE = 1;

const seriesOf = (label: string, colour: string, points: readonly Measurement[], line = true): Series[] => {
  const sorted = points.toSorted((a, b) => sizeOf(a) - sizeOf(b));
  const [x, y] = [sorted.map(sizeOf), sorted.map(({ val_loss }) => val_loss)];
  return points.length === 0 ? [] : [{ label, colour, x, y, points: true, line }];
};

/**
 * Quantization and pruning of the model on show: what they save, and what they cost.
 */
export class ShrinkLab extends LabElement {
  protected override readonly study = study;
  #drawn: { of: readonly Measurement[]; series: readonly Series[] } = { of: [], series: [] };
  #typed = false;

  /** The same array as long as the results are the same ones. */
  #series(): readonly Series[] {
    const { results } = study;
    if (this.#drawn.of !== results) {
      const { series } = SHRINK;
      const of = (scope: Scope, tuned: boolean) =>
        results.filter(({ variant: { prune, fine_tune } }) => prune?.scope === scope && Boolean(fine_tune) === tuned);
      this.#drawn = {
        of: results,
        series: [
          ...seriesOf(series.global, '--series-1', of('global', false)),
          ...seriesOf(series.tensor, '--series-2', of('tensor', false)),
          ...seriesOf(series.tuned, '--series-3', of('global', true)),
          ...seriesOf(
            series.bits,
            '--series-6',
            results.filter(({ variant }) => variant.bits !== 32),
            false,
          ),
        ],
      };
    }
    return this.#drawn.series;
  }

  /** Why the model on show cannot be shrunk, or null. */
  #hindrance(): string | null {
    const { phase, run } = this.view;
    if (isActive(phase) && phase !== 'paused') return SHRINK.busy;
    if (run !== null && !run.live) return SHRINK.shown;
    return canExport(this.view) && this.session !== null ? null : SHRINK.none;
  }

  get #prompt(): string {
    const { text } = this.view;
    return this.#typed ? study.settings.prompt : (text?.opening ?? openingOf(text?.preview ?? ''));
  }

  #press(): void {
    if (study.running) study.end();
    else if (this.#hindrance() === null) {
      study.choose({ prompt: this.#prompt });
      void study.run(this.session!);
    }
  }

  #check(words: { name: string; term: string; help: string }, id: string, on: boolean, set: (on: boolean) => void) {
    return this.way(id, words, on, set, html`<p id="what-${id}" class="help">${words.help}</p>`);
  }

  #ways() {
    const { bits, scopes, tune, steps } = study.settings;
    const toggle = (scope: Scope, on: boolean) =>
      study.choose({ scopes: new Set(SCOPES.filter((one) => (one === scope ? on : scopes.has(one)))) });
    return html`
      <fieldset>
        <legend>${SHRINK.ways}</legend>
        <ul>
          ${this.#check(SHRINK.bits, 'bits', bits, (on) => study.choose({ bits: on }))}
          ${SCOPES.map((scope) => this.#check(SHRINK.scopes[scope], scope, scopes.has(scope), (on) => toggle(scope, on)))}
          ${this.#check(SHRINK.tune, 'tune', tune, (on) => study.choose({ tune: on }))}
        </ul>
      </fieldset>
      <div class="fields">
        ${this.number('steps', { label: SHRINK.steps, value: steps, least: 1, most: MOST_STEPS, disabled: !tune }, (to) => study.choose({ steps: to }))}
        <div>
          <label for="begin">${SHRINK.prompt}</label>
          <input
            id="begin"
            type="text"
            spellcheck="false"
            .value=${live(this.#prompt)}
            @input=${(event: Event) => {
              this.#typed = true;
              study.choose({ prompt: (event.currentTarget as HTMLInputElement).value });
            }}
          />
        </div>
      </div>
    `;
  }

  #state(): string {
    const { running, start, results, current } = study;
    if (running)
      return current ? SHRINK.going(SHRINK.name(current), results.length, start!.variants.length) : SHRINK.starting;
    const hindrance = this.#hindrance();
    if (start !== null && results.length > 0) {
      const of = SHRINK.done(start.step, start.text, start.evaluated);
      return study.finished ? of : `${SHRINK.ended} ${of}`;
    }
    return hindrance ?? SHRINK.idle;
  }

  /** What the figures say, in sentences. */
  #verdict() {
    const { results } = study;
    const [first] = results;
    if (!first || results.length === 1) return nothing;
    const sentences = results
      .filter(({ variant }) => variant.bits !== 32)
      .map((one) => SHRINK.verdict(one.variant.bits, one.bytes / first.bytes, changeOf(one, results)));
    const pruned = results.filter(({ variant: { prune, fine_tune } }) => prune && !fine_tune);
    const harmless = pruned.filter((one) => changeOf(one, results) <= LITTLE);
    const most = harmless.toSorted((a, b) => b.variant.prune!.share - a.variant.prune!.share)[0];
    if (most) sentences.push(SHRINK.pruned(most.variant.prune!.share, most.val_loss));
    else if (pruned.length > 0) sentences.push(SHRINK.prunedNone);
    const tuned = results.findLast(({ variant }) => variant.fine_tune);
    const before = pruned.find(
      ({ variant: { prune } }) => prune!.scope === 'global' && prune!.share === tuned?.variant.prune?.share,
    );
    if (tuned && before) {
      const { variant, val_loss, control_val_loss } = tuned;
      sentences.push(SHRINK.mended(variant.prune!.share, before.val_loss, val_loss, control_val_loss!));
    }
    return html`<p class="verdict">${sentences.join(' ')}</p>`;
  }

  #results() {
    const { results } = study;
    const [first] = results;
    if (!first) return nothing;
    const control = results.find(({ control_val_loss }) => control_val_loss !== null);
    const lines = [
      { y: first.val_loss, label: SHRINK.asTrained },
      ...(control ? [{ y: control.control_val_loss!, label: SHRINK.control }] : []),
    ];
    return html`
      ${this.#verdict()}
      ${
        results.length === 1
          ? nothing
          : html`
              <series-chart
                .series=${this.#series()}
                .revision=${this.revision}
                .lines=${lines}
                .label=${SHRINK.chart}
                name="shrinking"
                .xLabel=${SHRINK.xLabel}
                .yLabel=${SHRINK.yLabel}
                .xRange=${[0, first.bytes]}
                .formatX=${bytes}
                .formatY=${loss}
              ></series-chart>
              <p class="help">${SHRINK.chartHelp}</p>
            `
      }
      <shrink-table .results=${results}></shrink-table>
    `;
  }

  override render() {
    return html`
      <h2>${SHRINK.heading}</h2>
      <p class="intro">${SHRINK.intro}</p>
      ${this.#ways()}
      ${this.controls(study.running, this.#hindrance() === null, SHRINK, this.#state(), () => this.#press())}
      ${this.#results()}
    `;
  }

  static override styles = [
    shared,
    labStyles,
    css`
      :host {
        margin-top: var(--space-7);
        padding-top: var(--space-5);
        border-top: 1px solid var(--rule);
      }

      .fields {
        grid-template-columns: minmax(0, 8rem) minmax(0, 24rem);
        margin-top: var(--space-2);
      }

      .go {
        margin-top: var(--space-4);
      }

      shrink-table {
        margin-top: var(--space-5);
      }
    `,
  ];
}

customElements.define('shrink-lab', ShrinkLab);

declare global {
  interface HTMLElementTagNameMap {
    'shrink-lab': ShrinkLab;
  }
}
