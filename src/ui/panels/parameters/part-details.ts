import { css, html, LitElement, nothing } from 'lit';
import type { OptimizerName } from '../../../model/config.ts';
import { type Anatomy, momentsOf, type Part } from '../../../model/counts.ts';
import { bytes, count } from '../../format.ts';
import { ACTIVATIONS, counted, PARAMETERS, PARTS } from '../../strings/parameters.ts';
import { shared } from '../../styles.ts';
import type { Place } from './architecture-diagram.ts';
import { figures } from './figures-styles.ts';
import { large, percentage } from './magnitudes.ts';
import './activation-curve.ts';

/** A dotted name that may be broken after each dot. */
const breakable = (name: string) => name.split('.').map((piece, i) => (i === 0 ? piece : html`.<wbr />${piece}`));

/** The part of a model at a place, or undefined where there is none. */
export function partAt({ embedding, block, output }: Anatomy, { id }: Place): Part | undefined {
  const parts = [...embedding, ...block, ...output];
  return [...parts, ...parts.flatMap(({ parts: inner }) => inner)].find((part) => part.id === id);
}

/**
 * All about one part: what it does, its tensors and how they are counted, what it costs.
 *
 * @prop anatomy - the model
 * @prop place - the part
 * @prop optimizer - whose moments are counted
 * @prop momentum - that optimizer's, if it is `sgd`
 */
export class PartDetails extends LitElement {
  static override properties = {
    anatomy: { attribute: false },
    place: { attribute: false },
    optimizer: { attribute: false },
    momentum: { type: Number },
  };

  declare anatomy: Anatomy | null;
  declare place: Place;
  declare optimizer: OptimizerName;
  declare momentum: number;

  constructor() {
    super();
    this.anatomy = null;
    this.place = { id: 'wte', layer: null };
    this.optimizer = 'adamw';
    this.momentum = 0;
  }

  #tensors(part: Part) {
    const { config } = this.anatomy!;
    if (part.tensors.length === 0) {
      if (part.id !== 'lm_head') return html`<p>${PARAMETERS.noTensors}</p>`;
      return html`<p>${PARAMETERS.tiedHead(config.vocab_size * config.n_embd)}</p>`;
    }
    const layer = `.h.${this.place.layer ?? 0}.`;
    return html`
      <table>
        <thead>
          <tr><th scope="col">${PARAMETERS.tensors}</th><th scope="col">${PARAMETERS.formula}</th></tr>
        </thead>
        <tbody>
          ${part.tensors.map(
            (tensor) => html`
              <tr>
                <th scope="row">${breakable(tensor.name.replace('.h.0.', layer))}</th>
                <td>${counted(config, tensor)}</td>
              </tr>
            `,
          )}
          ${
            part.tensors.length === 1
              ? nothing
              : html`<tr class="sum"><th scope="row">${PARAMETERS.together}</th><td>${count(part.parameters)}</td></tr>`
          }
        </tbody>
      </table>
    `;
  }

  #share({ parameters }: Part) {
    const { parameters: all, config } = this.anatomy!;
    const share = parameters / all;
    const blocks = this.place.layer === null ? 1 : config.n_layer;
    return html`
      <div class="bar"><span .style=${`width: ${100 * share}%`}></span></div>
      <p class="number">${PARAMETERS.shareOf(percentage(share), blocks, percentage(share * blocks))}</p>
    `;
  }

  #costs({ parameters, forward, cached }: Part) {
    const { optimizer, momentum } = this;
    const moments = momentsOf({ optimizer, momentum });
    const training = 4 * parameters * (2 + moments);
    const row = (term: string, value: string, help: string) => html`
      <div><dt>${term}</dt><dd class="number">${value}</dd><dd class="help number">${help}</dd></div>
    `;
    const remembered: [string, number][] = [
      [PARAMETERS.weights, 4 * parameters],
      [PARAMETERS.gradients, 4 * parameters],
      ...(moments > 0 ? [[PARAMETERS.moments(moments, optimizer), 4 * parameters * moments] as [string, number]] : []),
    ];
    const writing: [string, number][] = [
      [PARAMETERS.weights, 4 * parameters],
      ...(cached > 0 ? [[PARAMETERS.cache, 4 * cached] as [string, number]] : []),
    ];
    return html`
      <dl>
        ${row(PARAMETERS.training, bytes(training), parameters === 0 ? '' : PARAMETERS.memoryOf(remembered))}
        ${row(PARAMETERS.inference, bytes(4 * (parameters + cached)), parameters + cached === 0 ? '' : PARAMETERS.memoryOf(writing))}
        ${row(PARAMETERS.forward, large(forward), PARAMETERS.backward(large(3 * forward)))}
      </dl>
    `;
  }

  override render() {
    const { anatomy, place } = this;
    const part = anatomy && partAt(anatomy, place);
    if (!anatomy || !part) return nothing;
    const { activation } = anatomy.config;
    const words = part.id === 'mlp.activation' ? ACTIVATIONS[activation] : PARTS[part.id];
    const name = part.id === 'attn.heads' ? PARAMETERS.heads(anatomy.config.n_head) : words.name;
    const title = place.layer === null ? name : PARAMETERS.titled(name, place.layer);
    const curved = part.id === 'mlp.activation' || part.id === 'mlp';
    return html`
      <section aria-label=${title}>
        <h3>${title}</h3>
        <p class="what">${words.what}</p>
        ${words.formula === undefined ? nothing : html`<p class="formula">${words.formula}</p>`}
        ${curved ? html`<activation-curve .activation=${activation}></activation-curve>` : nothing}
        ${this.#tensors(part)} ${part.parameters === 0 ? nothing : this.#share(part)} ${this.#costs(part)}
        ${words.source === undefined ? nothing : html`<p class="help">${PARAMETERS.source(words.source)}</p>`}
      </section>
    `;
  }

  static override styles = [
    shared,
    figures,
    css`
      :host {
        padding-left: var(--space-4);
        border-left: 1px solid var(--rule);
      }

      section {
        display: grid;
        gap: var(--space-3);
        min-width: 0;
      }

      .what {
        max-width: 40rem;
        font: var(--text-large) / 1.5 var(--serif);
      }

      .formula {
        font: italic var(--text-large) / 1.5 var(--serif);
        color: var(--accent);
      }

      th,
      td {
        vertical-align: baseline;
        overflow-wrap: anywhere;
      }

      .bar {
        height: 5px;
        background: var(--rule);
      }

      .bar span {
        display: block;
        height: 100%;
        min-width: 1px;
        background: var(--accent);
      }
    `,
  ];
}

customElements.define('part-details', PartDetails);

declare global {
  interface HTMLElementTagNameMap {
    'part-details': PartDetails;
  }
}
