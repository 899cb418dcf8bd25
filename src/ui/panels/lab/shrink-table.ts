import { css, html, LitElement } from 'lit';
import type { Measurement } from '../../../worker/shrinking.ts';
import { bytes, loss, rate } from '../../format.ts';
import { SHRINK } from '../../strings/shrink.ts';
import { NOTHING_YET, percent } from '../../strings/words.ts';
import { shared } from '../../styles.ts';
import { tables } from '../../table-styles.ts';
import { changeOf } from './shrink-study.ts';

/**
 * What shrinking has come to, a row for each model, and what each writes.
 *
 * @prop results - in the order in which they came, the model as it was trained first
 */
export class ShrinkTable extends LitElement {
  static override properties = { results: { attribute: false } };

  declare results: readonly Measurement[];

  constructor() {
    super();
    this.results = [];
  }

  #row(measurement: Measurement) {
    const {
      variant,
      bytes: size,
      zeros,
      parameters,
      sparse_bytes,
      zip_bytes,
      val_loss,
      control_val_loss,
      characters_per_s,
    } = measurement;
    const first = this.results[0]!;
    return html`
      <tr>
        <th scope="row">${SHRINK.name(variant)}</th>
        <td>${bytes(size)}</td>
        <td>${percent(size / first.bytes)}</td>
        <td>${zeros === 0 ? NOTHING_YET : percent(zeros / parameters)}</td>
        <td>${sparse_bytes === null ? NOTHING_YET : bytes(sparse_bytes)}</td>
        <td>${bytes(zip_bytes)}</td>
        <td>${loss(val_loss, 4)}</td>
        <td>${measurement === first ? NOTHING_YET : SHRINK.change(changeOf(measurement, this.results))}</td>
        <td>${control_val_loss === null ? NOTHING_YET : loss(control_val_loss, 4)}</td>
        <td>${rate(characters_per_s)}</td>
      </tr>
    `;
  }

  override render() {
    return html`
      <div class="scroll" role="group" tabindex="0" aria-label=${SHRINK.caption}>
        <table>
          <caption class="help">${SHRINK.caption}</caption>
          <thead>
            <tr>${Object.values(SHRINK.columns).map((name) => html`<th scope="col">${name}</th>`)}</tr>
          </thead>
          <tbody>${this.results.map((measurement) => this.#row(measurement))}</tbody>
        </table>
      </div>
      <h3>${SHRINK.samples}</h3>
      <p class="help">${SHRINK.samplesHelp}</p>
      <dl>
        ${this.results.map(
          ({ variant, sample }) => html`
            <div>
              <dt>${SHRINK.name(variant)}</dt>
              <dd>${sample.trim() === '' ? html`<span class="help">${SHRINK.blank}</span>` : sample}</dd>
            </div>
          `,
        )}
      </dl>
    `;
  }

  static override styles = [
    shared,
    tables,
    css`
      .scroll {
        overflow-x: auto;
      }

      table {
        width: 100%;
        min-width: 54rem;
      }

      th,
      td {
        vertical-align: bottom;
      }

      tbody :is(th, td) {
        white-space: nowrap;
      }

      h3 {
        margin-top: var(--space-5);
      }

      dl {
        margin: var(--space-3) 0 0;
      }

      dl div {
        display: grid;
        grid-template-columns: minmax(0, 14rem) minmax(0, 1fr);
        gap: 0 var(--space-4);
        padding: var(--space-2) 0;
        border-top: 1px solid var(--rule);
      }

      dt {
        color: var(--ink-soft);
        font-size: var(--text-small);
      }

      dd {
        margin: 0;
        font: var(--text) / 1.5 var(--serif);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }

      @media (max-width: 40rem) {
        dl div {
          grid-template-columns: minmax(0, 1fr);
        }
      }
    `,
  ];
}

customElements.define('shrink-table', ShrinkTable);

declare global {
  interface HTMLElementTagNameMap {
    'shrink-table': ShrinkTable;
  }
}
