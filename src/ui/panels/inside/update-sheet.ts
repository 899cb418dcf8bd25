import { css, html, LitElement, nothing } from 'lit';
import type { WalkView, WeightUpdate } from '../../../worker/inspection/messages.ts';
import { STAGES, tensorName, UPDATE } from '../../strings/inside.ts';
import { CHOICE_NAMES } from '../../strings/options.ts';
import { shared } from '../../styles.ts';
import { tables } from '../../table-styles.ts';
import { sectionStyles } from './section.ts';
import { updateRows } from './weight-update.ts';

/** One weight of a model. */
export interface WeightChoice {
  name: string;
  row: number;
  column: number;
}

/**
 * What a step does to one weight, number by number, and the choice of the weight.
 *
 * @prop walk - the step
 * @prop chosen - the weight
 * @prop made - what becomes of it; null while that is asked for
 * @fires choose - a WeightChoice; does not climb
 */
export class UpdateSheet extends LitElement {
  static override properties = {
    walk: { attribute: false },
    chosen: { attribute: false },
    made: { attribute: false },
  };

  declare walk: WalkView | null;
  declare chosen: WeightChoice;
  declare made: WeightUpdate | null;

  constructor() {
    super();
    this.walk = null;
    this.chosen = { name: '', row: 0, column: 0 };
    this.made = null;
  }

  #choose(change: Partial<WeightChoice>): void {
    this.dispatchEvent(new CustomEvent<WeightChoice>('choose', { detail: { ...this.chosen, ...change } }));
  }

  #number(label: string, value: number, count: number, choose: (value: number) => void) {
    return html`
      <label>
        ${label}
        <input
          type="number"
          min="0"
          max=${count - 1}
          .value=${String(value)}
          ?disabled=${count === 1}
          @change=${(event: Event) => {
            const typed = Math.round(Number((event.target as HTMLInputElement).value));
            choose(Math.max(0, Math.min(count - 1, Number.isFinite(typed) ? typed : 0)));
          }}
        />
      </label>
    `;
  }

  override render() {
    const { walk, chosen, made } = this;
    const tensor = walk?.tensors.find(({ name }) => name === chosen.name);
    if (!walk || !tensor) return html``;
    const caption = UPDATE.caption(CHOICE_NAMES[walk.training.optimizer]!);
    const [rows, columns] = tensor.shape.length === 2 ? (tensor.shape as [number, number]) : [1, tensor.shape[0]!];
    return html`
      <div class="fields">
        <label>
          ${STAGES.update.tensor}
          <select
            @change=${(event: Event) => this.#choose({ name: (event.target as HTMLSelectElement).value, row: 0, column: 0 })}
          >
            ${walk.tensors.map(({ name }) => html`<option value=${name} ?selected=${name === chosen.name}>${tensorName(name)}</option>`)}
          </select>
        </label>
        ${this.#number(STAGES.update.row, chosen.row, rows, (row) => this.#choose({ row }))}
        ${this.#number(STAGES.update.column, chosen.column, columns, (column) => this.#choose({ column }))}
      </div>
      ${
        made
          ? html`
              <div class="scroll" tabindex="0" role="group" aria-label=${caption}>
                <table>
                  <caption class="help">${caption}</caption>
                  <thead>
                    <tr><th scope="col">${UPDATE.quantity}</th><th scope="col">${UPDATE.formula}</th><th scope="col">${UPDATE.value}</th></tr>
                  </thead>
                  <tbody>
                    ${updateRows(walk, made, tensor.decay).map(
                      ({ quantity, formula, value }) => html`
                        <tr><th scope="row">${quantity}</th><td class="number">${formula}</td><td class="number value">${value}</td></tr>
                      `,
                    )}
                  </tbody>
                </table>
              </div>
              <p class="help">${UPDATE.rounding}</p>
            `
          : nothing
      }
    `;
  }

  static override styles = [
    shared,
    tables,
    sectionStyles,
    css`
      .fields input {
        width: 7rem;
      }

      .scroll {
        overflow-x: auto;
        margin: var(--space-4) 0 var(--space-2);
      }

      table {
        width: 100%;
        font-size: inherit;
      }

      th,
      td {
        padding: var(--space-2);
        text-align: left;
      }

      thead th {
        font-size: var(--text-small);
      }

      tr > :last-child {
        text-align: right;
        white-space: nowrap;
      }
    `,
  ];
}

customElements.define('update-sheet', UpdateSheet);

declare global {
  interface HTMLElementTagNameMap {
    'update-sheet': UpdateSheet;
  }
}
