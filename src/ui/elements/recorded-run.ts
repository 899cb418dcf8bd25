import { css, html, LitElement, nothing } from 'lit';
import { emit } from '../emit.ts';
import type { RecordingCommand, RecordingView } from '../recording/recording.ts';
import { RECORDING } from '../strings.ts';
import { shared } from '../styles.ts';

/** How much faster than it went. */
const SPEEDS = [1, 3, 10] as const;

/**
 * Plays a recorded run where none can be trained, and says that it is one.
 *
 * @prop recording - what is on show of it, or null while it is only offered
 * @fires recording-command - a RecordingCommand
 */
export class RecordedRun extends LitElement {
  static override properties = { recording: { attribute: false } };

  declare recording: RecordingView | null;

  constructor() {
    super();
    this.recording = null;
  }

  #command(command: RecordingCommand): void {
    emit<RecordingCommand>(this, 'recording-command', command);
  }

  #sliders({ step, steps, speed }: RecordingView) {
    return html`
      <label class="step">
        ${RECORDING.step}
        <input
          type="range"
          min="0"
          max=${steps}
          step="1"
          .valueAsNumber=${step}
          aria-valuetext=${RECORDING.stepText(step, steps)}
          @input=${(event: InputEvent) =>
            this.#command({ kind: 'seek', step: (event.currentTarget as HTMLInputElement).valueAsNumber })}
        />
        <span class="number" aria-hidden="true">${RECORDING.stepText(step, steps)}</span>
      </label>
      <label>
        ${RECORDING.speed}
        <select
          @change=${(event: Event) =>
            this.#command({ kind: 'speed', times: Number((event.currentTarget as HTMLSelectElement).value) })}
        >
          ${SPEEDS.map((times) => html`<option value=${times} ?selected=${times === speed}>${RECORDING.times(times)}</option>`)}
        </select>
      </label>
    `;
  }

  override render() {
    const { recording } = this;
    const playing = recording?.playing ?? false;
    const ended = recording !== null && recording.step === recording.steps && !playing;
    return html`
      <section aria-labelledby="heading">
        <h2 id="heading">${RECORDING.heading}</h2>
        <p class="what">${recording === null ? RECORDING.offer : RECORDING.what(recording)}</p>
        <div class="row">
          <button class="primary" @click=${() => this.#command({ kind: playing ? 'halt' : 'play' })}>
            ${playing ? RECORDING.halt : ended ? RECORDING.again : RECORDING.play}
          </button>
          ${recording === null ? nothing : this.#sliders(recording)}
        </div>
      </section>
    `;
  }

  static override styles = [
    shared,
    css`
      section {
        margin-bottom: var(--space-5);
        padding-bottom: var(--space-5);
        border-bottom: 1px solid var(--rule);
      }

      .what {
        max-width: 44rem;
        margin: var(--space-2) 0 var(--space-4);
        font: var(--text-large) / 1.5 var(--serif);
      }

      .row {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--space-3) var(--space-5);
      }

      .primary {
        min-width: 11rem;
      }

      label {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--space-2);
      }

      .step {
        flex: 1 1 20rem;
      }

      input[type='range'] {
        flex: 1;
        min-width: 6rem;
        margin: 0;
      }

      .number {
        min-width: 9em;
      }

      select {
        height: var(--control);
        padding: 0 var(--space-2);
        border: 1px solid var(--edge);
        border-radius: var(--radius);
        background: var(--sheet);
      }
    `,
  ];
}

customElements.define('recorded-run', RecordedRun);

declare global {
  interface HTMLElementTagNameMap {
    'recorded-run': RecordedRun;
  }
}
