import { css, html, LitElement, nothing } from 'lit';
import { live } from 'lit/directives/live.js';
import type { OptimizerName } from '../../../model/config.ts';
import { type Anatomy, trainingFlops } from '../../../model/counts.ts';
import type { Failure } from '../../../worker/messages.ts';
import { emit } from '../../emit.ts';
import { COST, UPDATES } from '../../strings/costs.ts';
import { shared } from '../../styles.ts';
import { figuresPage } from './figures-styles.ts';
import { span } from './magnitudes.ts';

/** Where the number of tokens comes from. */
export type TokenChoice = 'run' | 'chinchilla' | 'published';

/** What is known about the adapter's pace, in operations a second. */
export interface Pace {
  /** Of large products, measured; null before that. */
  peak: number | null;
  measuring: boolean;
  /** What the run on show reaches, or null. */
  run: number | null;
  failure: Failure | null;
}

/**
 * What it takes to train the model: operations, and time on this adapter.
 *
 * @prop anatomy - the model
 * @prop optimizer - whose rule is shown
 * @prop tokens - those of its run, or published ones, or null
 * @prop published - whether they are published
 * @prop gpt3 - whether the model is the one whose operations are published
 * @prop pace - of the adapter
 * @fires measure - the adapter is to be measured
 */
export class TrainingCost extends LitElement {
  static override properties = {
    anatomy: { attribute: false },
    optimizer: { attribute: false },
    tokens: { attribute: false },
    published: { type: Boolean },
    gpt3: { type: Boolean },
    pace: { attribute: false },
    choice: { state: true },
  };

  declare anatomy: Anatomy | null;
  declare optimizer: OptimizerName;
  declare tokens: number | null;
  declare published: boolean;
  declare gpt3: boolean;
  declare pace: Pace;
  /** What a person has chosen; null follows the model. */
  declare choice: TokenChoice | null;

  constructor() {
    super();
    this.anatomy = null;
    this.optimizer = 'adamw';
    this.tokens = null;
    this.published = false;
    this.gpt3 = false;
    this.pace = { peak: null, measuring: false, run: null, failure: null };
    this.choice = null;
  }

  #tokens(anatomy: Anatomy) {
    const own: TokenChoice | null = this.tokens === null ? null : this.published ? 'published' : 'run';
    const choices: [TokenChoice, number][] = [['chinchilla', 20 * anatomy.parameters]];
    if (own !== null) choices.unshift([own, this.tokens!]);
    const [chosen, tokens] = choices.find(([choice]) => choice === this.choice) ?? choices[0]!;
    const select = html`
      <label for="tokens">${COST.tokens}</label>
      <select
        id="tokens"
        @change=${(event: Event) => {
          this.choice = (event.currentTarget as HTMLSelectElement).value as TokenChoice;
        }}
      >
        ${choices.map(([choice, number]) => html`<option value=${choice} .selected=${live(choice === chosen)}>${COST.choices[choice](number)}</option>`)}
      </select>
      ${chosen === 'chinchilla' ? html`<p class="help">${COST.chinchilla}</p>` : nothing}
    `;
    return { tokens, select };
  }

  #time(operations: number) {
    const { peak, measuring, run, failure } = this.pace;
    return html`
      <div class="time">
        <dt>${COST.time}</dt>
        <dd class="number">${peak === null ? COST.unmeasured : span(operations / peak)}</dd>
        <dd class="help">${peak === null ? COST.measureHelp : COST.atPeak(peak)}</dd>
        <dd class="ask">
          <button aria-disabled=${measuring} @click=${() => measuring || emit(this, 'measure')}>
            ${measuring ? COST.measuring : COST.measure}
          </button>
          <span role="alert">${failure === null ? nothing : `${failure.message} ${failure.hint}`}</span>
        </dd>
      </div>
      ${
        run === null
          ? nothing
          : html`
              <div>
                <dt>${COST.asRun}</dt>
                <dd class="number">${span(operations / run)}</dd>
                <dd class="help">${COST.asRunHelp(run, peak === null ? null : run / peak)}</dd>
              </div>
            `
      }
    `;
  }

  override render() {
    const { anatomy, optimizer } = this;
    if (anatomy === null) return nothing;
    const { parameters } = anatomy;
    const { tokens, select } = this.#tokens(anatomy);
    const operations = 6 * parameters * tokens;
    const whole = trainingFlops(anatomy).estimate * tokens;
    const { formula, source } = UPDATES[optimizer];
    return html`
      <h3>${COST.heading}</h3>
      <p class="how">${COST.how}</p>
      <p class="formula">${formula}</p>
      <p class="help">${source}.</p>
      <div>${select}</div>
      <dl>
        <div>
          <dt>${COST.operations}</dt>
          <dd></dd>
          <dd class="number sum">${COST.sixND(parameters, tokens, operations)}</dd>
          <dd class="help number">${COST.withAttention(whole)}. ${COST.sixNDHelp} ${this.gpt3 ? COST.gpt3 : nothing}</dd>
        </div>
        ${this.#time(whole)}
      </dl>
    `;
  }

  static override styles = [
    shared,
    figuresPage,
    css`
      .how {
        font: var(--text-large) / 1.5 var(--serif);
      }

      select {
        display: block;
        width: 100%;
        max-width: 26rem;
        height: var(--control);
        padding: 0 var(--space-2);
        border: 1px solid var(--edge);
        border-radius: var(--radius);
        background: var(--sheet);
      }

      dd.sum,
      .ask {
        grid-column: 1 / -1;
      }

      .ask {
        padding-top: var(--space-2);
      }

      .ask span {
        color: var(--alarm);
        font-size: var(--text-small);
      }
    `,
  ];
}

customElements.define('training-cost', TrainingCost);

declare global {
  interface HTMLElementTagNameMap {
    'training-cost': TrainingCost;
  }
}
