import { css, html, LitElement, nothing } from 'lit';
import type { TextSource } from '../../worker/messages.ts';
import { emit } from '../emit.ts';
import { contentBeside, KeptFocus } from '../kept-focus.ts';
import { DATASETS, isFetched, LINK } from '../strings.ts';
import { shared } from '../styles.ts';
import { initialView, neededText, type View } from '../view.ts';

/**
 * Says in what the opened link cannot be followed, and what to do about it.
 *
 * @prop view - all that there is to show
 * @fires text-chosen - the TextSource that is fetched
 * @fires link-dismissed
 */
export class LinkNotice extends LitElement {
  static override properties = { view: { attribute: false } };

  declare view: View;

  constructor() {
    super();
    new KeptFocus(this, () => contentBeside(this));
    this.view = initialView();
  }

  #text() {
    const { text, readingText } = this.view;
    const needed = neededText(this.view);
    if (needed === null || (needed.dataset !== null && (readingText || !isFetched(needed.dataset)))) return nothing;
    if (needed.dataset !== null) {
      const { dataset } = needed;
      const { name } = DATASETS[dataset];
      const fetchIt = () => emit<TextSource>(this, 'text-chosen', { kind: 'dataset', name: dataset });
      return html`<p>${LINK.needsFetch(name)}</p><button @click=${fetchIt}>${LINK.fetch}</button>`;
    }
    const { name, sha256 } = needed;
    return html`<p>${text === null ? LINK.needs(name) : LINK.other(name, text.name)} ${LINK.hash(sha256)}</p>`;
  }

  override render() {
    const { link, settings, adapter } = this.view;
    if (link === null) return nothing;
    const there = settings.computed?.on;
    const elsewhere = there !== undefined && adapter !== null && there !== adapter.name;
    const words = [
      link.start === null ? nothing : html`<p>${LINK.start(link.start)}</p>`,
      elsewhere ? html`<p>${LINK.adapter(there, adapter.name)}</p>` : nothing,
      link.unread.length === 0 ? nothing : html`<p>${LINK.unread(link.unread)}</p>`,
      this.#text(),
    ].filter((part) => part !== nothing);
    if (words.length === 0) return nothing;
    return html`
      <div class="box" role="note">
        <div>${words}</div>
        <button @click=${() => emit(this, 'link-dismissed')}>${LINK.dismiss}</button>
      </div>
    `;
  }

  static override styles = [
    shared,
    css`
      .box {
        display: flex;
        flex-wrap: wrap;
        align-items: start;
        justify-content: space-between;
        gap: var(--space-3) var(--space-5);
        margin-bottom: var(--space-5);
        padding: var(--space-3) 0 var(--space-4);
        border: solid var(--accent);
        border-width: 1px 0;
      }

      .box > div {
        display: grid;
        flex: 1 1 20rem;
        gap: var(--space-2);
        font: var(--text) / 1.5 var(--serif);
        overflow-wrap: anywhere;
        justify-items: start;
      }
    `,
  ];
}

customElements.define('link-notice', LinkNotice);

declare global {
  interface HTMLElementTagNameMap {
    'link-notice': LinkNotice;
  }
}
