import { html, LitElement } from 'lit';
import type { TextSource } from '../../worker/messages.ts';
import { emit } from '../emit.ts';
import { TEXT } from '../strings.ts';
import { dialog, shared } from '../styles.ts';

/**
 * A dialog to paste a text into. What was pasted stays in it until it is used, so that a refused text can be mended.
 *
 * @fires text-chosen - a TextSource of kind `paste`
 */
export class PasteDialog extends LitElement {
  get #dialog(): HTMLDialogElement {
    return this.renderRoot.querySelector('dialog')!;
  }

  show(): void {
    this.#dialog.showModal();
  }

  #use(event: Event): void {
    event.preventDefault();
    this.#dialog.close();
    const text = this.renderRoot.querySelector('textarea')!.value;
    emit<TextSource>(this, 'text-chosen', { kind: 'paste', text });
  }

  override render() {
    return html`
      <dialog aria-labelledby="heading">
        <form @submit=${this.#use}>
          <h2 id="heading">${TEXT.pasteHeading}</h2>
          <label for="text">${TEXT.pasteLabel}</label>
          <textarea id="text" rows="12" required spellcheck="false" aria-describedby="help"></textarea>
          <p id="help" class="help">${TEXT.pasteHelp}</p>
          <div class="buttons">
            <button type="button" @click=${() => this.#dialog.close()}>${TEXT.cancel}</button>
            <button class="primary">${TEXT.use}</button>
          </div>
        </form>
      </dialog>
    `;
  }

  static override styles = [shared, dialog];
}

customElements.define('paste-dialog', PasteDialog);

declare global {
  interface HTMLElementTagNameMap {
    'paste-dialog': PasteDialog;
  }
}
