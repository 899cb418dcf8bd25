import { css, html, LitElement } from 'lit';
import { INSIDE, INSIDE_SECTIONS, type InsideSection } from '../../strings/inside.ts';
import { shared } from '../../styles.ts';

/**
 * Tabs within the panel; one of them can be reached by Tab, the others from it by the arrow keys.
 *
 * @prop chosen - the section on show
 * @fires choose - an InsideSection; does not climb
 */
export class SectionTabs extends LitElement {
  static override properties = { chosen: { attribute: false } };

  declare chosen: InsideSection;

  constructor() {
    super();
    this.chosen = 'weights';
  }

  #choose(section: InsideSection): void {
    this.dispatchEvent(new CustomEvent<InsideSection>('choose', { detail: section }));
  }

  #onKey(event: KeyboardEvent): void {
    const at = INSIDE_SECTIONS.indexOf(this.chosen);
    const all = INSIDE_SECTIONS.length;
    const next = { ArrowRight: (at + 1) % all, ArrowLeft: (at + all - 1) % all, Home: 0, End: all - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.#choose(INSIDE_SECTIONS[next]!);
    this.renderRoot.querySelectorAll<HTMLElement>('[role="tab"]')[next]!.focus();
  }

  override render() {
    return html`
      <div role="tablist" aria-label=${INSIDE.sections} @keydown=${this.#onKey}>
        ${INSIDE_SECTIONS.map(
          (section) => html`
            <button
              role="tab"
              aria-selected=${section === this.chosen}
              tabindex=${section === this.chosen ? 0 : -1}
              @click=${() => this.#choose(section)}
            >
              ${INSIDE.names[section]}
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
        flex-wrap: wrap;
        gap: var(--space-2);
      }

      @media (max-width: 40rem) {
        button {
          padding: 0 var(--space-3);
          font-size: var(--text-small);
        }
      }

      button[aria-selected='true'] {
        border-color: var(--accent);
        color: var(--accent);
        font-weight: 600;
      }
    `,
  ];
}

customElements.define('section-tabs', SectionTabs);

declare global {
  interface HTMLElementTagNameMap {
    'section-tabs': SectionTabs;
  }
}
