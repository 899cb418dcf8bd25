import { css, html, LitElement } from 'lit';
import { emit } from '../emit.ts';
import { DEFAULT_PREFERENCES, type Preferences } from '../preferences.ts';
import { HELP } from '../strings/help.ts';
import { dialog, shared } from '../styles.ts';

/**
 * What the page is for, in a few sentences, and how it is used by keyboard.
 *
 * @prop preferences - what has been chosen about the page
 * @fires preferences-change - a part of the Preferences
 */
export class HelpDialog extends LitElement {
  static override properties = { preferences: { attribute: false } };

  declare preferences: Preferences;

  constructor() {
    super();
    this.preferences = DEFAULT_PREFERENCES;
  }

  /** Focus goes back to where it was when the dialog is closed: browsers see to that. */
  async show(): Promise<void> {
    await this.updateComplete;
    const element = this.renderRoot.querySelector('dialog')!;
    if (!element.open) element.showModal();
    element.scrollTop = 0;
  }

  #shortcuts() {
    const { shortcuts } = this.preferences;
    return html`
      <label class="switch">
        <input
          type="checkbox"
          .checked=${shortcuts}
          @change=${(event: Event) =>
            emit<Partial<Preferences>>(this, 'preferences-change', {
              shortcuts: (event.currentTarget as HTMLInputElement).checked,
            })}
        />
        ${HELP.shortcuts}
      </label>
      <p class="help">${HELP.shortcutsHelp}</p>
    `;
  }

  #keys(rows: readonly (readonly [string, string])[]) {
    return html`
      <dl>
        ${rows.map(([keys, what]) => html`<dt>${keys.split(' ').map((key) => html`<kbd>${key}</kbd> `)}</dt><dd>${what}</dd>`)}
      </dl>
    `;
  }

  override render() {
    return html`
      <dialog aria-labelledby="heading">
        <h2 id="heading">${HELP.heading}</h2>
        <ol>
          ${HELP.steps.map((step) => html`<li>${step}</li>`)}
        </ol>
        <h3>${HELP.keysHeading}</h3>
        ${this.#shortcuts()} ${this.#keys(HELP.singleKeys)}
        <h3>${HELP.everywhereHeading}</h3>
        ${this.#keys(HELP.keys)}
        <h3>${HELP.keptHeading}</h3>
        <p>${HELP.kept}</p>
        <form method="dialog" class="buttons"><button class="primary">${HELP.close}</button></form>
      </dialog>
    `;
  }

  static override styles = [
    shared,
    dialog,
    css`
      dialog {
        max-height: calc(100dvh - 2rem);
        overflow-y: auto;
      }

      h2 {
        font-size: var(--text-large);
      }

      h3 {
        margin-top: var(--space-5);
      }

      ol,
      h3 + p {
        max-width: 40rem;
        margin: var(--space-3) 0 0;
        font: var(--text) / 1.5 var(--serif);
      }

      ol {
        padding-left: 1.4em;
      }

      li + li {
        margin-top: var(--space-2);
      }

      .switch {
        display: flex;
        align-items: center;
        gap: var(--space-2);
        margin-top: var(--space-2);
        color: var(--ink);
        font-size: var(--text);
      }

      dl {
        display: grid;
        grid-template-columns: minmax(4.5rem, auto) 1fr;
        gap: var(--space-2) var(--space-4);
        margin: var(--space-3) 0 0;
      }

      dd {
        margin: 0;
      }

      kbd {
        display: inline-block;
        min-width: 1.7em;
        padding: 0 0.4em;
        border: 1px solid var(--edge);
        border-radius: var(--radius);
        font: var(--text-small) / 1.5 var(--sans);
        text-align: center;
      }

      .buttons {
        margin-top: var(--space-5);
      }
    `,
  ];
}

customElements.define('help-dialog', HelpDialog);

declare global {
  interface HTMLElementTagNameMap {
    'help-dialog': HelpDialog;
  }
}
