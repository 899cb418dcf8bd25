import { css, html, LitElement, nothing } from 'lit';
import { emit } from '../emit.ts';
import type { Alternative, CharacterChoice } from '../samples.ts';
import { CHOICES, nameOf } from '../strings.ts';
import { shared } from '../styles.ts';

/**
 * How one character was chosen: its probability and the five likeliest for its place.
 *
 * @prop character - the one that stands there, or null while none is looked at
 * @prop choice - how it was chosen, or null where that was not kept
 * @prop spoken - whether it is told to who does not see it: the pointer passes many, a key chooses one
 * @prop open - whether the model can write on with another character
 * @fires take - the character of an alternative
 */
export class ChoiceStrip extends LitElement {
  static override properties = {
    character: { attribute: false },
    choice: { attribute: false },
    spoken: { type: Boolean },
    open: { type: Boolean },
  };

  declare character: string | null;
  declare choice: CharacterChoice | null;
  declare spoken: boolean;
  declare open: boolean;

  constructor() {
    super();
    this.character = null;
    this.choice = null;
    this.spoken = false;
    this.open = false;
  }

  #sentence() {
    if (this.character === null) return CHOICES.hint;
    if (this.choice === null) return CHOICES.unknown(nameOf(this.character));
    return CHOICES.chosen(nameOf(this.character), this.choice.probability, this.choice.drawnWith);
  }

  #alternative({ character, probability }: Alternative) {
    const share = CHOICES.share(probability);
    const own = character === this.character;
    const face = html`
      <span class="face">${character === null || /\s/.test(character) ? nameOf(character) : character}</span>
      <span class="number">${share}</span>
      <span class="bar" .style=${`--share: ${probability}`}></span>
    `;
    if (!this.open || own || character === null)
      return html`<li class=${own ? 'own' : nothing}><span class="cell">${face}</span></li>`;
    return html`<li>
      <button class="cell" title=${CHOICES.take(nameOf(character))} @click=${() => emit<string>(this, 'take', character)}>${face}<span class="unseen">${CHOICES.taking}</span></button>
    </li>`;
  }

  override render() {
    return html`
      <p class="help" aria-live=${this.spoken ? 'polite' : 'off'}>
        ${this.#sentence()}<span class="unseen">${this.choice?.likeliest.map(({ character, probability }) => ` ${nameOf(character)} ${CHOICES.share(probability)},`)}</span>
      </p>
      ${
        this.choice === null
          ? nothing
          : html`<ol aria-label=${CHOICES.list}>${this.choice.likeliest.map((one) => this.#alternative(one))}</ol>`
      }
    `;
  }

  static override styles = [
    shared,
    css`
      :host {
        position: relative;
        min-height: 6.5rem;
      }

      p {
        min-height: 2.8em;
      }

      @media (max-width: 32rem) {
        :host {
          min-height: 7.5rem;
        }

        p {
          min-height: 4.2em;
        }
      }

      .unseen {
        position: absolute;
        width: 1px;
        height: 1px;
        overflow: hidden;
        clip-path: inset(50%);
        white-space: nowrap;
      }

      ol {
        display: grid;
        grid-template-columns: repeat(5, minmax(0, 1fr));
        gap: var(--space-2);
        margin: var(--space-1) 0 0;
        padding: 0;
        list-style: none;
      }

      .cell {
        position: relative;
        display: flex;
        flex-direction: column;
        align-items: flex-start;
        width: 100%;
        height: 3.25rem;
        padding: 0.1rem var(--space-1) 0.4rem;
        border: 0;
        border-bottom: 1px solid var(--rule);
        border-radius: 0;
        text-align: left;
      }

      button.cell {
        color: var(--accent);
      }

      .own .cell {
        border-bottom-color: var(--ink);
        font-weight: 600;
      }

      .face {
        max-width: 100%;
        overflow: hidden;
        font: var(--text-large) / 1.4 var(--serif);
        text-overflow: ellipsis;
        white-space: nowrap;
      }

      .number {
        font-size: 0.75rem;
      }

      .bar {
        position: absolute;
        bottom: 0;
        left: 0;
        width: calc(100% * var(--share));
        height: 3px;
        background: currentcolor;
      }
    `,
  ];
}

customElements.define('choice-strip', ChoiceStrip);

declare global {
  interface HTMLElementTagNameMap {
    'choice-strip': ChoiceStrip;
  }
}
