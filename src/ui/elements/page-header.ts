import { css, html, LitElement } from 'lit';
import { emit } from '../emit.ts';
import { type Preferences, THEMES, type Theme } from '../preferences.ts';
import { HEADER, TAGLINE, TITLE } from '../strings.ts';
import { shared } from '../styles.ts';

/**
 * The name of the page, the adapter that it has found, and what concerns the page itself.
 *
 * @prop adapter - in a line
 * @prop theme - light, dark, or as the system is
 * @fires preferences-change - with the new theme
 * @fires help - when it is asked for
 * @fires skip - when the keyboard is to go past it; does not climb
 */
export class PageHeader extends LitElement {
  static override properties = { adapter: { type: String }, theme: { attribute: false } };

  declare adapter: string;
  declare theme: Theme;

  constructor() {
    super();
    this.adapter = '';
    this.theme = 'system';
  }

  #choose(event: Event): void {
    const theme = THEMES.find((one) => one === (event.currentTarget as HTMLSelectElement).value)!;
    emit<Partial<Preferences>>(this, 'preferences-change', { theme });
  }

  /** A fragment cannot reach into a shadow root. */
  #skip(event: Event): void {
    event.preventDefault();
    this.dispatchEvent(new CustomEvent('skip'));
  }

  override render() {
    return html`
      <header>
        <a class="skip" href="#main" @click=${this.#skip}>${HEADER.skip}</a>
        <h1>
          <svg viewBox="0 0 32 32" aria-hidden="true"><path d="M16 2C13 9 6 14 6 20.5a10 9.5 0 0 0 20 0C26 14 19 9 16 2Z" /></svg>${TITLE}
        </h1>
        <p class="tagline">${TAGLINE}</p>
        <div class="page">
          <select aria-label=${HEADER.theme} @change=${this.#choose}>
            ${THEMES.map((theme) => html`<option value=${theme} ?selected=${theme === this.theme}>${HEADER.themes[theme]}</option>`)}
          </select>
          <button @click=${() => emit(this, 'help')}>${HEADER.help}</button>
        </div>
        <p class="help adapter">${this.adapter}</p>
      </header>
    `;
  }

  static override styles = [
    shared,
    css`
      header {
        display: grid;
        grid-template: 'title page' auto 'tagline tagline' auto 'adapter adapter' auto / 1fr auto;
        align-items: baseline;
        gap: var(--space-1) var(--space-5);
        padding: var(--space-5) 0 var(--space-4);
        margin-bottom: var(--space-5);
        border-bottom: 1px solid var(--rule);
      }

      .skip {
        position: absolute;
        z-index: 3;
        top: var(--space-2);
        padding: var(--space-2) var(--space-4);
        border: 1px solid var(--edge);
        background: var(--sheet);
        color: var(--accent);
      }

      .skip:not(:focus) {
        clip-path: inset(50%);
      }

      h1 {
        display: flex;
        grid-area: title;
        align-items: baseline;
        gap: 0.3em;
        margin: 0;
        font: 400 1.875rem / 1.2 var(--serif);
        letter-spacing: -0.01em;
      }

      svg {
        align-self: center;
        width: 0.7em;
        height: 0.7em;
        fill: var(--accent);
      }

      .tagline {
        grid-area: tagline;
        color: var(--ink-soft);
      }

      .page {
        display: flex;
        grid-area: page;
        gap: var(--space-2);
      }

      select,
      button {
        min-height: 2rem;
        padding: 0 var(--space-2);
        border: 1px solid transparent;
        border-radius: var(--radius);
        background: none;
        color: var(--ink-soft);
        font-size: var(--text-small);
        cursor: pointer;
      }

      select:hover,
      button:hover {
        border-color: var(--edge);
        color: var(--ink);
      }

      option {
        background: var(--sheet);
        color: var(--ink);
      }

      /* A line of its own on narrow screens, whatever its length: a name that arrives late moves nothing. */
      .adapter {
        grid-area: adapter;
        min-height: 1.4em;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }

      @media (min-width: 60rem) {
        /* The adapter's place is as wide before it has answered. */
        header {
          grid-template: 'title tagline adapter page' auto / auto 1fr 21rem auto;
        }

        .adapter {
          text-align: right;
        }
      }
    `,
  ];
}

customElements.define('page-header', PageHeader);

declare global {
  interface HTMLElementTagNameMap {
    'page-header': PageHeader;
  }
}
