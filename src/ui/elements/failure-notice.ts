import { css, html, LitElement, nothing } from 'lit';
import type { Failure } from '../../worker/messages.ts';
import { emit } from '../emit.ts';
import { contentBeside, KeptFocus } from '../kept-focus.ts';
import { NOTICE } from '../strings.ts';
import { shared } from '../styles.ts';

/**
 * Says what went wrong and how to mend it. Always in the page, so that what comes into it is announced. What passes
 * lies at the foot of the window, so that it is seen wherever one has scrolled to, and moves nothing.
 *
 * @prop lasting - what keeps the page from training at all, or null; it cannot be dismissed
 * @prop passing - the latest other failure, or null
 * @prop lowerRate - the learning rate to offer after a run that has diverged, or null
 * @fires dismiss - of the passing failure
 * @fires try-at - the lower learning rate
 */
export class FailureNotice extends LitElement {
  static override properties = {
    lasting: { attribute: false },
    passing: { attribute: false },
    lowerRate: { attribute: false },
  };

  declare lasting: Failure | null;
  declare passing: Failure | null;
  declare lowerRate: number | null;

  constructor() {
    super();
    new KeptFocus(this, () => contentBeside(this));
    this.lasting = null;
    this.passing = null;
    this.lowerRate = null;
  }

  #remedy() {
    const { lowerRate } = this;
    if (lowerRate === null) return nothing;
    return html`<button @click=${() => emit(this, 'try-at', lowerRate)}>${NOTICE.tryAt(lowerRate)}</button>`;
  }

  #box(failure: Failure | null, passing: boolean) {
    if (failure === null) return nothing;
    return html`
      <div class=${passing ? 'box passing' : 'box'}>
        <div>
          <p class="message">${failure.message}</p>
          ${failure.hint === '' ? nothing : html`<p>${failure.hint}</p>`}
        </div>
        ${passing ? html`${this.#remedy()}<button @click=${() => emit(this, 'dismiss')}>${NOTICE.dismiss}</button>` : nothing}
      </div>
    `;
  }

  override render() {
    return html`<div role="alert">${this.#box(this.lasting, false)} ${this.#box(this.passing, true)}</div>`;
  }

  static override styles = [
    shared,
    css`
      .box {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: var(--space-3) var(--space-5);
        margin-bottom: var(--space-4);
        padding: var(--space-4) var(--space-5);
        border: 1px solid var(--alarm);
        border-radius: var(--radius);
        background: var(--alarm-wash);
      }

      .passing {
        position: fixed;
        z-index: 2;
        bottom: var(--space-4);
        left: 50%;
        width: min(52rem, calc(100vw - 2rem));
        margin: 0;
        transform: translateX(-50%);
        box-shadow: 0 0.5rem 2rem rgb(0 0 0 / 20%);
      }

      .box > div {
        flex: 1 1 20rem;
        max-width: 50rem;
        overflow-wrap: anywhere;
      }

      .message {
        color: var(--alarm);
        font-weight: 600;
      }
    `,
  ];
}

customElements.define('failure-notice', FailureNotice);

declare global {
  interface HTMLElementTagNameMap {
    'failure-notice': FailureNotice;
  }
}
