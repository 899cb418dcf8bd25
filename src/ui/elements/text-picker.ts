import { css, html, LitElement, nothing } from 'lit';
import { live } from 'lit/directives/live.js';
import type { DatasetName, TextDescription, TextSource } from '../../worker/messages.ts';
import { emit } from '../emit.ts';
import { DATASETS, TEXT } from '../strings.ts';
import { shared } from '../styles.ts';
import './address-dialog.ts';
import './paste-dialog.ts';

/**
 * The text to learn from, and the ways to choose another.
 *
 * @prop text - the present text, or null
 * @prop busy - whether another one is being read
 * @prop progress - how far, in bytes, or null while unknown
 * @prop later - whether it only concerns the next run
 * @fires text-chosen - a TextSource
 * @fires files-chosen - the File[] that were picked
 */
export class TextPicker extends LitElement {
  static override properties = {
    text: { attribute: false },
    busy: { type: Boolean },
    progress: { attribute: false },
    later: { type: Boolean },
  };

  declare text: TextDescription | null;
  declare busy: boolean;
  declare progress: { done: number; total: number | null } | null;
  declare later: boolean;

  constructor() {
    super();
    this.text = null;
    this.busy = false;
    this.progress = null;
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
    if (this.busy)
      return this.progress === null ? TEXT.reading : TEXT.progress(this.progress.done, this.progress.total);
    return this.text === null ? TEXT.none : TEXT.facts(this.text.characters, this.text.vocab_size);
  }

  #choice() {
    const present = this.text?.dataset ?? '';
    const option = (name: DatasetName) =>
      html`<option value=${name} .selected=${live(present === name)}>${DATASETS[name].name}</option>`;
    return html`
      <label for="dataset">${TEXT.choose}</label>
      <select
        id="dataset"
        aria-describedby="about"
        @change=${(event: Event) => {
          const name = (event.currentTarget as HTMLSelectElement).value as DatasetName;
          emit<TextSource>(this, 'text-chosen', { kind: 'dataset', name });
        }}
      >
        <option value="" disabled ?hidden=${present !== ''} .selected=${live(present === '')}>${TEXT.own}</option>
        ${(Object.keys(DATASETS) as DatasetName[]).map(option)}
      </select>
      <p id="about" class="help">${present === '' ? nothing : DATASETS[present].about}</p>
    `;
  }

  override render() {
    return html`
      <h2>${TEXT.heading}</h2>
      <p class="name">
        ${this.text?.name ?? TEXT.none}${this.later ? html` <span class="help">(${TEXT.nextRun})</span>` : nothing}
      </p>
      <p class="help number">${this.#facts()}</p>
      <p class="preview">${this.text?.preview ?? nothing}</p>
      ${this.#choice()}
      <div class="buttons">
        <button @click=${() => this.renderRoot.querySelector('input')!.click()}>${TEXT.open}</button>
        <button @click=${() => this.renderRoot.querySelector('paste-dialog')!.show()}>${TEXT.paste}</button>
        <button @click=${() => this.renderRoot.querySelector('address-dialog')!.show()}>${TEXT.address}</button>
      </div>
      <input type="file" hidden @change=${this.#picked} />
      <p class="help">${TEXT.drop}</p>
      <paste-dialog></paste-dialog>
      <address-dialog></address-dialog>
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

      select {
        display: block;
        width: 100%;
        height: var(--control);
        padding: 0 var(--space-2);
        border: 1px solid var(--edge);
        border-radius: var(--radius);
        background: var(--sheet);
      }

      #about {
        min-height: 2.8em;
        margin: var(--space-1) 0 var(--space-3);
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
