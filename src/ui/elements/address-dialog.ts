import { css, html, LitElement } from 'lit';
import type { TextSource } from '../../worker/messages.ts';
import { emit } from '../emit.ts';
import { TEXT } from '../strings.ts';
import { dialog, shared } from '../styles.ts';

/**
 * A dialog for the address of a text. The address stays in it, so that a mistyped one can be mended.
 *
 * @fires text-chosen - a TextSource of kind `address`
 */
export class AddressDialog extends LitElement {
  get #dialog(): HTMLDialogElement {
    return this.renderRoot.querySelector('dialog')!;
  }

  show(): void {
    this.#dialog.showModal();
  }

  #use(event: Event): void {
    event.preventDefault();
    this.#dialog.close();
    const address = this.renderRoot.querySelector('input')!.value.trim();
    emit<TextSource>(this, 'text-chosen', { kind: 'address', address });
  }

  override render() {
    return html`
      <dialog aria-labelledby="heading">
        <form @submit=${this.#use}>
          <h2 id="heading">${TEXT.addressHeading}</h2>
          <label for="address">${TEXT.addressLabel}</label>
          <input id="address" type="url" required placeholder="https://" aria-describedby="help" />
          <p id="help" class="help">${TEXT.addressHelp}</p>
          <div class="buttons">
            <button type="button" @click=${() => this.#dialog.close()}>${TEXT.cancel}</button>
            <button class="primary">${TEXT.fetch}</button>
          </div>
        </form>
      </dialog>
    `;
  }

  static override styles = [
    shared,
    dialog,
    css`
      input {
        width: 100%;
        height: var(--control);
        padding: var(--space-2) var(--space-3);
        border: 1px solid var(--edge);
        border-radius: var(--radius);
        background: var(--sheet);
      }
    `,
  ];
}

customElements.define('address-dialog', AddressDialog);

declare global {
  interface HTMLElementTagNameMap {
    'address-dialog': AddressDialog;
  }
}
