import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import { fetchPart } from '../fetch-part.ts';
import type { Session } from '../session-client.ts';
import { FOOTER } from '../strings.ts';
import { shared } from '../styles.ts';
import { initialView, type View } from '../view.ts';

/** The query that opens it with the page; the fragment belongs to the link of a run. */
const QUERY = '?bench';

/**
 * Opens and closes the benchmark, which is fetched when it is first wanted.
 *
 * @prop view - all that there is to show
 * @prop session - whom the benchmark asks
 * @fires failed - the Failure to fetch it
 */
export class BenchDoor extends LitElement {
  static override properties = {
    view: { attribute: false },
    session: { attribute: false },
    open: { state: true },
  };

  declare view: View;
  declare session: Session | null;
  declare open: boolean;

  constructor() {
    super();
    this.view = initialView();
    this.session = null;
    this.open = location.search === QUERY;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('open') && this.open) void fetchPart(this, () => import('../panels/bench-panel.ts'));
  }

  override render() {
    const { view, session, open } = this;
    return html`
      <button
        class="link"
        aria-expanded=${open}
        @click=${() => {
          this.open = !open;
        }}
      >
        ${open ? FOOTER.closeMeasurement : FOOTER.measure}
      </button>
      ${open ? html`<bench-panel .view=${view} .session=${session}></bench-panel>` : nothing}
    `;
  }

  static override styles = [
    shared,
    css`
      .link {
        min-height: 0;
        padding: 0;
        border: 0;
        background: none;
        color: var(--ink-soft);
        font-size: var(--text-small);
        text-decoration: underline;
        text-underline-offset: 0.2em;
      }
    `,
  ];
}

customElements.define('bench-door', BenchDoor);

declare global {
  interface HTMLElementTagNameMap {
    'bench-door': BenchDoor;
  }
}
