import { css, html, LitElement } from 'lit';
import { emit } from '../emit.ts';
import { CONTROLS_OF_CHARTS as WORDS } from '../strings.ts';
import { shared } from '../styles.ts';
import { WINDOWS } from './run-series.ts';

/** How all charts of a run are drawn. */
export interface ChartSettings {
  logX: boolean;
  logY: boolean;
  /** Values that smoothed curves average over; 1 smooths nothing. */
  window: number;
}

/**
 * How the charts are drawn, and what is taken out of them.
 *
 * @prop settings - what is chosen
 * @prop zoomed - whether the charts show a part of the steps
 * @prop steps - whether there are steps to save
 * @prop norms - whether there are norms to save
 * @fires chart-settings - a ChartSettings
 * @fires chart-zoom - null: all steps
 * @fires curves-save - 'steps' or 'norms': which numbers to save
 */
export class ChartControls extends LitElement {
  static override properties = {
    settings: { attribute: false },
    zoomed: { type: Boolean },
    steps: { type: Boolean },
    norms: { type: Boolean },
  };

  declare settings: ChartSettings;
  declare zoomed: boolean;
  declare steps: boolean;
  declare norms: boolean;

  constructor() {
    super();
    this.settings = { logX: false, logY: false, window: 40 };
    this.zoomed = false;
    this.steps = false;
    this.norms = false;
  }

  #change(change: Partial<ChartSettings>): void {
    emit<ChartSettings>(this, 'chart-settings', { ...this.settings, ...change });
  }

  #checkbox(label: string, key: 'logX' | 'logY') {
    return html`
      <label class="check">
        <input
          type="checkbox"
          .checked=${this.settings[key]}
          @change=${(event: Event) => this.#change({ [key]: (event.target as HTMLInputElement).checked })}
        />
        ${label}
      </label>
    `;
  }

  #button(label: string, ready: boolean, press: () => void) {
    return html`<button aria-disabled=${!ready} @click=${() => ready && press()}>${label}</button>`;
  }

  override render() {
    const { window } = this.settings;
    return html`
      <fieldset>
        <legend>${WORDS.heading}</legend>
        ${this.#checkbox(WORDS.logX, 'logX')} ${this.#checkbox(WORDS.logY, 'logY')}
        <label class="smoothing" title=${WORDS.smoothingHelp}>
          ${WORDS.smoothing}
          <input
            type="range"
            min="0"
            max=${WINDOWS.length - 1}
            .value=${String(WINDOWS.indexOf(window as (typeof WINDOWS)[number]))}
            aria-valuetext=${WORDS.window(window)}
            @input=${(event: Event) => this.#change({ window: WINDOWS[Number((event.target as HTMLInputElement).value)]! })}
          />
          <output class="number">${WORDS.window(window)}</output>
        </label>
        ${this.#button(WORDS.reset, this.zoomed, () => emit(this, 'chart-zoom', null))}
        ${this.#button(WORDS.steps, this.steps, () => emit(this, 'curves-save', 'steps'))}
        ${this.#button(WORDS.norms, this.norms, () => emit(this, 'curves-save', 'norms'))}
      </fieldset>
      <p class="help">${WORDS.help}</p>
    `;
  }

  static override styles = [
    shared,
    css`
      fieldset {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--space-2) var(--space-4);
        margin: 0;
        padding: 0;
        border: 0;
      }

      legend {
        position: absolute;
        width: 1px;
        height: 1px;
        overflow: hidden;
        clip-path: inset(50%);
      }

      label {
        display: flex;
        align-items: center;
        gap: var(--space-2);
      }

      input {
        accent-color: var(--accent);
      }

      input[type='range'] {
        width: 6rem;
      }

      output {
        min-width: 4.5em;
      }

      button {
        min-height: 2rem;
        padding: 0 var(--space-3);
        font-size: var(--text-small);
      }

      .help {
        margin-top: var(--space-2);
      }
    `,
  ];
}

customElements.define('chart-controls', ChartControls);

declare global {
  interface HTMLElementTagNameMap {
    'chart-controls': ChartControls;
  }
}
