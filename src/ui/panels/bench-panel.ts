import { css, html, LitElement, nothing } from 'lit';
import { PRESET_NAMES, type PresetName } from '../../model/config.ts';
import type { BenchReport } from '../../worker/benchmarking.ts';
import type { Failure } from '../../worker/messages.ts';
import type { Session } from '../session-client.ts';
import { BENCH } from '../strings/bench.ts';
import { shared } from '../styles.ts';
import { initialView, type View } from '../view.ts';
import { benchJson, benchMarkdown, benchRow, kernelRow } from './bench-tables.ts';

/** A configuration whose step must take longer than this is left out. */
const PATIENCE_MS = 10_000;

/**
 * The benchmark of the command line, in the page's own worker.
 *
 * @prop view - all that there is to show
 * @prop session - whom it asks to measure; null before there is a worker
 */
export class BenchPanel extends LitElement {
  static override properties = {
    view: { attribute: false },
    session: { attribute: false },
    reports: { state: true },
    measuring: { state: true },
    leftOut: { state: true },
    failure: { state: true },
    copied: { state: true },
  };

  declare view: View;
  declare session: Session | null;
  declare reports: readonly BenchReport[];
  /** The configuration that is being measured. */
  declare measuring: PresetName | null;
  declare leftOut: readonly string[];
  declare failure: Failure | null;
  declare copied: string;

  constructor() {
    super();
    this.view = initialView();
    this.session = null;
    this.reports = [];
    this.measuring = null;
    this.leftOut = [];
    this.failure = null;
    this.copied = '';
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    void this.session?.benchmarking.stop();
  }

  async #measure(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const precision = form.get('precision') === 'f16' ? 'f16' : 'f32';
    this.reports = [];
    this.leftOut = [];
    this.failure = null;
    this.copied = '';
    for (const config of PRESET_NAMES) {
      this.measuring = config;
      const profile = form.has('profile');
      const request = { config, precision, profile, patience_ms: PATIENCE_MS } as const;
      const done = await this.session!.benchmarking.run(request);
      if (!done.ok) {
        this.failure = done.failure.code === 'stopped' ? null : done.failure;
        break;
      }
      if ('result' in done.value) this.reports = [...this.reports, done.value];
      else this.leftOut = [...this.leftOut, BENCH.leftOut(config, (done.value.floor_ms / 1000).toFixed(0))];
    }
    this.measuring = null;
  }

  async #copy(text: string): Promise<void> {
    this.copied = await navigator.clipboard.writeText(text).then(
      () => BENCH.copied,
      () => BENCH.notCopied,
    );
  }

  #adapter(): string {
    const { adapter } = this.view;
    return adapter === null ? '' : `${adapter.name}${adapter.software ? ' (software)' : ''}`;
  }

  #form() {
    const { view, session, measuring } = this;
    const running = view.phase === 'running' || view.phase === 'preparing';
    return html`
      <form @submit=${this.#measure}>
        ${
          view.adapter?.half
            ? html`<label>${BENCH.precision}
                <select name="precision" ?disabled=${measuring !== null}>
                  ${Object.entries(BENCH.precisions).map(([name, label]) => html`<option value=${name}>${label}</option>`)}
                </select>
              </label>`
            : nothing
        }
        <label><input type="checkbox" name="profile" ?disabled=${measuring !== null} /> ${BENCH.profile}</label>
        ${
          measuring === null
            ? html`<button ?disabled=${running || session === null || view.adapter === null}>${BENCH.start}</button>`
            : html`<button type="button" @click=${() => void session?.benchmarking.stop()}>${BENCH.stop}</button>`
        }
      </form>
      <p role="status" class="help">
        ${
          measuring !== null
            ? BENCH.measuring(measuring, PRESET_NAMES.indexOf(measuring), PRESET_NAMES.length)
            : running
              ? BENCH.busy
              : this.copied
        }
      </p>
      ${this.failure === null ? nothing : html`<p role="alert">${this.failure.message} ${this.failure.hint}</p>`}
    `;
  }

  #table(caption: string, columns: readonly string[], rows: readonly (readonly string[])[]) {
    return html`
      <div class="scroll" tabindex="0" role="group" aria-label=${caption}>
        <table>
          <caption>${caption}</caption>
          <thead><tr>${columns.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
          <tbody>
            ${rows.map(
              ([name, ...cells]) =>
                html`<tr><th scope="row">${name}</th>${cells.map((cell) => html`<td class="number">${cell}</td>`)}</tr>`,
            )}
          </tbody>
        </table>
      </div>
    `;
  }

  override render() {
    const { reports } = this;
    const adapter = this.#adapter();
    const notes = [...new Set(reports.map(({ note }) => note).filter(Boolean)), ...this.leftOut];
    return html`
      <h2>${BENCH.heading}</h2>
      <p class="about">${BENCH.about}</p>
      ${this.#form()}
      ${reports.length === 0 ? nothing : this.#table(adapter, BENCH.columns, reports.map(benchRow))}
      ${notes.map((note) => html`<p class="help">${note}</p>`)}
      ${reports
        .filter(({ kernels }) => kernels.length > 0)
        .map(({ result, kernels }) =>
          this.#table(BENCH.kernels(result.config), BENCH.kernelColumns, kernels.map(kernelRow)),
        )}
      ${
        reports.length === 0
          ? nothing
          : html`<p class="buttons">
              <button @click=${() => void this.#copy(benchJson(reports, adapter))}>${BENCH.copyJson}</button>
              <button @click=${() => void this.#copy(benchMarkdown(reports, adapter))}>${BENCH.copyMarkdown}</button>
            </p>`
      }
    `;
  }

  static override styles = [
    shared,
    css`
      :host {
        display: grid;
        gap: var(--space-3);
        margin-top: var(--space-4);
        padding-top: var(--space-4);
        border-top: 1px solid var(--rule);
        color: var(--ink);
      }

      .about {
        max-width: 44rem;
        font-family: var(--serif);
        font-size: var(--text);
      }

      form,
      .buttons {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--space-4);
      }

      select {
        height: var(--control);
        padding: 0 var(--space-3);
        border: 1px solid var(--edge);
        border-radius: var(--radius);
        background: var(--sheet);
      }

      input {
        accent-color: var(--accent);
      }

      .scroll {
        overflow-x: auto;
      }

      table {
        border-collapse: collapse;
        font-size: var(--text-small);
      }

      caption {
        padding-bottom: var(--space-2);
        color: var(--ink-soft);
        text-align: left;
      }

      th,
      td {
        padding: var(--space-1, 0.25rem) var(--space-4) var(--space-1, 0.25rem) 0;
        border-top: 1px solid var(--rule);
        font-weight: 400;
        text-align: right;
        white-space: nowrap;
      }

      thead th {
        border-top: 0;
        color: var(--ink-soft);
        vertical-align: bottom;
        white-space: normal;
      }

      th:first-child {
        min-width: 8rem;
        text-align: left;
        white-space: normal;
      }
    `,
  ];
}

customElements.define('bench-panel', BenchPanel);

declare global {
  interface HTMLElementTagNameMap {
    'bench-panel': BenchPanel;
  }
}
