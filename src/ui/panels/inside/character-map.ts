import { css, html, nothing, type PropertyValues, svg } from 'lit';
import type { EmbeddingMap, Neighbour } from '../../../worker/inspection/messages.ts';
import { figure } from '../../format.ts';
import { CHARACTERS } from '../../strings/inside.ts';
import { shared } from '../../styles.ts';
import { tables } from '../../table-styles.ts';
import { glyph, spoken } from './glyphs.ts';
import { InsideSectionElement, sectionStyles } from './section.ts';

const NEAREST = 8;
/** The map is drawn in these units. */
const SIZE = 100;
const MARGIN = 5;
/** More labels than these would lie on top of each other. */
const MOST_LABELS = 300;

/**
 * The characters as points, and which are alike.
 *
 * @prop look - changes when the map is to be drawn anew
 */
export class CharacterMap extends InsideSectionElement {
  static override properties = {
    ...InsideSectionElement.properties,
    look: { attribute: false },
    map: { state: true },
    picked: { state: true },
    nearest: { state: true },
    open: { state: true },
  };

  declare look: number;
  declare map: EmbeddingMap | null;
  declare picked: number;
  declare nearest: readonly Neighbour[];
  declare open: boolean;

  constructor() {
    super();
    this.look = 0;
    this.map = null;
    this.picked = 0;
    this.nearest = [];
    this.open = false;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    super.willUpdate(changed);
    if (changed.has('look') && !changed.has('run')) this.begin();
  }

  protected override begin(): void {
    void this.#draw();
  }

