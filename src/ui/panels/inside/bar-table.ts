import { css, html, LitElement } from 'lit';
import { shared } from '../../styles.ts';
import { tables } from '../../table-styles.ts';

export interface Bar {
  name: string;
  /** As a screen reader says it, where that is not the name. */
  spoken?: string;
  value: number;
  text: string;
  marked?: boolean;
}

/**
 * Named numbers with a bar each: a chart that is a table.
 *
 * @prop bars - from top to bottom
 * @prop caption - what they are
 * @prop headings - of the two columns
 */
export class BarTable extends LitElement {
  static override properties = {
    bars: { attribute: false },
    caption: { attribute: false },
    headings: { attribute: false },
  };

  declare bars: readonly Bar[];
  declare caption: string;
  declare headings: readonly [string, string];

  constructor() {
    super();
    this.bars = [];
    this.caption = '';
    this.headings = ['', ''];
  }

  override render() {
    const most = Math.max(...this.bars.map(({ value }) => Math.abs(value)), 1e-30);
    return html`
      <table>
        <caption class="help">${this.caption}</caption>
        <thead>
          <tr><th scope="col">${this.headings[0]}</th><th scope="col" class="value">${this.headings[1]}</th><td></td></tr>
        </thead>
        <tbody>
          ${this.bars.map(
            ({ name, spoken, value, text, marked }) => html`
              <tr class=${marked ? 'marked' : ''}>
                <th scope="row">${spoken ? html`<span role="img" aria-label=${spoken}>${name}</span>` : name}</th>
                <td class="value">${text}</td>
                <td class="bar"><span class=${value < 0 ? 'negative' : ''} .style=${`width:${(100 * Math.abs(value)) / most}%`}></span></td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    `;
  }

  static override styles = [
    shared,
    tables,
    css`
      table {
        width: 100%;
        max-width: 44rem;
        font-size: inherit;
      }

      th,
      td {
        padding-right: var(--space-2);
        padding-left: var(--space-2);
        text-align: left;
      }

      thead :is(th, td) {
        border: 0;
        font-size: var(--text-small);
      }

      tbody th {
        font-size: var(--text);
        line-height: 1.4;
      }

      /* single characters, in the face of the text that they are from */
      tbody th [role='img'] {
        font: var(--text-large) / 1.2 var(--serif);
      }

      .value {
        width: 6rem;
        white-space: nowrap;
        text-align: right;
      }

      .bar {
        width: 50%;
      }

      @media (max-width: 40rem) {
        .bar {
          width: 25%;
        }
      }

      .bar span {
        display: block;
        height: 0.75rem;
        background: var(--ink-soft);
      }

      .bar .negative {
        background: var(--accent);
      }

      .marked th {
        color: var(--alarm);
        font-weight: 700;
      }

      .marked .bar span {
        background: var(--alarm);
      }
    `,
  ];
}

customElements.define('bar-table', BarTable);

declare global {
  interface HTMLElementTagNameMap {
    'bar-table': BarTable;
  }
}
