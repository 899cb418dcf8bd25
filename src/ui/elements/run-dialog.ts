import { css, html, LitElement, nothing } from 'lit';
import type { ForkChange, RunSummary } from '../../worker/messages.ts';
import { emit } from '../emit.ts';
import { RUNS } from '../strings.ts';
import { shared } from '../styles.ts';

/** A change to a kept run that a person has confirmed. */
export type RunChange =
  | { action: 'rename'; id: string; name: string }
  | { action: 'fork'; id: string; change: ForkChange }
  | { action: 'delete'; id: string };

/**
 * Asks for the new name of a run, for what its fork shall be, or whether it shall really be deleted.
 *
 * @fires run-action - a RunChange
 */
export class RunDialog extends LitElement {
  static override properties = { kind: { state: true }, run: { state: true }, from: { state: true } };

  declare kind: RunChange['action'];
  declare run: RunSummary | null;
  /** The step that a fork goes on from. */
  declare from: number;

  constructor() {
    super();
    this.kind = 'rename';
    this.run = null;
    this.from = 0;
  }

  async show(kind: RunChange['action'], run: RunSummary): Promise<void> {
    this.kind = kind;
    this.run = run;
    this.from = run.step;
    await this.updateComplete;
    this.renderRoot.querySelector('form')!.reset();
    this.renderRoot.querySelector('dialog')!.showModal();
    this.renderRoot.querySelector<HTMLInputElement>('input[name="name"]')?.select();
  }

  #close(): void {
    this.renderRoot.querySelector('dialog')!.close();
  }

  #submit(event: SubmitEvent): void {
    event.preventDefault();
    this.#close();
    emit<RunChange>(this, 'run-action', this.#chosen(new FormData(event.currentTarget as HTMLFormElement)));
  }

  #chosen(form: FormData): RunChange {
    const { id, steps } = this.run!;
    const action = this.kind;
    if (action === 'delete') return { action, id };
    const name = String(form.get('name')).trim();
    if (action === 'rename') return { action, id, name };
    const wanted = Number(form.get('steps'));
    const rate = String(form.get('rate'));
    const change: ForkChange = {
      name,
      ...(form.get('from') === 'best' && { from: 'best' }),
      ...(wanted !== steps && { steps: wanted }),
      ...(rate !== '' && { learning_rate: Number(rate) }),
    };
    return { action, id, change };
  }

  /** Which of its saved states a fork goes on from, where there are two. */
  #states({ step, best }: RunSummary) {
    if (best === null || best.step === step) return nothing;
    const radio = (value: string, label: string, at: number) => html`
      <label>
        <input type="radio" name="from" value=${value} ?checked=${value === 'latest'} @change=${() => (this.from = at)} />
        ${label}
      </label>
    `;
    return html`
      <fieldset>
        <legend>${RUNS.fromLabel}</legend>
        ${radio('latest', RUNS.fromLatest(step), step)}
        ${radio('best', RUNS.fromBest(best.step, best.val_loss), best.step)}
      </fieldset>
    `;
  }

  #fields(run: RunSummary) {
    if (this.kind === 'delete') return html`<p>${RUNS.deleteHelp(run.name)}</p>`;
    const name = this.kind === 'fork' ? RUNS.forkName(run.name, run.step) : run.name;
    return html`
      ${this.kind === 'fork' ? html`<p class="help">${RUNS.forkHelp(run.name)}</p>` : nothing}
      ${this.kind === 'fork' ? this.#states(run) : nothing}
      <label>${RUNS.nameLabel}<input name="name" required maxlength="200" pattern=".*\\S.*" value=${name} /></label>
      ${
        this.kind === 'fork'
          ? html`<div class="numbers">
              <label>${RUNS.stepsLabel}<input name="steps" type="number" required min=${Math.max(1, this.from)} max="1000000" value=${run.steps} /></label>
              <label>${RUNS.rateLabel}<input name="rate" type="number" min="0" max="10" step="any" placeholder=${RUNS.asBefore} /></label>
            </div>`
          : nothing
      }
    `;
  }

  override render() {
    const { run, kind } = this;
    const headings = { rename: RUNS.renameHeading, fork: RUNS.forkHeading, delete: RUNS.deleteHeading };
    const actions = { rename: RUNS.rename, fork: RUNS.fork, delete: RUNS.delete };
    return html`
      <dialog aria-labelledby="heading">
        <form @submit=${this.#submit}>
          <h2 id="heading">${headings[kind]}</h2>
          ${run ? this.#fields(run) : nothing}
          <div class="buttons">
            <button type="button" @click=${this.#close}>${RUNS.cancel}</button>
            <button class="primary">${actions[kind]}</button>
          </div>
        </form>
      </dialog>
    `;
  }

  static override styles = [
    shared,
    css`
      dialog {
        width: min(32rem, calc(100vw - 2rem));
        padding: var(--space-5);
        border: 1px solid var(--rule);
        border-radius: var(--radius);
        background: var(--paper);
        color: var(--ink);
        box-shadow: 0 1.5rem 4rem rgb(0 0 0 / 25%);
      }

      dialog::backdrop {
        background: rgb(10 14 20 / 45%);
      }

      form {
        display: grid;
        gap: var(--space-3);
      }

      .numbers {
        display: grid;
        grid-template-columns: 1fr 1fr;
        gap: var(--space-3);
      }

      fieldset {
        display: grid;
        gap: var(--space-2);
        margin: 0;
        padding: 0;
        border: 0;
      }

      legend {
        padding: 0 0 var(--space-2);
        color: var(--ink-soft);
        font-size: var(--text-small);
      }

      input:not([type='radio']) {
        display: block;
        width: 100%;
        height: var(--control);
        padding: var(--space-2) var(--space-3);
        border: 1px solid var(--edge);
        border-radius: var(--radius);
        background: var(--sheet);
      }

      .buttons {
        display: flex;
        flex-wrap: wrap;
        justify-content: flex-end;
        gap: var(--space-3);
      }
    `,
  ];
}

customElements.define('run-dialog', RunDialog);

declare global {
  interface HTMLElementTagNameMap {
    'run-dialog': RunDialog;
  }
}
