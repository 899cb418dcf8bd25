import { css, html, LitElement, nothing } from 'lit';
import { live } from 'lit/directives/live.js';
import { PRESET_NAMES, type PresetName, preset } from '../../model/config.ts';
import { emit } from '../emit.ts';
import { PRESETS, SETTINGS } from '../strings.ts';
import { shared } from '../styles.ts';
import { parametersOf, type Settings } from '../view.ts';

/**
 * What the next run will be: the model's size, the steps and the seed.
 *
 * @prop chosen - the preset that Train would take
 * @prop suggested - the preset that suits the adapter, or null while it is unknown
 * @prop vocabulary - V of the text, or null
 * @prop steps - steps that Train would make
 * @prop seed - the seed it would take
 * @fires settings-change - a Partial<Settings>
 */
export class RunSettings extends LitElement {
  static override properties = {
    chosen: { attribute: false },
    suggested: { attribute: false },
    vocabulary: { attribute: false },
    steps: { type: Number },
    seed: { type: Number },
  };

  declare chosen: PresetName;
  declare suggested: PresetName | null;
  declare vocabulary: number | null;
  declare steps: number;
  declare seed: number;

  constructor() {
    super();
    this.chosen = 'tiny';
    this.suggested = null;
    this.vocabulary = null;
    this.steps = 0;
    this.seed = 0;
  }

  #choice(name: PresetName) {
    const { model } = preset(name);
    return html`
      <label class="choice">
        <input
          type="radio"
          name="preset"
          value=${name}
          .checked=${this.chosen === name}
          @change=${() => emit<Partial<Settings>>(this, 'settings-change', { preset: name, steps: null })}
        />
        <span class="preset">${PRESETS[name].name}</span>
        ${this.suggested === name ? html`<span class="help suits">${SETTINGS.suggested}</span>` : nothing}
        <span class="help sizes number">
          ${SETTINGS.sizes(model.n_layer, model.n_embd)}<br />
          ${SETTINGS.context(model.block_size)}<br />
          ${this.vocabulary === null ? nothing : SETTINGS.about(parametersOf(model, this.vocabulary))}
        </span>
      </label>
    `;
  }

  #number(key: 'steps' | 'seed', label: string, value: number, min: number, max: number) {
    return html`
      <div>
        <label for=${key}>${label}</label>
        <input
          id=${key}
          type="number"
          min=${min}
          max=${max}
          step="1"
          required
          .value=${live(String(value))}
          @change=${(event: Event) => {
            // An emptied field takes the suggestion again.
            const { valueAsNumber } = event.currentTarget as HTMLInputElement;
            emit<Partial<Settings>>(this, 'settings-change', {
              [key]: Number.isNaN(valueAsNumber) ? null : valueAsNumber,
            });
          }}
        />
      </div>
    `;
  }

  override render() {
    return html`
      <fieldset>
        <legend><h2>${SETTINGS.model}</h2></legend>
        <div class="choices">${PRESET_NAMES.map((name) => this.#choice(name))}</div>
      </fieldset>
      <div class="pair">
        ${this.#number('steps', SETTINGS.steps, this.steps, 1, 1_000_000)}
        ${this.#number('seed', SETTINGS.seed, this.seed, 0, 0xffffffff)}
      </div>
      <p class="help">${SETTINGS.help}</p>
    `;
  }

  static override styles = [
    shared,
    css`
      :host {
        container-type: inline-size;
      }

      fieldset {
        min-width: 0;
        margin: 0;
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
        padding: var(--space-2) 0 var(--space-3);
        border-top: 1px solid var(--rule);
        cursor: pointer;
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
        min-height: 4.2em;
      }

      .pair {
        display: grid;
        grid-template-columns: repeat(2, minmax(0, 10rem));
        gap: var(--space-3);
        padding-top: var(--space-3);
        border-top: 1px solid var(--rule);
      }

      p {
        margin-top: var(--space-3);
      }

      @container (min-width: 30rem) {
        .choices {
          display: grid;
          grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr));
          column-gap: var(--space-5);
        }
      }
    `,
  ];
}

customElements.define('run-settings', RunSettings);

declare global {
  interface HTMLElementTagNameMap {
    'run-settings': RunSettings;
  }
}
