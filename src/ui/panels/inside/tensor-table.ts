import { css, html, LitElement, nothing } from 'lit';
import type { Movements, TensorMovement } from '../../../worker/inspection/messages.ts';
import { figure } from '../../format.ts';
import { tensorName, WEIGHTS } from '../../strings/inside.ts';
import { shared } from '../../styles.ts';

/**
 * The tensors of a model and how far each has moved, one of which is chosen.
 *
 * @prop movements - of the model
 * @prop chosen - name of a tensor
 * @fires choose - the name of another; does not climb
 */
export class TensorTable extends LitElement {
  static override properties = { movements: { attribute: false }, chosen: { attribute: false } };

  declare movements: Movements | null;
  declare chosen: string;

  constructor() {
    super();
    this.movements = null;
    this.chosen = '';
  }

  #row(tensor: TensorMovement, most: number) {
    const { name, shape, norm, before, gradient } = tensor;
    const moved = before?.moved ?? 0;
    return html`
      <tr class=${name === this.chosen ? 'chosen' : ''}>
        <th scope="row">
          <button
            aria-pressed=${name === this.chosen}
            @click=${() => this.dispatchEvent(new CustomEvent('choose', { detail: name }))}
          >
            ${tensorName(name)}
          </button>
        </th>
        <td class="shape">${shape.join(' × ')}</td>
        <td>${figure(norm)}</td>
        ${
          before
            ? html`
                <td class="moved">
                  <span class="bar" .style=${`width:${most > 0 ? (100 * moved) / most : 0}%`}></span>
                  <span>${figure(moved)}</span>
                </td>
              `
            : nothing
        }
        ${gradient === null ? nothing : html`<td>${figure(gradient)}</td>`}
      </tr>
    `;
  }

  override render() {
    const { movements } = this;
    if (!movements) return html``;
    const { tensors } = movements;
    const known = tensors.some(({ before }) => before !== null);
    const most = Math.max(...tensors.map(({ before }) => before?.moved ?? 0));
    return html`
      <p class="help">${known ? WEIGHTS.help : WEIGHTS.noBeginning}</p>
      <div class="scroll" tabindex="0" role="group" aria-label=${WEIGHTS.heading}>
        <table aria-label=${WEIGHTS.table}>
          <thead>
            <tr>
              <th scope="col">${WEIGHTS.tensor}</th>
              <th scope="col">${WEIGHTS.shape}</th>
              <th scope="col">${WEIGHTS.norm}</th>
              ${known ? html`<th scope="col">${WEIGHTS.moved}</th>` : nothing}
              ${tensors[0]?.gradient === null ? nothing : html`<th scope="col">${WEIGHTS.gradient}</th>`}
            </tr>
          </thead>
          <tbody>${tensors.map((tensor) => this.#row(tensor, most))}</tbody>
        </table>
      </div>
    `;
  }

  static override styles = [
    shared,
    css`
      .scroll {
        max-height: 46rem;
        overflow: auto;
        border-bottom: 1px solid var(--rule);
      }

      table {
        width: 100%;
        border-collapse: collapse;
        font-size: var(--text-small);
        font-variant-numeric: tabular-nums lining-nums;
      }

      p {
        margin-bottom: var(--space-2);
      }

      th,
      td {
        padding: 0 0 0 var(--space-2);
        border-top: 1px solid var(--rule);
        font-weight: 400;
        text-align: right;
        white-space: nowrap;
      }

      thead th {
        position: sticky;
        z-index: 1;
        top: 0;
        padding: var(--space-1) 0 var(--space-1) var(--space-2);
        border: 0;
        background: var(--paper);
        color: var(--ink-faint);
      }

      tr > :first-child {
        padding-left: 0;
        text-align: left;
      }

      .shape {
        color: var(--ink-soft);
      }

      button {
        min-height: 1.75rem;
        padding: 0 var(--space-1) 0 0;
        border: 0;
        border-radius: 0;
        line-height: 1.3;
        text-align: left;
        white-space: normal;
      }

      button[aria-pressed='true'] {
        color: var(--accent);
        font-weight: 600;
      }

      .moved {
        position: relative;
        min-width: 5.5rem;
        padding-left: var(--space-4);
      }

      .moved .bar {
        position: absolute;
        bottom: 3px;
        left: var(--space-4);
        max-width: calc(100% - var(--space-4));
        height: 2px;
        background: var(--accent);
      }

      @media (max-width: 40rem) {
        thead th {
          white-space: normal;
        }

        th,
        td {
          padding-left: 6px;
        }

        .moved {
          min-width: 0;
        }
      }
    `,
  ];
}

customElements.define('tensor-table', TensorTable);

declare global {
  interface HTMLElementTagNameMap {
    'tensor-table': TensorTable;
  }
}
