import { css, html, LitElement, nothing } from 'lit';
import type { RunSummary } from '../../worker/messages.ts';
import { emit } from '../emit.ts';
import { RUNS } from '../strings.ts';
import { shared } from '../styles.ts';
import type { RunAction } from './runs-panel.ts';

/**
 * Offers to go on with a run that was interrupted.
 *
 * @prop run - that run, or null
 * @prop ready - whether it can go on now
 * @fires run-action - a RunAction
 */
export class ResumeOffer extends LitElement {
  static override properties = { run: { attribute: false }, ready: { type: Boolean } };

  declare run: RunSummary | null;
  declare ready: boolean;

  constructor() {
    super();
    this.run = null;
    this.ready = false;
  }

  override render() {
    const { run } = this;
    if (run === null) return nothing;
    const goOn = () => this.ready && emit<RunAction>(this, 'run-action', { action: 'continue', id: run.id });
    return html`
      <div>
        <p>${RUNS.offer(run.name, run.step)}</p>
        <button class="primary" aria-disabled=${!this.ready} @click=${goOn}>${RUNS.offerButton}</button>
      </div>
    `;
  }

  static override styles = [
    shared,
    css`
      div {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: var(--space-2) var(--space-4);
        margin-bottom: var(--space-5);
        padding: var(--space-3) var(--space-4);
        border: 1px solid var(--edge);
        border-radius: var(--radius);
        background: var(--sheet);
      }

      p {
        flex: 1 1 16rem;
        overflow-wrap: anywhere;
      }
    `,
  ];
}

customElements.define('resume-offer', ResumeOffer);

declare global {
  interface HTMLElementTagNameMap {
    'resume-offer': ResumeOffer;
  }
}
