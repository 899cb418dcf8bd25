import { css, html, LitElement } from 'lit';
import type { ExportFormat } from '../../worker/messages.ts';
import { emit } from '../emit.ts';
import { EXPORT } from '../strings.ts';
import { shared } from '../styles.ts';

/** A format of the model, or its curve. */
export type Takeaway = ExportFormat | 'csv';

const FORMATS: readonly Takeaway[] = ['checkpoint', 'huggingface', 'gguf', 'csv'];

/**
 * Offers the model as files that other programs open.
 *
 * @prop ready - whether there is a model, and no training going on
 * @prop busy - whether one is being written
 * @fires export-model - a Takeaway
 */
export class ModelExport extends LitElement {
  static override properties = { ready: { type: Boolean }, busy: { type: Boolean } };

  declare ready: boolean;
  declare busy: boolean;

  constructor() {
    super();
    this.ready = false;
    this.busy = false;
  }

  #press(format: Takeaway): void {
    if (this.ready && !this.busy) emit<Takeaway>(this, 'export-model', format);
  }

  override render() {
    return html`
      <h2 id="heading">${EXPORT.heading}</h2>
      <ul aria-labelledby="heading">
        ${FORMATS.map(
          (format) => html`
            <li>
              <button
                aria-disabled=${!this.ready || this.busy}
                aria-describedby=${format}
                @click=${() => this.#press(format)}
              >
                ${EXPORT.formats[format].name}
              </button>
              <span class="help" id=${format}>${EXPORT.formats[format].help}</span>
            </li>
          `,
        )}
      </ul>
      <p class="help state">${this.ready ? EXPORT.private : EXPORT.notYet}</p>
    `;
  }

  static override styles = [
    shared,
    css`
      :host {
        display: block;
        margin-top: var(--space-5);
      }

      p {
        margin-top: var(--space-2);
      }

      ul {
        display: grid;
        gap: var(--space-2);
        margin: var(--space-3) 0 0;
        padding: 0;
        list-style: none;
      }

      li {
        display: grid;
        grid-template-columns: 9rem 1fr;
        gap: var(--space-3);
        align-items: center;
      }
    `,
  ];
}

customElements.define('model-export', ModelExport);

declare global {
  interface HTMLElementTagNameMap {
    'model-export': ModelExport;
  }
}
