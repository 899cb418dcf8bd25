import { css, html, LitElement, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { RunList, RunSummary } from '../../worker/messages.ts';
import { linkOfRun } from '../address-bar.ts';
import '../configuration/link-button.ts';
import { comparedWith, differences } from '../differences.ts';
import { emit } from '../emit.ts';
import { DIFFERENCES, RUNS } from '../strings.ts';
import { shared } from '../styles.ts';
import { MOST_COMPARED } from '../view.ts';
import type { RunChange } from './run-dialog.ts';
import './run-dialog.ts';

/** What a person may want of a kept run. */
export type RunAction = { action: 'continue' | 'show' | 'compare' | 'export'; id: string } | RunChange;

/**
 * The runs that this browser keeps, the newest first, and what can be done with each.
 *
 * @prop runs - the list, or null before it is known
 * @prop busy - whether a run is going on, so that no other one can be continued or shown
 * @prop shown - id of the run on show, or null
 * @prop compared - ids of the runs whose curves are laid over those on show
 * @fires run-action - a RunAction
 * @fires import-run - the File of a run
 */
export class RunsPanel extends LitElement {
  static override properties = {
    runs: { attribute: false },
    busy: { type: Boolean },
    shown: { attribute: false },
    compared: { attribute: false },
  };

  declare runs: RunList | null;
  declare busy: boolean;
  declare shown: string | null;
  declare compared: readonly string[];

  constructor() {
    super();
    this.runs = null;
    this.busy = false;
    this.shown = null;
    this.compared = [];
  }

  #ask(kind: RunChange['action'], run: RunSummary): void {
    this.renderRoot.querySelector('run-dialog')!.show(kind, run);
  }

  #picked(event: Event): void {
    const input = event.currentTarget as HTMLInputElement;
    const file = input.files?.[0];
    if (file !== undefined) emit<File>(this, 'import-run', file);
    input.value = ''; // so that picking the same file again is a change again
  }

  /** What the run has otherwise than the one before it, or than the one it was copied from. */
  #against(run: RunSummary) {
    const former = comparedWith(run, this.runs?.runs ?? []);
    if (former === null) return nothing;
    return html`<p class="against">${DIFFERENCES.sentence(former.name, differences(run, former))}</p>`;
  }

  #button(label: string, { name }: RunSummary, ready: boolean, press: () => void) {
    return html`<button
      aria-label=${RUNS.of(label, name)}
      aria-disabled=${!ready}
      @click=${() => ready && press()}
    >
      ${label}
    </button>`;
  }

  /** Whether a run's curves are laid over those on show, which its own need not be. */
  #compare({ id, name }: RunSummary, press: () => void) {
    const chosen = this.compared.includes(id);
    const ready = chosen || (id !== this.shown && this.compared.length < MOST_COMPARED);
    return html`<button
      aria-label=${RUNS.of(RUNS.compare, name)}
      aria-pressed=${chosen}
      aria-disabled=${!ready}
      title=${RUNS.compareHelp(MOST_COMPARED)}
      @click=${() => ready && press()}
    >
      ${RUNS.compare}
    </button>`;
  }

  #row(run: RunSummary) {
    const { id, name, fork, open, state } = run;
    const act = (action: 'continue' | 'show' | 'compare' | 'export') =>
      emit<RunAction>(this, 'run-action', { action, id });
    return html`
      <li aria-current=${id === this.shown ? 'true' : nothing}>
        <div class="what">
          <h3>${name}</h3>
          <p class="help number">
            <span class="state">${RUNS.state(run)}</span> · ${RUNS.facts(run)}${fork ? ` · ${RUNS.forkOf(fork)}` : nothing}
          </p>
          ${this.#against(run)}
        </div>
        <div class="buttons">
          ${this.#button(state === 'finished' ? RUNS.open : RUNS.goOn, run, !this.busy && open === null, () => act('continue'))}
          ${this.#button(RUNS.show, run, !this.busy, () => act('show'))}
          ${this.#compare(run, () => act('compare'))}
          ${this.#button(RUNS.fork, run, true, () => this.#ask('fork', run))}
          ${this.#button(RUNS.rename, run, true, () => this.#ask('rename', run))}
          <link-button small .name=${RUNS.linkOf(name)} .link=${() => linkOfRun(run)}></link-button>
          ${this.#button(RUNS.export, run, true, () => act('export'))}
          ${this.#button(RUNS.delete, run, open === null, () => this.#ask('delete', run))}
        </div>
      </li>
    `;
  }

  override render() {
    const runs = this.runs?.runs ?? [];
    return html`
      <h2>${RUNS.heading}</h2>
      <p class="help number">${runs.length === 0 ? RUNS.none : RUNS.usage(runs.length, this.runs!.bytes)}</p>
      <div class="import">
        <button @click=${() => this.renderRoot.querySelector<HTMLInputElement>('[type=file]')!.click()}>${RUNS.import}</button>
        <p class="help">${RUNS.importHelp}</p>
        <input type="file" accept=".zip,.safetensors" aria-label=${RUNS.import} hidden @change=${this.#picked} />
      </div>
      <p class="help" ?hidden=${runs.length === 0}>${RUNS.help}</p>
      <ul ?hidden=${runs.length === 0}>
        ${repeat(
          runs,
          ({ id }) => id,
          (run) => this.#row(run),
        )}
      </ul>
      <run-dialog></run-dialog>
    `;
  }

  static override styles = [
    shared,
    css`
      ul {
        max-height: 26rem;
        margin: var(--space-3) 0 0;
        padding: 0;
        overflow-y: auto;
        list-style: none;
      }

      li {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: var(--space-2) var(--space-4);
        padding: var(--space-3) 0;
        border-top: 1px solid var(--rule);
      }

      .what {
        flex: 1 1 18rem;
        min-width: 0;
      }

      h3 {
        font: var(--text-large) / 1.4 var(--serif);
        overflow-wrap: anywhere;
      }

      li[aria-current] h3 {
        color: var(--accent);
      }

      .against {
        color: var(--ink-soft);
        font: var(--text) / 1.4 var(--serif);
        overflow-wrap: anywhere;
      }

      .import {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--space-2) var(--space-4);
        margin-top: var(--space-3);
      }

      .import ~ .help {
        margin-top: var(--space-3);
      }

      .state {
        color: var(--ink-soft);
      }

      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-2);
      }

      button {
        padding: 0 var(--space-3);
      }

      li button {
        min-height: 2rem;
        font-size: var(--text-small);
      }

      button[aria-pressed='true'] {
        border-color: var(--accent);
        color: var(--accent);
      }
    `,
  ];
}

customElements.define('runs-panel', RunsPanel);

declare global {
  interface HTMLElementTagNameMap {
    'runs-panel': RunsPanel;
  }
}
