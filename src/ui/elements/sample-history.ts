import { css, html, LitElement, nothing } from 'lit';
import { emit } from '../emit.ts';
import { count } from '../format.ts';
import { SAMPLE } from '../strings.ts';
import { shared } from '../styles.ts';
import { type Sample, spread } from '../view.ts';

/** Samples shown, spread over the run. */
const SHOWN = 7;

/** Characters of each; a line shows fewer. */
const EXCERPT = 160;

/**
 * The samples of a run below one another, a line each, the newest first: how the writing changes.
 *
 * @prop samples - written during training, oldest first
 * @prop step - of the sample that stands on the sheet; null for the newest
 * @fires choose-sample - a step, or null for the newest
 */
export class SampleHistory extends LitElement {
  static override properties = { samples: { attribute: false }, step: { attribute: false } };

  declare samples: readonly Sample[];
  declare step: number | null;

  constructor() {
    super();
    this.samples = [];
    this.step = null;
  }

  override render() {
    const rows = spread(this.samples, SHOWN).reverse();
    const newest = this.samples.at(-1)?.step;
    const choose = (step: number) => emit<number | null>(this, 'choose-sample', step === newest ? null : step);
    return html`
      <h2>${SAMPLE.history}</h2>
      ${
        rows.length === 0
          ? html`<p class="help">${SAMPLE.historyEmpty}</p>`
          : html`<ol>
              ${rows.map(
                ({ step, text }) =>
                  html`<li>
                    <button
                      class="number"
                      aria-label=${SAMPLE.show(step)}
                      aria-current=${step === (this.step ?? newest) ? 'true' : nothing}
                      @click=${() => choose(step)}
                    >${count(step)}</button><q>${text.trim().slice(0, EXCERPT)}</q>
                  </li>`,
              )}
            </ol>`
      }
    `;
  }

  static override styles = [
    shared,
    css`
      :host {
        margin-top: var(--space-6);
      }

      p {
        margin-top: var(--space-2);
      }

      ol {
        margin: var(--space-2) 0 0;
        padding: 0;
        list-style: none;
      }

      li {
        display: grid;
        grid-template-columns: 3.25rem minmax(0, 1fr);
        gap: var(--space-4);
        align-items: baseline;
        padding: 0.3rem 0;
        border-top: 1px solid var(--rule);
      }

      button {
        min-height: 1.5rem;
        padding: 0;
        border: 0;
        background: none;
        color: var(--ink-faint);
        font-size: var(--text-small);
        text-align: right;
      }

      button:hover,
      button[aria-current] {
        color: var(--accent);
      }

      button[aria-current] {
        font-weight: 600;
      }

      q {
        overflow: hidden;
        font-family: var(--serif);
        text-overflow: ellipsis;
        white-space: nowrap;
        quotes: none;
      }
    `,
  ];
}

customElements.define('sample-history', SampleHistory);

declare global {
  interface HTMLElementTagNameMap {
    'sample-history': SampleHistory;
  }
}
