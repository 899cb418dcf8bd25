import { css, html, LitElement } from 'lit';
import { count, loss } from '../../format.ts';
import { OVERFITTING, VARIANTS as WORDS } from '../../strings/lab.ts';
import { NOTHING_YET } from '../../strings/words.ts';
import { shared } from '../../styles.ts';
import { tables } from '../../table-styles.ts';
import type { LabResult } from './experiment.ts';
import { COLOURS, type Variant } from './variants.ts';

/** The figures of a run: of the weights that it leaves, which with early stopping are those of its lowest loss. */
export function figuresOf({ steps, train, val, outcome }: LabResult) {
  const best = val.reduce((lowest, value, i) => (value < val[lowest]! ? i : lowest), 0);
  const end = outcome?.endedEarly ? best : val.length - 1;
  return { best: val[best], at: steps[best], val: val[end], train: train[end] };
}

/**
 * What came out, a row for each run.
 *
 * @prop results - by variant
 * @prop revision - changes whenever they have grown
 */
export class VariantTable extends LitElement {
  static override properties = { results: { attribute: false }, revision: { attribute: false } };

  declare results: ReadonlyMap<Variant, LabResult>;
  declare revision: number;

  constructor() {
    super();
    this.results = new Map();
    this.revision = 0;
  }

  #row(variant: Variant, result: LabResult) {
    const { best, at, val, train } = figuresOf(result);
    const number = (value: number | undefined, format = loss) => (value === undefined ? NOTHING_YET : format(value));
    const { outcome } = result;
    return html`
      <tr>
        <th scope="row"><i .style=${`border-color: var(${COLOURS[variant]})`}></i>${WORDS[variant].name}</th>
        <td>${number(outcome?.parameters, count)}</td>
        <td>${number(best)}</td>
        <td>${number(at, count)}</td>
        <td>${number(val)}</td>
        <td>${number(train)}</td>
        <td>${val === undefined ? NOTHING_YET : loss(val - train!)}</td>
        <td>${number(outcome?.norm, (value) => loss(value, 1))}</td>
      </tr>
    `;
  }

  override render() {
    const { columns } = OVERFITTING;
    return html`
      <div class="scroll" role="group" tabindex="0" aria-label=${OVERFITTING.caption}>
        <table>
          <caption class="help">${OVERFITTING.caption}</caption>
          <thead>
            <tr>${Object.values(columns).map((name) => html`<th scope="col">${name}</th>`)}</tr>
          </thead>
          <tbody>${[...this.results].map(([variant, result]) => this.#row(variant, result))}</tbody>
        </table>
      </div>
      <p class="help">${OVERFITTING.normHelp}</p>
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
        min-width: 40rem;
      }

      th,
      td {
        vertical-align: bottom;
      }

      tbody th {
        white-space: nowrap;
      }

      /* the colour of its curves */
      i {
        display: inline-block;
        width: 1.25rem;
        margin-right: var(--space-2);
        border-top: 2px solid;
        vertical-align: 0.25em;
      }

      p {
        margin-top: var(--space-2);
      }
    `,
  ];
}

customElements.define('variant-table', VariantTable);

declare global {
  interface HTMLElementTagNameMap {
    'variant-table': VariantTable;
  }
}
