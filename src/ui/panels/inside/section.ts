import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import type { Failure, Phase, Result } from '../../../worker/messages.ts';
import type { Session } from '../../session-client.ts';
import { INSIDE } from '../../strings/inside.ts';

/**
 * A section that asks the session for what it shows.
 *
 * @prop session - whom it asks
 * @prop run - tells one run from another: when it changes, all that was shown is of another model
 * @prop phase - of the session
 */
export abstract class InsideSectionElement extends LitElement {
  static override properties = {
    session: { attribute: false },
    run: { attribute: false },
    phase: { attribute: false },
    busy: { state: true },
    failure: { state: true },
  };

  declare session: Session | null;
  declare run: unknown;
  declare phase: Phase;
  declare busy: boolean;
  declare failure: Failure | null;

  constructor() {
    super();
    this.session = null;
    this.run = null;
    this.phase = 'idle';
    this.busy = false;
    this.failure = null;
  }

  /** Forgets what was shown of another model, and asks anew where that is quick. */
  protected abstract begin(): void;

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('run') || changed.has('session')) {
      this.failure = null;
      this.begin();
    }
  }

  /** The answer of the session; undefined, and told, where there is none. Commands are made one after the other. */
  protected async ask<T>(command: (inspection: Session['inspection']) => Promise<Result<T>>): Promise<T | undefined> {
    const { session, run } = this;
    if (!session) return undefined;
    this.busy = true;
    const result = await command(session.inspection);
    this.busy = false;
    if (session !== this.session || run !== this.run) return undefined; // of a model that is no longer on show
    this.failure = result.ok ? null : result.failure;
    return result.ok ? result.value : undefined;
  }

  protected failureNotice() {
    const { failure } = this;
    return html`
      <p class="failure" aria-live="assertive">${failure === null ? nothing : `${failure.message} ${failure.hint}`}</p>
    `;
  }

  /** The moment that is shown, and a button to look once more. */
  protected moment(step: number | undefined, again: () => void) {
    return html`
      <p class="moment help number">
        <span>${step === undefined ? INSIDE.looking : INSIDE.asOf(step)}</span>
        <button aria-disabled=${this.busy} @click=${() => !this.busy && again()}>${INSIDE.again}</button>
      </p>
    `;
  }
}

export const sectionStyles = css`
  .failure:not(:empty) {
    padding: var(--space-3);
    border-left: 3px solid var(--alarm);
    background: var(--alarm-wash);
    color: var(--alarm);
  }

  .moment {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--space-3);
    margin: var(--space-3) 0;
  }

  .moment button {
    min-height: 2rem;
  }

  .intro {
    max-width: 44rem;
    margin: var(--space-2) 0 var(--space-4);
    font: var(--text-large) / 1.5 var(--serif);
  }

  /* Two, one below the other where there is no room; --columns shares the width out. */
  .columns {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: var(--space-5) var(--space-6);
  }

  @media (min-width: 60rem) {
    .columns {
      grid-template-columns: var(--columns, minmax(0, 1fr) minmax(0, 1fr));
    }
  }

  .columns h4,
  .stage h4 {
    margin: 0;
    font: inherit;
    color: var(--ink-soft);
  }

  .fields {
    display: flex;
    flex-wrap: wrap;
    align-items: end;
    gap: var(--space-3) var(--space-4);
  }

  .fields label {
    display: grid;
    gap: var(--space-1);
  }

  .fields textarea {
    color: var(--ink);
  }

  select,
  .fields input {
    min-height: var(--control);
    max-width: 100%;
    padding: 0 var(--space-2);
    border: 1px solid var(--edge);
    border-radius: var(--radius);
    background: var(--sheet);
    color: var(--ink);
    font-size: var(--text);
  }

  .formula {
    max-width: 100%;
    margin: var(--space-3) 0;
    overflow-wrap: anywhere;
    color: var(--ink-soft);
    font: italic var(--text-large) / 1.4 var(--serif);
  }
`;
