import { css, html, LitElement } from 'lit';
import { fetchPart } from '../fetch-part.ts';
import type { Session } from '../session-client.ts';
import { INSIDE, type InsideSection } from '../strings/inside.ts';
import { shared } from '../styles.ts';
import { canGenerate, initialView, openingOf, type View } from '../view.ts';
import './inside/section-tabs.ts';

/** What was chosen here stays chosen while another part of the page is on show, though the panel goes then. */
const kept: { section: InsideSection; text: string | null } = { section: 'weights', text: null };

const NO_NORMS: readonly never[] = [];

/** What the sections are made of, fetched when there is something to show in them. */
const PARTS: Record<InsideSection, () => Promise<unknown>> = {
  weights: () => import('./inside/weights-section.ts'),
  walk: () => import('./inside/walk-section.ts'),
  prompt: () => import('./inside/prompt-section.ts'),
};

/** Counts models, so that sections can tell one from another. */
let models = 0;

/**
 * Looks inside the model of the run: its weights, one training step, a text on its way through it.
 *
 * @prop view - all that there is to show
 * @prop session - whom it asks for what is not in the view; null before there is a worker
 * @fires failed - the Failure to fetch a section
 */
export class InsidePanel extends LitElement {
  static override properties = { view: { attribute: false }, session: { attribute: false } };

  declare view: View;
  declare session: Session | null;
  /** The history of the run that is looked at, which no other run has, and the number of its model. */
  #looked: { history: unknown; number: number } = { history: null, number: 0 };
  /** The section that was on show last. */
  #fetched: InsideSection | null = null;

  constructor() {
    super();
    this.view = initialView();
    this.session = null;
  }

  protected override willUpdate(): void {
    if (this.#missing() !== null || kept.section === this.#fetched) return;
    this.#fetched = kept.section;
    void fetchPart(this, PARTS[kept.section]);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    void this.session?.inspection.release();
  }

  /** Why there is nothing to look at, or null. */
  #missing(): string | null {
    const { run, phase } = this.view;
    if (canGenerate(this.view)) return null;
    if (phase === 'preparing') return INSIDE.preparing;
    if (phase === 'failed') return INSIDE.failed;
    return run !== null && !run.live ? INSIDE.notLive : INSIDE.noModel;
  }

  get #model(): number {
    const history = this.view.run?.history ?? null;
    if (history !== this.#looked.history) {
      if (this.#looked.history !== null) void this.session?.inspection.release();
      this.#looked = { history, number: ++models };
    }
    return this.#looked.number;
  }

  #section() {
    const { session, view } = this;
    switch (kept.section) {
      case 'weights':
        return html`<weights-section .session=${session} .run=${this.#model} .phase=${view.phase} .norms=${view.run?.norms ?? NO_NORMS}></weights-section>`;
      case 'walk':
        return html`<walk-section .session=${session} .run=${this.#model} .phase=${view.phase}></walk-section>`;
      case 'prompt':
        return html`
          <prompt-section
            .session=${session}
            .run=${this.#model}
            .phase=${view.phase}
            .text=${kept.text ?? openingOf(view.text?.preview ?? '')}
            @look-text=${(event: CustomEvent<string>) => {
              event.stopPropagation();
              kept.text = event.detail;
            }}
          ></prompt-section>
        `;
      default:
        return kept.section satisfies never;
    }
  }

  override render() {
    const missing = this.#missing();
    return html`
      <h2>${INSIDE.heading}</h2>
      <p class="intro">${INSIDE.intro}</p>
      ${
        missing === null
          ? html`
              <section-tabs
                .chosen=${kept.section}
                @choose=${(event: CustomEvent<InsideSection>) => {
                  kept.section = event.detail;
                  this.requestUpdate();
                }}
              ></section-tabs>
              <div class="section" role="tabpanel" aria-label=${INSIDE.names[kept.section]}>${this.#section()}</div>
            `
          : html`<p class="missing">${missing}</p>`
      }

    `;
  }

  static override styles = [
    shared,
    css`
      .intro {
        max-width: 44rem;
        margin: var(--space-2) 0 var(--space-4);
        font: var(--text-large) / 1.5 var(--serif);
      }

      .missing {
        padding: var(--space-4) 0;
        border-top: 1px solid var(--rule);
        color: var(--ink-soft);
      }

      .section {
        min-height: 30rem;
        margin-top: var(--space-4);
        padding-top: var(--space-4);
        border-top: 1px solid var(--rule);
      }
    `,
  ];
}

customElements.define('inside-panel', InsidePanel);

declare global {
  interface HTMLElementTagNameMap {
    'inside-panel': InsidePanel;
  }
}
