import { css, html, LitElement, nothing } from 'lit';
import type { ExportFormat, PageFormat } from '../../worker/messages.ts';
import { emit } from '../emit.ts';
import { EXPORT } from '../strings.ts';
import { shared } from '../styles.ts';

/** A format of the model, or its curve. */
export type Takeaway = ExportFormat | 'csv';

/** In the order in which they are offered; a page comes with a choice of bits. */
const FORMATS = ['html', 'checkpoint', 'huggingface', 'gguf', 'csv'] as const;
const PAGES: readonly PageFormat[] = ['html-8', 'html-4', 'html-32'];

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

  #press(format: (typeof FORMATS)[number]): void {
    const page = this.renderRoot.querySelector('select')?.value as PageFormat;
    if (this.ready && !this.busy) emit<Takeaway>(this, 'export-model', format === 'html' ? page : format);
  }

  #bits() {
    return html`
      <select aria-label=${EXPORT.bits}>
        ${PAGES.map((page) => html`<option value=${page}>${EXPORT.bitsOf[page]}</option>`)}
      </select>
    `;
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
              <div>
                <span class="help" id=${format}>${EXPORT.formats[format].help}</span>
                ${format === 'html' ? this.#bits() : nothing}
              </div>
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

      select {
        display: block;
        height: 2rem;
        margin-top: var(--space-1);
        padding: 0 var(--space-2);
        border: 1px solid var(--edge);
        border-radius: var(--radius);
        background: var(--sheet);
        font-size: var(--text-small);
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
