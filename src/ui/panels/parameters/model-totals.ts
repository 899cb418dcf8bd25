import { css, html, LitElement, nothing } from 'lit';
import type { OptimizerName } from '../../../model/config.ts';
import { type Anatomy, momentsOf, type Part } from '../../../model/counts.ts';
import { bytes, count } from '../../format.ts';
import { TOTALS } from '../../strings/costs.ts';
import { PARTS } from '../../strings/parameters.ts';
import { shared } from '../../styles.ts';
import { figuresPage } from './figures-styles.ts';
import { percentage } from './magnitudes.ts';

/**
 * The sum over the whole model, by part and by kind, and the memory that it takes.
 *
 * @prop anatomy - the model
 * @prop optimizer - whose moments are counted
 * @prop momentum - that optimizer's, if it is `sgd`
 * @prop published - what a paper says about the sum, in a sentence, or null
 * @prop held - bytes that the run on show has on the GPU, where it is what is counted; else null
 */
export class ModelTotals extends LitElement {
  static override properties = {
    anatomy: { attribute: false },
    optimizer: { attribute: false },
    momentum: { type: Number },
    published: { attribute: false },
    held: { attribute: false },
  };

  declare anatomy: Anatomy | null;
  declare optimizer: OptimizerName;
  declare momentum: number;
  declare published: string | null;
  declare held: number | null;

  constructor() {
    super();
    this.anatomy = null;
    this.optimizer = 'adamw';
    this.momentum = 0;
    this.published = null;
    this.held = null;
  }

  #row(name: string, parameters: number, inner = false) {
    const share = parameters / this.anatomy!.parameters;
    return html`
      <tr class=${inner ? 'within' : ''}>
        <th scope="row">${name}</th>
        <td>${count(parameters)}</td>
        <td>${percentage(share)}</td>
        <td class="drawn" aria-hidden="true"><span .style=${`width: ${100 * share}%`}></span></td>
      </tr>
    `;
  }

  #table() {
    const { embedding, block, blockParameters, output, parameters, config } = this.anatomy!;
    const { n_layer } = config;
    const of = (...ids: Part['id'][]) =>
      n_layer * block.filter(({ id }) => ids.includes(id)).reduce((sum, part) => sum + part.parameters, 0);
    const named = (parts: readonly Part[]) =>
      parts.filter((part) => part.id !== 'softmax').map((part) => this.#row(PARTS[part.id].name, part.parameters));
    return html`
      <table>
        <thead>
          <tr>
            <th scope="col">${TOTALS.part}</th>
            <th scope="col">${TOTALS.parameters}</th>
            <th scope="col" colspan="2">${TOTALS.share}</th>
          </tr>
        </thead>
        <tbody>
          ${named(embedding)}
          ${this.#row(n_layer === 1 ? TOTALS.block : TOTALS.blocks(n_layer, blockParameters), n_layer * blockParameters)}
          ${this.#row(TOTALS.inBlocks.attn, of('attn'), true)} ${this.#row(TOTALS.inBlocks.mlp, of('mlp'), true)}
          ${this.#row(TOTALS.inBlocks.norms, of('ln_1', 'ln_2'), true)} ${named(output)}
          <tr class="sum"><th scope="row">${TOTALS.sum}</th><td>${count(parameters)}</td><td></td><td></td></tr>
        </tbody>
      </table>
    `;
  }

  override render() {
    const { anatomy, optimizer, momentum } = this;
    if (anatomy === null) return nothing;
    const { parameters, cached, kinds } = anatomy;
    const copies = 2 + momentsOf({ optimizer, momentum });
    const row = (term: string, value: number, help: string) => html`
      <div><dt>${term}</dt><dd class="number">${bytes(value)}</dd><dd class="help number">${help}</dd></div>
    `;
    return html`
      <h3>${TOTALS.heading}</h3>
      ${this.#table()}
      <p class="number">${TOTALS.kinds(kinds)}</p>
      ${this.published === null ? nothing : html`<p class="number published">${this.published}</p>`}
      <h3>${TOTALS.memory}</h3>
      <dl>
        ${row(TOTALS.training, 4 * copies * parameters, TOTALS.trainingHelp(copies))}
        ${this.held === null ? nothing : row(TOTALS.held, this.held, TOTALS.heldHelp)}
        ${row(TOTALS.writing, 4 * (parameters + cached), TOTALS.writingHelp(4 * cached))}
        ${row(TOTALS.half, 2 * (parameters + cached), TOTALS.halfHelp)}
      </dl>
    `;
  }

  static override styles = [
    shared,
    figuresPage,
    css`
      td {
        white-space: nowrap;
      }

      .within th {
        padding-left: var(--space-4);
        color: var(--ink-soft);
      }

      .within td {
        color: var(--ink-soft);
      }

      .drawn {
        width: 30%;
      }

      .drawn span {
        display: block;
        height: 0.5rem;
        min-width: 1px;
        background: var(--accent);
        opacity: 0.55;
      }

      .published {
        color: var(--accent);
      }
    `,
  ];
}

customElements.define('model-totals', ModelTotals);

declare global {
  interface HTMLElementTagNameMap {
    'model-totals': ModelTotals;
  }
}
