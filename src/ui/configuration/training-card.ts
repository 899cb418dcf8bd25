import { css, html, LitElement, nothing } from 'lit';
import { type ConfigKey, type Fault, preset, type RunConfig } from '../../model/config.ts';
import { emit } from '../emit.ts';
import { KeptFocus } from '../kept-focus.ts';
import { ADVANCED_FIELDS, ADVANCED_KEYS, type AdvancedGroup, type Option, TRAINING_FIELDS } from '../options.ts';
import { ADVANCED, COUNTS, SETTINGS } from '../strings.ts';
import { shared } from '../styles.ts';
import { fieldStyles, fields, focusField, shownFields } from './fields.ts';
import type { Speed } from './speeds.ts';

/**
 * How the next run trains, and how long that takes on this adapter.
 *
 * @prop config - what Train would take
 * @prop changed - names of what is chosen otherwise than in the preset
 * @prop faults - what is wrong with the configuration
 * @prop speed - what was measured for this configuration, or null
 * @prop measuring - whether it is being measured
 * @prop measurable - whether it can be: there is an adapter and a text, nothing is wrong, and no run goes on
 * @prop busy - whether a run goes on
 * @prop half - whether the adapter can compute with f16
 * @fires choose - a Choice
 * @fires reset-advanced
 * @fires measure - and `measure-cancel`
 */
export class TrainingCard extends LitElement {
  static override properties = {
    config: { attribute: false },
    changed: { attribute: false },
    faults: { attribute: false },
    speed: { attribute: false },
    measuring: { type: Boolean },
    measurable: { type: Boolean },
    busy: { type: Boolean },
    half: { type: Boolean },
  };

  declare config: RunConfig;
  declare changed: readonly ConfigKey[];
  declare faults: readonly Fault<ConfigKey>[];
  declare speed: Speed | null;
  declare measuring: boolean;
  declare measurable: boolean;
  declare busy: boolean;
  declare half: boolean;

  constructor() {
    super();
    this.config = preset('tiny');
    this.changed = [];
    this.faults = [];
    this.speed = null;
    this.measuring = false;
    this.measurable = false;
    this.busy = false;
    this.half = false;
    new KeptFocus(this, () => this.renderRoot.querySelector('summary')!);
  }

  /** Puts the keyboard into the field of this name; says whether there is one. */
  focusField(key: ConfigKey): boolean {
    return focusField(this.renderRoot, key);
  }

  #group(name: AdvancedGroup) {
    const options: readonly Option[] = ADVANCED_FIELDS[name];
    const context = { host: this, config: this.config, faults: this.faults, half: this.half };
    if (shownFields(options, context).length === 0) return nothing;
    return html`
      <fieldset>
        <legend><h3>${ADVANCED.groups[name]}</h3></legend>
        ${fields(options, context)}
      </fieldset>
    `;
  }

  #time() {
    const { speed, measuring, measurable, busy } = this;
    const ready = measuring || measurable;
    const help =
      speed !== null
        ? COUNTS.timeHelp(speed, this.config.training.max_iters)
        : busy
          ? COUNTS.busy
          : COUNTS.timeUnmeasured;
    return html`
      <dl class="counts number">
        <div>
          <dt>${COUNTS.time}</dt>
          <dd aria-live=${speed?.from === 'run' ? 'off' : 'polite'}>
            <span class="value">
              ${measuring ? COUNTS.measuring : speed === null ? COUNTS.unmeasured : COUNTS.seconds(speed.ms)}
            </span>
            <p class="help">${help}</p>
          </dd>
        </div>
      </dl>
      <button
        aria-disabled=${!ready}
        @click=${() => ready && emit(this, measuring ? 'measure-cancel' : 'measure')}
      >
        ${measuring ? COUNTS.cancel : COUNTS.measure}
      </button>
    `;
  }

  override render() {
    const { config, faults } = this;
    const groups = Object.keys(ADVANCED_FIELDS) as AdvancedGroup[];
    const changed = this.changed.filter((key) => ADVANCED_KEYS.includes(key));
    return html`
      <h2>${SETTINGS.training}</h2>
      ${fields(TRAINING_FIELDS, { host: this, config, faults })}
      <details>
        <summary>${ADVANCED.summary(changed.length)}</summary>
        ${groups.map((name) => this.#group(name))}
        ${changed.length === 0 ? nothing : html`<button @click=${() => emit(this, 'reset-advanced')}>${ADVANCED.reset}</button>`}
      </details>
      ${this.#time()}
    `;
  }

  static override styles = [
    shared,
    fieldStyles,
    css`
      h2 {
        margin-bottom: var(--space-3);
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

      fieldset .fields {
        clear: both;
      }

      dl + button {
        margin-top: var(--space-3);
      }
    `,
  ];
}

customElements.define('training-card', TrainingCard);

declare global {
  interface HTMLElementTagNameMap {
    'training-card': TrainingCard;
  }
}
