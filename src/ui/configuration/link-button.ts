import { css, html, LitElement, nothing } from 'lit';
import { addressOf } from '../address-bar.ts';
import type { Link } from '../link.ts';
import { LINK } from '../strings.ts';
import { shared } from '../styles.ts';

/** How long the button says that the link is copied, in milliseconds. */
const TOLD_MS = 2500;

/**
 * Copies a link to this page with everything in it; where the browser allows no copying, shows it to be copied by hand.
 *
 * @prop link - makes the link when it is asked for
 * @prop name - what it is called where there are several, or nothing
 * @prop small - whether it stands among other small ones
 */
export class LinkButton extends LitElement {
  static override properties = {
    link: { attribute: false },
    name: { attribute: false },
    small: { type: Boolean, reflect: true },
    told: { state: true },
    shown: { state: true },
  };

  declare link: (() => Link) | null;
  declare name: string | null;
  declare small: boolean;
  declare told: boolean;
  /** The address that is to be copied by hand. */
  declare shown: string | null;

  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.link = null;
    this.name = null;
    this.small = false;
    this.told = false;
    this.shown = null;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
    this.told = false;
  }

  async #copy(): Promise<void> {
    if (this.link === null) return;
    const address = addressOf(this.link());
    try {
      await navigator.clipboard.writeText(address);
    } catch {
      this.shown = address;
      await this.updateComplete;
      this.renderRoot.querySelector('input')?.select();
      return;
    }
    this.shown = null;
    this.told = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.told = false;
    }, TOLD_MS);
  }

  override render() {
    return html`
      <button aria-label=${this.name ?? nothing} @click=${this.#copy}>
        <span class="words" ?data-told=${this.told}>${LINK.copy}</span>
        <span class="words" ?data-told=${!this.told} aria-hidden="true">${LINK.copied}</span>
      </button>
      <span class="spoken" aria-live="polite">${this.told ? LINK.copied : nothing}</span>
      ${this.shown === null ? nothing : html`<input readonly aria-label=${LINK.byHand} .value=${this.shown} />`}
    `;
  }

  static override styles = [
    shared,
    css`
      :host {
        position: relative;
      }

      /* Both words take their room, so that nothing moves. */
      button {
        display: grid;
        place-items: center;
      }

      .words {
        grid-area: 1 / 1;
      }

      .words[data-told] {
        visibility: hidden;
      }

      :host([small]) button {
        min-height: 2rem;
        padding: 0 var(--space-3);
        font-size: var(--text-small);
      }

      .spoken {
        position: absolute;
        width: 1px;
        height: 1px;
        overflow: hidden;
        clip-path: inset(50%);
        white-space: nowrap;
      }

      input {
        width: 100%;
        margin-top: var(--space-2);
        padding: var(--space-1) var(--space-2);
        border: 1px solid var(--edge);
        border-radius: var(--radius);
        background: var(--sheet);
      }
    `,
  ];
}

customElements.define('link-button', LinkButton);

declare global {
  interface HTMLElementTagNameMap {
    'link-button': LinkButton;
  }
}
