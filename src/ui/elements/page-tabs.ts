import { css, html, LitElement } from 'lit';
import { PANEL_NAMES, PANELS_LABEL } from '../strings.ts';
import { shared } from '../styles.ts';
import { PANELS, type PanelName } from '../view.ts';

/**
 * The parts of the page as tabs: one of them can be reached by Tab, the others from it by the arrow keys.
 *
 * @prop chosen - the part on show
 * @fires choose - a PanelName; does not climb
 */
export class PageTabs extends LitElement {
  static override properties = { chosen: { attribute: false } };

  declare chosen: PanelName;

  constructor() {
    super();
    this.chosen = 'train';
  }

  focusChosen(): void {
    this.renderRoot.querySelector<HTMLElement>('[aria-selected="true"]')?.focus();
  }

  #choose(panel: PanelName): void {
    this.dispatchEvent(new CustomEvent<PanelName>('choose', { detail: panel }));
  }

  #onKey(event: KeyboardEvent): void {
    const at = PANELS.indexOf(this.chosen);
    const last = PANELS.length - 1;
    const next = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at === 0 ? last : at - 1, Home: 0, End: last }[
      event.key
    ];
    if (next === undefined) return;
    event.preventDefault();
    this.#choose(PANELS[next]!);
    this.renderRoot.querySelectorAll<HTMLElement>('[role="tab"]')[next]!.focus();
  }

  override render() {
    return html`
      <div role="tablist" aria-label=${PANELS_LABEL} @keydown=${this.#onKey}>
        ${PANELS.map(
          (panel) => html`
            <button
              role="tab"
              aria-selected=${panel === this.chosen}
              tabindex=${panel === this.chosen ? 0 : -1}
              @click=${() => this.#choose(panel)}
            >
              ${PANEL_NAMES[panel]}
            </button>
          `,
        )}
      </div>
    `;
  }

  static override styles = [
    shared,
    css`
      [role='tablist'] {
        display: flex;
        gap: var(--space-5);
        margin-bottom: var(--space-5);
        overflow-x: auto;
        border-bottom: 1px solid var(--rule);
      }

      button {
        padding: 0;
        border: 0;
        border-bottom: 2px solid transparent;
        border-radius: 0;
        color: var(--ink-soft);
        white-space: nowrap;
      }

      button:hover {
        background: none;
        color: var(--ink);
      }

      [aria-selected='true'] {
        border-color: var(--accent);
        color: var(--ink);
        font-weight: 600;
      }

      @media (forced-colors: active) {
        button {
          border-color: Canvas;
        }

        [aria-selected='true'] {
          border-color: Highlight;
        }
      }
    `,
  ];
}

customElements.define('page-tabs', PageTabs);

declare global {
  interface HTMLElementTagNameMap {
    'page-tabs': PageTabs;
  }
}
