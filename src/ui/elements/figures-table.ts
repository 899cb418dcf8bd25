import { css, html, LitElement, nothing } from 'lit';
import { count, loss } from '../format.ts';
import { choices, FIGURES, percent } from '../strings.ts';
import { shared } from '../styles.ts';
import { tables } from '../table-styles.ts';
import type { Evaluation } from '../view.ts';

/**
 * The table behind the chart.
 *
 * @prop evaluations - one row each, in nats
 */
export class FiguresTable extends LitElement {
  static override properties = { evaluations: { attribute: false }, open: { state: true } };

  declare evaluations: readonly Evaluation[];
  /** A closed table has no rows: a long run would only pay for them. */
  declare open: boolean;

  constructor() {
    super();
    this.evaluations = [];
    this.open = false;
  }

  #toggled(event: Event): void {
    this.open = (event.currentTarget as HTMLDetailsElement).open;
  }

  #table() {
    if (this.evaluations.length === 0) return html`<p class="help">${FIGURES.empty}</p>`;
    const task = this.evaluations.some(({ accuracy }) => accuracy !== undefined);
    return html`
      <table>
        <caption class="help">${FIGURES.caption}</caption>
        <thead>
          <tr>
            <th scope="col">${FIGURES.step}</th>
            <th scope="col">${FIGURES.train}</th>
            <th scope="col">${FIGURES.val}</th>
            <th scope="col">${FIGURES.bits}</th>
            <th scope="col">${FIGURES.among}</th>
            ${task ? html`<th scope="col">${FIGURES.accuracy}</th>` : nothing}
          </tr>
        </thead>
        <tbody>
          ${this.evaluations.map(
            ({ step, train, val, accuracy }) => html`
              <tr>
                <th scope="row">${count(step)}</th>
                <td>${loss(train)}</td>
                <td>${loss(val)}</td>
                <td>${loss(val / Math.LN2)}</td>
                <td>${choices(Math.exp(val))}</td>
                ${accuracy === undefined ? nothing : html`<td>${percent(accuracy)}</td>`}
              </tr>
            `,
          )}
        </tbody>
      </table>
    `;
  }

  override render() {
    return html`
      <details @toggle=${this.#toggled}>
        <summary>${FIGURES.summary}</summary>
        ${this.open ? this.#table() : nothing}
      </details>
    `;
  }

  static override styles = [
    shared,
    tables,
    css`
      summary {
        width: max-content;
        color: var(--ink-soft);
        font-size: var(--text-small);
        cursor: pointer;
      }

      p {
        margin-top: var(--space-3);
      }

      table {
        width: 100%;
        max-width: 34rem;
        margin-top: var(--space-3);
      }
    `,
  ];
}

customElements.define('figures-table', FiguresTable);

declare global {
  interface HTMLElementTagNameMap {
    'figures-table': FiguresTable;
  }
}
