import { css, html, LitElement, nothing } from 'lit';
import { emit } from '../emit.ts';
import { contentBeside, KeptFocus } from '../kept-focus.ts';
import { UPDATE } from '../strings.ts';
import { shared } from '../styles.ts';

/**
 * Offers the new version of the page, at the foot of the window, where it moves nothing. Always in the page, so that
 * what comes into it is announced.
 *
 * @prop ready - whether there is one, and no run that it would end
 * @fires update - when the person wants it
 * @fires dismiss-update - when not now
 */
export class UpdateNotice extends LitElement {
  static override properties = { ready: { type: Boolean } };

  declare ready: boolean;

  constructor() {
    super();
    new KeptFocus(this, () => contentBeside(this));
    this.ready = false;
  }

  #offer() {
    return html`
      <div class="offer">
        <p>${UPDATE.ready}</p>
        <div class="buttons">
          <button @click=${() => emit(this, 'update')}>${UPDATE.change}</button>
          <button @click=${() => emit(this, 'dismiss-update')}>${UPDATE.later}</button>
        </div>
      </div>
    `;
  }

  override render() {
    return html`<div aria-live="polite">${this.ready ? this.#offer() : nothing}</div>`;
  }

  static override styles = [
    shared,
    css`
      .offer {
        position: fixed;
        z-index: 1;
        right: var(--space-4);
        bottom: var(--space-4);
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: var(--space-3) var(--space-5);
        max-width: min(44rem, calc(100vw - 2rem));
        padding: var(--space-3) var(--space-4);
        border: 1px solid var(--edge);
        border-radius: var(--radius);
        background: var(--sheet);
      }

      .buttons {
        display: flex;
        gap: var(--space-3);
      }
    `,
  ];
}

customElements.define('update-notice', UpdateNotice);

declare global {
  interface HTMLElementTagNameMap {
    'update-notice': UpdateNotice;
  }
}
