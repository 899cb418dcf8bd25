import { css, html, LitElement, nothing } from 'lit';
import type { PromptView } from '../../../worker/inspection/messages.ts';
import { PROMPT_LOOK } from '../../strings/inside.ts';
import { shared } from '../../styles.ts';
import { glyph, spoken } from './glyphs.ts';

/** The strongest wash behind a character that can still be read. */
const MOST_WASH = 45;
/** Predictions of a layer at one place. */
const SHOWN = 5;

const percentOf = (p: number) => `${(100 * p).toFixed(p < 0.0995 ? 1 : 0)} %`;

/**
 * What the model would say behind each block: at every place the likeliest character, and more at the chosen place.
 *
 * @prop look - at a text
 * @prop place - the chosen one
 * @fires choose - another place; does not climb
 */
export class LensTable extends LitElement {
  static override properties = { look: { attribute: false }, place: { attribute: false } };

  declare look: PromptView | null;
  declare place: number;

  constructor() {
    super();
    this.look = null;
    this.place = 0;
  }

  #everywhere({ characters, layers, lens, kept, vocabulary }: PromptView) {
    const n = characters.length;
    return html`
      <p class="caption help">${PROMPT_LOOK.lensTable}</p>
      <div class="scroll" tabindex="0" role="group" aria-label=${PROMPT_LOOK.lensTable}>
        <table class="everywhere" aria-label=${PROMPT_LOOK.lensTable}>
          <thead>
            <tr>
              <th scope="col">${PROMPT_LOOK.behind}</th>
              ${characters.map(
                (character, t) => html`
                  <th scope="col" class=${t === this.place ? 'chosen' : ''}>
                    <span aria-label=${spoken(character)} role="img">${glyph(character)}</span>
                  </th>
                `,
              )}
            </tr>
          </thead>
          <tbody>
            ${Array.from({ length: layers + 1 }, (_, layer) => {
              return html`
                <tr>
                  <th scope="row">${PROMPT_LOOK.lensRow(layer)}</th>
                  ${characters.map((_, t) => {
                    const at = (layer * n + t) * kept;
                    const p = lens.probabilities[at]!;
                    return html`
                      <td
                        class=${t === this.place ? 'chosen' : ''}
                        .style=${`--wash:${Math.round(MOST_WASH * p)}%`}
                        title=${percentOf(p)}
                        @click=${() => this.dispatchEvent(new CustomEvent<number>('choose', { detail: t }))}
                      >${glyph(vocabulary[lens.ids[at]!]!)}</td>
                    `;
                  })}
                </tr>
              `;
            })}
          </tbody>
        </table>
      </div>
    `;
  }

  #here({ characters, layers, lens, kept, vocabulary, right }: PromptView) {
    const { place } = this;
    const n = characters.length;
    const next = characters[place + 1];
    const shown = Math.min(SHOWN, kept);
    const name = PROMPT_LOOK.next(spoken(characters[place]!));
    return html`
      <p class="caption">
        ${name}
        <span class="help">
          ${next === undefined ? `· ${PROMPT_LOOK.end}` : html`· ${PROMPT_LOOK.comes}: <b>${glyph(next)}</b>`}
        </span>
      </p>
      <div class="scroll" tabindex="0" role="group" aria-label=${name}>
        <table class="here" aria-label=${name}>
          <thead>
            <tr>
              <th scope="col">${PROMPT_LOOK.behind}</th>
              <th scope="col" colspan=${shown}>${PROMPT_LOOK.predictions}</th>
              ${next === undefined ? nothing : html`<th scope="col">${PROMPT_LOOK.rightOne}</th>`}
            </tr>
          </thead>
          <tbody>
            ${Array.from({ length: layers + 1 }, (_, layer) => {
              const at = (layer * n + place) * kept;
              return html`
                <tr>
                  <th scope="row">${PROMPT_LOOK.lensRow(layer)}</th>
                  ${Array.from({ length: shown }, (_, rank) => {
                    const character = vocabulary[lens.ids[at + rank]!]!;
                    const p = lens.probabilities[at + rank]!;
                    return html`
                      <td .style=${`--wash:${Math.round(MOST_WASH * p)}%`} class=${character === next ? 'right' : ''}>
                        <b>${glyph(character)}</b> <span>${percentOf(p)}</span>
                      </td>
                    `;
                  })}
                  ${next === undefined ? nothing : html`<td>${percentOf(right[layer * (n - 1) + place]!)}</td>`}
                </tr>
              `;
            })}
          </tbody>
        </table>
      </div>
    `;
  }

  override render() {
    const { look } = this;
    if (!look) return html``;
    return html`${this.#here(look)}${this.#everywhere(look)}`;
  }

  static override styles = [
    shared,
    css`
      .scroll {
        overflow-x: auto;
      }

      table {
        margin-bottom: var(--space-4);
        border-collapse: collapse;
        font-variant-numeric: tabular-nums lining-nums;
      }

      .caption {
        margin-bottom: var(--space-2);
      }

      th,
      td {
        padding: var(--space-1) var(--space-2);
        border-top: 1px solid var(--rule);
        font-weight: 400;
        white-space: nowrap;
      }

      td {
        background: color-mix(in srgb, var(--accent) var(--wash, 0%), var(--paper));
      }

      th {
        color: var(--ink-soft);
        font-size: var(--text-small);
        text-align: left;
      }

      b {
        font: 700 var(--text-large) / 1.2 var(--serif);
      }

      .here td {
        min-width: 5rem;
      }

      .here .right {
        box-shadow: inset 0 -2px var(--alarm);
      }

      .everywhere td,
      .everywhere thead th:not(:first-child) {
        min-width: 1.6em;
        padding: var(--space-1);
        font: var(--text-large) / 1.2 var(--serif);
        text-align: center;
      }

      .everywhere td {
        cursor: pointer;
      }

      .everywhere th:first-child {
        position: sticky;
        left: 0;
        background: var(--paper);
      }

      .chosen {
        box-shadow: inset 2px 0 var(--alarm), inset -2px 0 var(--alarm);
      }
    `,
  ];
}

customElements.define('lens-table', LensTable);

declare global {
  interface HTMLElementTagNameMap {
    'lens-table': LensTable;
  }
}
