import { css, html, LitElement, nothing } from 'lit';
import { live } from 'lit/directives/live.js';
import {
  checkTrainingConfig,
  type OptimizerName,
  type PrecisionChoice,
  type ScheduleName,
  type TrainingConfig,
} from '../../model/config.ts';
import { ADVANCED_OPTIONS, type AdvancedGroup, type AdvancedOption, SUITED_KEYS } from '../advanced-options.ts';
import { emit } from '../emit.ts';
import { ADVANCED } from '../strings.ts';
import { shared } from '../styles.ts';
import type { Settings } from '../view.ts';

/**
 * How the next run trains, folded away: each option with a sentence of help, and what is wrong with it beside it.
 *
 * @prop training - the configuration that Train would take
 * @prop half - whether the adapter can compute with f16
 * @prop chosen - what of it a person has chosen; all else follows the suggestion
 * @fires settings-change - a Partial<Settings>
 */
export class AdvancedSettings extends LitElement {
  static override properties = {
    training: { attribute: false },
    half: { attribute: false },
    chosen: { attribute: false },
    faults: { state: true },
  };

  declare training: TrainingConfig | null;
  declare half: boolean;
  declare chosen: Partial<TrainingConfig>;
  /** What is wrong with a value that was entered and not taken. */
  declare faults: Partial<Record<keyof TrainingConfig, string>>;

  constructor() {
    super();
    this.training = null;
    this.half = false;
    this.chosen = {};
    this.faults = {};
  }

  /** Takes a value, or the suggestion again where it is undefined; keeps the former one where it would be refused. */
  #set(key: keyof TrainingConfig, value: TrainingConfig[keyof TrainingConfig] | undefined): void {
    const chosen: Partial<Record<keyof TrainingConfig, unknown>> = { ...this.chosen, [key]: value };
    const { [key]: _, ...others } = this.faults;
    this.faults = others;
    if (value === undefined) {
      delete chosen[key];
    } else if (key === 'optimizer') {
      for (const suited of SUITED_KEYS) delete chosen[suited];
    } else {
      try {
        checkTrainingConfig({ ...this.training!, [key]: value });
      } catch (error) {
        this.faults = { ...others, [key]: error instanceof Error ? error.message : String(error) };
        return;
      }
    }
    emit<Partial<Settings>>(this, 'settings-change', { advanced: chosen as Partial<TrainingConfig> });
  }

  #control(option: AdvancedOption, training: TrainingConfig) {
    const { key } = option;
    const describedBy = `${key}-help`;
    switch (option.kind) {
      case 'number':
        return html`
          <input
            id=${key}
            type="number"
            step=${option.whole ? '1' : 'any'}
            min="0"
            aria-describedby=${describedBy}
            aria-invalid=${this.faults[key] === undefined ? 'false' : 'true'}
            .value=${String(training[key])}
            @change=${(event: Event) => {
              const input = event.currentTarget as HTMLInputElement;
              const { value, valueAsNumber } = input;
              if (value === '') input.value = String(training[key]);
              this.#set(key, value === '' ? undefined : valueAsNumber);
            }}
          />
        `;
      case 'choice':
        return html`
          <select
            id=${key}
            aria-describedby=${describedBy}
            @change=${(event: Event) => this.#set(key, (event.currentTarget as HTMLSelectElement).value as OptimizerName & ScheduleName & PrecisionChoice)}
          >
            ${option.choices.map(
              (choice) =>
                html`<option value=${choice} ?selected=${training[key] === choice}>${ADVANCED.choices[choice] ?? choice}</option>`,
            )}
          </select>
        `;
      case 'switch':
        return html`
          <input
            id=${key}
            type="checkbox"
            aria-describedby=${describedBy}
            .checked=${live(training[key])}
            @change=${(event: Event) => this.#set(key, (event.currentTarget as HTMLInputElement).checked)}
          />
        `;
      default:
        return option satisfies never;
    }
  }

  #field(option: AdvancedOption, training: TrainingConfig) {
    const { key } = option;
    const { label, help } = ADVANCED.options[key]!;
    const fault = this.faults[key];
    return html`
      <div class=${option.kind === 'switch' ? 'field switch' : 'field'}>
        <label for=${key}>${label}</label>
        ${this.#control(option, training)}
        <p class="help" id="${key}-help">${fault === undefined ? help : html`<span class="fault">${fault}</span>`}</p>
      </div>
    `;
  }

  #group(name: AdvancedGroup, training: TrainingConfig) {
    const options: readonly AdvancedOption[] = ADVANCED_OPTIONS[name];
    const shown = options.filter((option) => option.shown?.(training, this.half) ?? true);
    if (shown.length === 0) return nothing;
    return html`
      <fieldset>
        <legend><h3>${ADVANCED.groups[name]}</h3></legend>
        <div class="fields">${shown.map((option) => this.#field(option, training))}</div>
      </fieldset>
    `;
  }

  override render() {
    const { training } = this;
    const changed = Object.keys(this.chosen).length;
    const groups = Object.keys(ADVANCED_OPTIONS) as AdvancedGroup[];
    return html`
      <details>
        <summary>${ADVANCED.summary(changed)}</summary>
        ${training === null ? nothing : groups.map((name) => this.#group(name, training))}
        <button
          ?hidden=${changed === 0}
          @click=${() => {
            // What was refused stands in its field still: the page is drawn too often to overwrite what is being typed.
            for (const key of Object.keys(this.faults) as (keyof TrainingConfig)[]) {
              this.renderRoot.querySelector<HTMLInputElement>(`#${key}`)!.value = String(training?.[key]);
            }
            this.faults = {};
            emit<Partial<Settings>>(this, 'settings-change', { advanced: {} });
          }}
        >
          ${ADVANCED.reset}
        </button>
      </details>
    `;
  }

  static override styles = [
    shared,
    css`
      :host {
        container-type: inline-size;
      }

      summary {
        width: max-content;
        color: var(--ink-soft);
        font-size: var(--text-small);
        cursor: pointer;
      }

      fieldset {
        min-width: 0;
        margin: var(--space-4) 0;
        padding: var(--space-3) 0 0;
        border: 0;
        border-top: 1px solid var(--rule);
      }

      legend {
        float: left;
        width: 100%;
        padding: 0 0 var(--space-2);
      }

      .fields {
        display: grid;
        clear: both;
        grid-template-columns: repeat(auto-fill, minmax(min(100%, 14rem), 1fr));
        gap: var(--space-4);
      }

      select {
        display: block;
        width: 100%;
        height: var(--control);
        padding: 0 var(--space-3);
        border: 1px solid var(--edge);
        border-radius: var(--radius);
        background: var(--sheet);
        color: inherit;
        font: inherit;
      }

      .switch {
        display: grid;
        grid-template-columns: auto 1fr;
        align-content: start;
        align-items: center;
        gap: var(--space-2);
      }

      .switch input {
        order: -1;
        margin: 0;
        accent-color: var(--accent);
      }

      .switch .help {
        grid-column: 1 / -1;
      }

      [aria-invalid='true'] {
        border-color: var(--alarm);
      }

      .fault {
        color: var(--alarm);
      }
    `,
  ];
}

customElements.define('advanced-settings', AdvancedSettings);

declare global {
  interface HTMLElementTagNameMap {
    'advanced-settings': AdvancedSettings;
  }
}
