import { css, html, LitElement, nothing } from 'lit';
import type { TextDescription, TextSource } from '../../worker/messages.ts';
import { emit } from '../emit.ts';
import { TEXT } from '../strings.ts';
import { shared } from '../styles.ts';
import './paste-dialog.ts';

/**
 * The text to learn from, and the ways to choose another.
 *
 * @prop text - the present text, or null
 * @prop busy - whether another one is being read
 * @prop later - whether it only concerns the next run
 * @fires text-chosen - a TextSource
 * @fires files-chosen - the File[] that were picked
 */
export class TextPicker extends LitElement {
  static override properties = {
    text: { attribute: false },
    busy: { type: Boolean },
    later: { type: Boolean },
  };

  declare text: TextDescription | null;
  declare busy: boolean;
  declare later: boolean;

  constructor() {
    super();
    this.text = null;
    this.busy = false;
    this.later = false;
  }

  #picked(event: Event): void {
    const input = event.currentTarget as HTMLInputElement;
    const files = [...(input.files ?? [])];
    // Emptied, so that picking the same file again is a change again.
    input.value = '';
    if (files.length > 0) emit<File[]>(this, 'files-chosen', files);
  }

  #facts() {
    if (this.busy) return TEXT.reading;
    return this.text === null ? TEXT.none : TEXT.facts(this.text.characters, this.text.vocab_size);
  }

  override render() {
    return html`
      <h2>${TEXT.heading}</h2>
      <p class="name">
        ${this.text?.name ?? TEXT.none}${this.later ? html` <span class="help">(${TEXT.nextRun})</span>` : nothing}
      </p>
      <p class="help number">${this.#facts()}</p>
      <p class="preview">${this.text?.preview ?? nothing}</p>
      <div class="buttons">
        <button @click=${() => this.renderRoot.querySelector('input')!.click()}>${TEXT.open}</button>
        <button @click=${() => this.renderRoot.querySelector('paste-dialog')!.show()}>${TEXT.paste}</button>
        <button
          ?hidden=${this.text === null || this.text.name === TEXT.builtIn}
          @click=${() => emit<TextSource>(this, 'text-chosen', { kind: 'moby-dick' })}
        >
          ${TEXT.toBuiltIn}
        </button>
      </div>
      <input type="file" hidden @change=${this.#picked} />
      <p class="help">${TEXT.drop}</p>
      <paste-dialog></paste-dialog>
    `;
  }

  static override styles = [
    shared,
    css`
      .name {
        margin-top: var(--space-2);
        font: var(--text-large) / 1.4 var(--serif);
        overflow-wrap: anywhere;
      }

      .preview {
        height: 4.4em;
        margin: var(--space-3) 0;
        overflow: hidden;
        font: italic var(--text) / 1.45 var(--serif);
        color: var(--ink-soft);
        overflow-wrap: anywhere;
        display: -webkit-box;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 3;
      }

      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-2);
        margin-bottom: var(--space-3);
      }
    `,
  ];
}

customElements.define('text-picker', TextPicker);

declare global {
  interface HTMLElementTagNameMap {
    'text-picker': TextPicker;
  }
}
