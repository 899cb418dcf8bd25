import { css, html, LitElement, nothing } from 'lit';
import { emit } from '../emit.ts';
import { START } from '../strings.ts';
import { shared } from '../styles.ts';
import type { StartView } from '../view.ts';

/**
 * What the next run starts from: a new model, the one on show, or a saved one.
 *
 * @prop start - what is chosen
 * @prop trained - whether there is a trained model
 * @fires start-change - a Partial<StartView>
 * @fires files-chosen - the File[] that were picked
 */
export class StartPicker extends LitElement {
  static override properties = {
    start: { attribute: false },
    trained: { type: Boolean },
  };

  declare start: StartView;
  declare trained: boolean;

  constructor() {
    super();
    this.start = { from: 'new', opened: null, unknown: null, described: null };
    this.trained = false;
  }

  #picked(event: Event): void {
    const input = event.currentTarget as HTMLInputElement;
    const files = [...(input.files ?? [])];
    input.value = '';
    if (files.length > 0) emit<File[]>(this, 'files-chosen', files);
  }

  #radio<Key extends 'from' | 'unknown'>(key: Key, value: StartView[Key] & string, label: string, enabled = true) {
    return html`
      <label>
        <input
          type="radio"
          name=${key}
          value=${value}
          ?disabled=${!enabled}
          .checked=${this.start[key] === value}
          @change=${() => emit<Partial<StartView>>(this, 'start-change', { [key]: value })}
        />
        ${label}
      </label>
    `;
  }

  #described() {
    const { described, from } = this.start;
    if (from === 'new' || described === null) return nothing;
    const { model, unknown } = described;
    return html`
      <p class="help">${START.sizes(described.name, model.n_layer, model.n_embd, model.block_size)}</p>
      <fieldset ?hidden=${unknown.count === 0}>
        <legend>${START.unknown(unknown.count, unknown.listed)}</legend>
        ${this.#radio('unknown', 'add', START.add)} ${this.#radio('unknown', 'drop', START.drop)}
      </fieldset>
    `;
  }

  override render() {
    const { opened } = this.start;
    return html`
      <fieldset>
        <legend><h2>${START.heading}</h2></legend>
        ${this.#radio('from', 'new', START.new)} ${this.#radio('from', 'run', START.run, this.trained)}
        ${this.#radio('from', 'file', opened === null ? START.file : START.opened(opened), opened !== null)}
      </fieldset>
      <button @click=${() => this.renderRoot.querySelector<HTMLInputElement>('[type=file]')!.click()}>
        ${START.open}
      </button>
      <input type="file" accept=".safetensors" aria-label=${START.open} hidden @change=${this.#picked} />
      <div aria-live="polite">${this.#described()}</div>
    `;
  }

  static override styles = [
    shared,
    css`
      fieldset {
        display: grid;
        gap: var(--space-2);
        min-width: 0;
        margin: 0 0 var(--space-3);
        padding: 0;
        border: 0;
      }

      legend {
        padding: 0 0 var(--space-2);
        color: var(--ink-soft);
        font-size: var(--text-small);
        overflow-wrap: anywhere;
      }

      label {
        display: flex;
        gap: var(--space-2);
        overflow-wrap: anywhere;
      }

      div fieldset,
      div p {
        margin-top: var(--space-3);
      }
    `,
  ];
}

customElements.define('start-picker', StartPicker);

declare global {
  interface HTMLElementTagNameMap {
    'start-picker': StartPicker;
  }
}
