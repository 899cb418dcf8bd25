import { css, html, LitElement, nothing } from 'lit';
import { PROMPT_LOOK } from '../../strings/inside.ts';
import { shared } from '../../styles.ts';
import { glyph, spoken } from './glyphs.ts';

/** The strongest wash behind a character that can still be read. */
const MOST_WASH = 45;

/**
 * A text, one of whose characters is chosen, by pointing or by the arrow keys.
 *
 * @prop characters - of the text
 * @prop shares - from 0 to 1, how strongly each is coloured
 * @prop notes - a few signs below each
 * @prop chosen - index of one
 * @prop label - what is coloured
 * @prop hovers - whether pointing is enough to choose, without a click
 * @fires choose - the index of another; does not climb
 */
export class ShownText extends LitElement {
  static override properties = {
    characters: { attribute: false },
    shares: { attribute: false },
    notes: { attribute: false },
    chosen: { attribute: false },
    label: { attribute: false },
    hovers: { type: Boolean },
  };

  declare characters: readonly string[];
  declare shares: ArrayLike<number>;
  declare notes: readonly string[];
  declare chosen: number;
  declare label: string;
  declare hovers: boolean;

  constructor() {
    super();
    this.characters = [];
    this.shares = [];
    this.notes = [];
    this.chosen = 0;
    this.label = PROMPT_LOOK.shownText;
    this.hovers = false;
  }

  #choose(index: number, focus = false): void {
    if (index < 0 || index >= this.characters.length) return;
    if (index !== this.chosen) this.dispatchEvent(new CustomEvent<number>('choose', { detail: index }));
    if (focus) this.renderRoot.querySelectorAll<HTMLElement>('[role="option"]')[index]!.focus();
  }

  #onKey(event: KeyboardEvent): void {
    const { chosen, characters } = this;
    const to = { ArrowRight: chosen + 1, ArrowLeft: chosen - 1, Home: 0, End: characters.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.#choose(to, true);
  }

  override render() {
    const { characters, shares, notes, chosen } = this;
    return html`
      <div role="listbox" aria-label=${this.label} aria-orientation="horizontal" @keydown=${this.#onKey}>
        ${characters.map((character, i) => {
          const wash = Math.round(MOST_WASH * Math.min(1, Math.max(0, shares[i] ?? 0)));
          return html`
            <span
              role="option"
              aria-selected=${i === chosen}
              tabindex=${i === chosen ? 0 : -1}
              .style=${`--wash:${wash}%`}
              @pointerenter=${(event: PointerEvent) => this.hovers && event.pointerType === 'mouse' && this.#choose(i)}
              @click=${() => this.#choose(i)}
              @focus=${() => this.#choose(i)}
            ><span class="said">${PROMPT_LOOK.character(i, spoken(character))}</span
              ><span class="sign" aria-hidden="true">${glyph(character)}</span>${notes.length > 0 ? html`<span class="note number">${notes[i] ?? ''}</span>` : nothing}</span>
          `;
        })}
      </div>
    `;
  }

  static override styles = [
    shared,
    css`
      [role='listbox'] {
        display: flex;
        flex-wrap: wrap;
        gap: 2px 1px;
      }

      [role='option'] {
        position: relative;
        display: grid;
        min-width: 1.1em;
        justify-items: center;
        padding: 2px 3px;
        background: color-mix(in srgb, var(--accent) var(--wash), var(--sheet));
        font: 1.25rem / 1.3 var(--serif);
        cursor: pointer;
      }

      [aria-selected='true'] {
        box-shadow: inset 0 -3px var(--alarm);
      }

      .said {
        position: absolute;
        width: 1px;
        height: 1px;
        overflow: hidden;
        clip-path: inset(50%);
        white-space: nowrap;
      }

      .note {
        min-height: 1.2em;
        font: 0.75rem / 1.2 var(--sans);
      }
    `,
  ];
}

customElements.define('shown-text', ShownText);

declare global {
  interface HTMLElementTagNameMap {
    'shown-text': ShownText;
  }
}
