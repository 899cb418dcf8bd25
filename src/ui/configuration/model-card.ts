import { css, html, LitElement, nothing } from 'lit';
import {
  type ConfigKey,
  type Fault,
  type ModelShape,
  PRESET_NAMES,
  type PresetName,
  preset,
  type RunConfig,
} from '../../model/config.ts';
import { parameterCount } from '../../model/parameters.ts';
import type { RunEstimate } from '../../worker/messages.ts';
import { emit } from '../emit.ts';
import { bytes, count } from '../format.ts';
import { MODEL_FIELDS, MORE_MODEL_FIELDS } from '../options.ts';
import { COUNTS, PRESETS, SETTINGS } from '../strings.ts';
import { shared } from '../styles.ts';
import { fieldStyles, fields, focusField } from './fields.ts';

/**
 * How large the model is and what it is made of, with how many numbers it learns and what it takes on the GPU.
 *
 * @prop config - what Train would take
 * @prop preset - the one that it comes from
 * @prop suggested - the one that suits the adapter, or null while it is unknown
 * @prop changed - names of what is chosen otherwise than in the preset
 * @prop faults - what is wrong with the configuration
 * @prop vocabulary - V of the text, or null
 * @prop estimate - what the worker has counted for this configuration, or null
 * @prop startsFrom - name of the model to start from, whose shape is its own; null for a new one
 * @fires choose - a Choice
 * @fires preset-chosen - a PresetName
 */
export class ModelCard extends LitElement {
  static override properties = {
    config: { attribute: false },
    preset: { attribute: false },
    suggested: { attribute: false },
    changed: { attribute: false },
    faults: { attribute: false },
    vocabulary: { attribute: false },
    estimate: { attribute: false },
    startsFrom: { attribute: false },
  };

  declare config: RunConfig;
  declare preset: PresetName;
  declare suggested: PresetName | null;
  declare changed: readonly ConfigKey[];
  declare faults: readonly Fault<ConfigKey>[];
  declare vocabulary: number | null;
  declare estimate: RunEstimate | null;
  declare startsFrom: string | null;

  constructor() {
    super();
    this.config = preset('tiny');
    this.preset = 'tiny';
    this.suggested = null;
    this.changed = [];
    this.faults = [];
    this.vocabulary = null;
    this.estimate = null;
    this.startsFrom = null;
  }

  /** Puts the keyboard into the field of this name; says whether there is one. */
  focusField(key: ConfigKey): boolean {
    return focusField(this.renderRoot, key);
  }

  #choice(name: PresetName) {
    const { model } = preset(name);
    const { vocabulary } = this;
    return html`
      <label class="choice">
        <input
          type="radio"
          name="preset"
          value=${name}
          .checked=${this.preset === name}
          @change=${() => emit<PresetName>(this, 'preset-chosen', name)}
        />
        <span class="preset">${PRESETS[name].name} <span class="term">${name}</span></span>
        ${this.suggested === name ? html`<span class="help suits">${SETTINGS.suggested}</span>` : nothing}
        <span class="help sizes number">
          ${PRESETS[name].about}<br />${SETTINGS.sizes(model)}<br />
          ${vocabulary === null ? SETTINGS.context(model.block_size) : `${SETTINGS.context(model.block_size)}, ${SETTINGS.exactly(parameterCount({ ...model, vocab_size: vocabulary }))}`}
        </span>
      </label>
    `;
  }

  #counts(model: ModelShape) {
    const { vocabulary, estimate } = this;
    const sound = vocabulary !== null && !this.faults.some(({ key }) => key in model);
    const fault = estimate?.failure ?? null;
    return html`
      <dl class="counts number">
        <div>
          <dt>${COUNTS.parameters}</dt>
          <dd>
            <span class="value" aria-label=${COUNTS.parameters}
              >${sound ? count(parameterCount({ ...model, vocab_size: vocabulary })) : '—'}</span
            >
            <p class="help">${sound ? COUNTS.parametersHelp(count(vocabulary * model.n_embd)) : nothing}</p>
          </dd>
        </div>
        <div>
          <dt>${COUNTS.memory}</dt>
          <dd aria-live="polite">
            <span class="value">${estimate === null ? COUNTS.memoryUnknown : bytes(estimate.memory.total)}</span>
            <p class="help">
              ${
                fault !== null
                  ? html`<span class="fault">${fault.message} ${fault.hint}</span>`
                  : estimate === null
                    ? nothing
                    : COUNTS.memoryHelp(estimate.memory)
              }
            </p>
          </dd>
        </div>
      </dl>
    `;
  }

  override render() {
    const { config, faults, startsFrom, changed } = this;
    const context = { host: this, config, faults, locked: startsFrom !== null };
    const more = changed.filter((key) => MORE_MODEL_FIELDS.some((option) => option.key === key));
    return html`
      <h2>${SETTINGS.model}</h2>
      <fieldset>
        <legend class="help">${SETTINGS.presets}</legend>
        <div class="choices">${PRESET_NAMES.map((name) => this.#choice(name))}</div>
      </fieldset>
      <p class="help locked" ?hidden=${startsFrom === null}>${SETTINGS.locked(startsFrom ?? '')}</p>
      ${fields(MODEL_FIELDS, context)}
      <details>
        <summary>${SETTINGS.more(more.length)}</summary>
        ${fields(MORE_MODEL_FIELDS, context)}
      </details>
      ${this.#counts(config.model)}
      <slot></slot>
    `;
  }

  static override styles = [
    shared,
    fieldStyles,
    css`
      fieldset {
        min-width: 0;
        margin: var(--space-1) 0 var(--space-4);
        padding: 0;
        border: 0;
      }

      legend {
        padding: 0 0 var(--space-2);
      }

      .choice {
        display: grid;
        grid-template-columns: auto 1fr auto;
        align-content: start;
        align-items: center;
        column-gap: var(--space-3);
        padding: var(--space-2) 0;
        border-top: 1px solid var(--rule);
        cursor: pointer;
      }

      .choices {
        border-bottom: 1px solid var(--rule);
      }

      .choice input {
        margin: 0;
      }

      .preset {
        color: var(--ink);
        font-size: var(--text);
      }

      .suits {
        color: var(--accent);
      }

      .sizes {
        grid-column: 2 / -1;
      }

      .locked {
        margin-bottom: var(--space-3);
        color: var(--ink-soft);
      }

      ::slotted(*) {
        margin-top: var(--space-5);
      }
    `,
  ];
}

customElements.define('model-card', ModelCard);

declare global {
  interface HTMLElementTagNameMap {
    'model-card': ModelCard;
  }
}
