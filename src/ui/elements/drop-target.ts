import { css, html, LitElement } from 'lit';
import { emit } from '../emit.ts';
import { TEXT } from '../strings.ts';
import { shared } from '../styles.ts';

/**
 * Makes the whole page a place to drop a file, and shows it while one hovers.
 *
 * @fires files-chosen - the File[] that were dropped; empty when it was something else
 */
export class DropTarget extends LitElement {
  static override properties = { active: { state: true } };

  declare active: boolean;

  /** Elements entered and not yet left: moving between children fires both events. */
  #depth = 0;
  #listening = new AbortController();

  constructor() {
    super();
    this.active = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    window.addEventListener('dragenter', this.#enter, { signal });
    window.addEventListener('dragleave', this.#leave, { signal });
    window.addEventListener('dragover', this.#over, { signal });
    window.addEventListener('drop', this.#drop, { signal });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#listening.abort();
  }

  /** A drag of selected text into a text box is none of ours. */
  #concerns(event: DragEvent): boolean {
    return event.dataTransfer?.types.some((type) => type === 'Files' || type === 'text/uri-list') ?? false;
  }

  #enter = (event: DragEvent): void => {
    if (!this.#concerns(event)) return;
    this.#depth += 1;
    this.active = true;
  };

  #leave = (event: DragEvent): void => {
    if (!this.#concerns(event)) return;
    this.#depth = Math.max(0, this.#depth - 1);
    this.active = this.#depth > 0;
  };

  #over = (event: DragEvent): void => {
    if (!this.#concerns(event)) return;
    event.preventDefault();
    event.dataTransfer!.dropEffect = 'copy';
  };

  #drop = (event: DragEvent): void => {
    this.#depth = 0;
    this.active = false;
    if (!this.#concerns(event)) return;
    // Otherwise the browser would leave the page, and the run with it, to show the file.
    event.preventDefault();
    emit<File[]>(this, 'files-chosen', [...(event.dataTransfer?.files ?? [])]);
  };

  override render() {
    return html`
      <div class="veil" ?hidden=${!this.active}>
        <div class="place">
          <p class="here">${TEXT.dropHere}</p>
          <p>${TEXT.dropHelp}</p>
        </div>
      </div>
    `;
  }

  static override styles = [
    shared,
    css`
      .veil {
        position: fixed;
        z-index: 1;
        inset: 0;
        display: grid;
        padding: var(--space-5);
        background: color-mix(in srgb, var(--paper) 88%, transparent);
        pointer-events: none;
      }

      .place {
        display: grid;
        place-content: center;
        gap: var(--space-2);
        border: 2px dashed var(--accent);
        border-radius: var(--radius);
        text-align: center;
      }

      .here {
        font: 2rem / 1.3 var(--serif);
        color: var(--accent);
      }
    `,
  ];
}

customElements.define('drop-target', DropTarget);

declare global {
  interface HTMLElementTagNameMap {
    'drop-target': DropTarget;
  }
}