  async #draw(): Promise<void> {
    const map = await this.ask((inspection) => inspection.embeddingMap());
    if (!map) return;
    if (map.characters !== this.map?.characters && this.picked === 0) {
      // a letter says more than whatever comes first
      this.picked = Math.max(
        0,
        map.characters.findIndex((character) => /\p{L}/u.test(character)),
      );
    }
    this.picked = Math.min(this.picked, map.characters.length - 1);
    this.map = map;
    await this.#pick(this.picked);
  }

  async #pick(id: number): Promise<void> {
    this.picked = id;
    const nearest = await this.ask((inspection) => inspection.neighbours(id, NEAREST));
    if (nearest && id === this.picked) this.nearest = nearest;
  }

  #picture({ points, characters }: EmbeddingMap) {
    const xs = characters.map((_, id) => points[2 * id]!);
    const ys = characters.map((_, id) => points[2 * id + 1]!);
    const scale = (values: readonly number[]) => {
      const [low, high] = [Math.min(...values), Math.max(...values)];
      return (value: number) => MARGIN + ((value - low) / (high - low || 1)) * (SIZE - 2 * MARGIN);
    };
    const [x, y] = [scale(xs), scale(ys)];
    const near = new Set(this.nearest.map(({ id }) => id));
    const shown = characters.length <= MOST_LABELS ? characters.map((_, id) => id) : [this.picked, ...near];
    return html`
      <svg viewBox=${`0 0 ${SIZE} ${SIZE}`} role="img" aria-label=${CHARACTERS.map}>
        ${shown.map(
          (id) => svg`
            <text
              x=${x(xs[id]!)}
              y=${SIZE - y(ys[id]!)}
              class=${id === this.picked ? 'picked' : near.has(id) ? 'near' : ''}
              @click=${() => void this.#pick(id)}
            >${glyph(characters[id]!)}</text>
          `,
        )}
      </svg>
    `;
  }

  #table({ points, characters }: EmbeddingMap) {
    return html`
      <div class="scroll" tabindex="0" role="group" aria-label=${CHARACTERS.table}>
        <table>
          <thead><tr><th scope="col">${CHARACTERS.pick}</th><th scope="col">1</th><th scope="col">2</th></tr></thead>
          <tbody>
            ${characters.map(
              (character, id) => html`
                <tr>
                  <th scope="row">${glyph(character)}</th>
                  <td>${figure(points[2 * id]!)}</td>
                  <td>${figure(points[2 * id + 1]!)}</td>
                </tr>
              `,
            )}
          </tbody>
        </table>
      </div>
    `;
  }

  override render() {
    const { map, picked, nearest } = this;
    if (!map) return html`${this.failureNotice()}`;
    return html`
      <h3>${CHARACTERS.heading}</h3>
      <p class="intro">${CHARACTERS.intro}</p>
      ${this.failureNotice()}
      <div class="columns">
        <figure>
          ${this.#picture(map)}
          <figcaption class="help">${CHARACTERS.shares(...map.shares)}</figcaption>
        </figure>
        <div>
          <div class="fields">
            <label>
              ${CHARACTERS.pick}
              <select @change=${(event: Event) => void this.#pick(Number((event.target as HTMLSelectElement).value))}>
                ${map.characters.map(
                  (character, id) => html`<option value=${id} ?selected=${id === picked}>${glyph(character)}</option>`,
                )}
              </select>
            </label>
          </div>
          <table class="nearest">
            <caption>${CHARACTERS.nearest(spoken(map.characters[picked]!))}</caption>
            <thead><tr><th scope="col">${CHARACTERS.pick}</th><th scope="col">${CHARACTERS.cosine}</th></tr></thead>
            <tbody>
              ${nearest.map(
                ({ character, id, cosine }) => html`
                  <tr>
                    <th scope="row"><button aria-label=${spoken(character)} @click=${() => void this.#pick(id)}>${glyph(character)}</button></th>
                    <td>
                      <span class="bar" .style=${`width:${Math.max(0, 100 * cosine)}%`}></span>
                      <span>${cosine.toFixed(3)}</span>
                    </td>
                  </tr>
                `,
              )}
            </tbody>
          </table>
          <p class="help">${CHARACTERS.help}</p>
          <details
            @toggle=${(event: Event) => {
              this.open = (event.currentTarget as HTMLDetailsElement).open;
            }}
          >
            <summary class="help">${CHARACTERS.table}</summary>
            ${this.open ? this.#table(map) : nothing}
          </details>
        </div>
      </div>
    `;
  }

  static override styles = [
    shared,
    tables,
    sectionStyles,
    css`
      .columns {
        --columns: minmax(0, 3fr) minmax(0, 2fr);
      }

      figure {
        max-width: 44rem;
        margin: 0;
      }

      svg {
        display: block;
        width: 100%;
        border: 1px solid var(--rule);
        background: var(--sheet);
      }

      text {
        fill: var(--ink);
        font: 2.6px var(--serif);
        text-anchor: middle;
        dominant-baseline: central;
        cursor: pointer;
      }

      /* the map is half as wide on a phone, and its characters are as large */
      @media (max-width: 40rem) {
        text {
          font-size: 4px;
        }

        .picked {
          font-size: 5.6px;
        }
      }

      .near {
        fill: var(--accent);
        font-weight: 700;
      }

      .picked {
        fill: var(--alarm);
        font-weight: 700;
        font-size: 3.6px;
      }

      table {
        width: 100%;
        margin: var(--space-3) 0;
        font-size: inherit;
      }

      caption {
        padding-bottom: var(--space-1);
        color: var(--ink-soft);
      }

      th,
      td {
        position: relative;
        padding: 0 var(--space-2);
      }

      thead th {
        font-size: var(--text-small);
      }

      th button {
        min-height: 2rem;
        border: 0;
        font: var(--text-large) var(--serif);
      }

      .bar {
        position: absolute;
        bottom: 3px;
        left: 0;
        height: 2px;
        background: var(--accent);
      }

      summary {
        width: max-content;
        margin-top: var(--space-2);
        cursor: pointer;
      }

      .scroll {
        max-height: 20rem;
        overflow: auto;
      }
    `,
  ];
}

customElements.define('character-map', CharacterMap);

declare global {
  interface HTMLElementTagNameMap {
    'character-map': CharacterMap;
  }
}
