import { css, html, LitElement, nothing } from 'lit';
import { emit } from '../emit.ts';
import { KeptFocus } from '../kept-focus.ts';
import { CONTROLS } from '../strings.ts';
import { shared } from '../styles.ts';

export type RunCommand = 'train' | 'pause' | 'resume' | 'stop';

/**
 * The buttons that drive a run, how far it is, and its milestones.
 *
 * One button is Train, Pause and Resume in turn, so that the keyboard's focus stays on it.
 *
 * @prop command - what the first button does now
 * @prop ready - whether it can be pressed
 * @prop stoppable - whether there is a run to stop
 * @prop step - steps done
 * @prop steps - steps in the run
 * @prop summary - what Train would start, in a line
 * @prop milestone - the latest milestone, announced politely
 * @fires run-command - a RunCommand
 */
export class RunControls extends LitElement {
  static override properties = {
    command: { attribute: false },
    ready: { type: Boolean },
    stoppable: { type: Boolean },
    step: { type: Number },
    steps: { type: Number },
    summary: { type: String },
    milestone: { type: String },
  };

  declare command: 'train' | 'pause' | 'resume';
  declare ready: boolean;
  declare stoppable: boolean;
  declare step: number;
  declare steps: number;
  declare summary: string;
  declare milestone: string;

  constructor() {
    super();
    this.command = 'train';
    this.ready = false;
    this.stoppable = false;
    this.step = 0;
    this.steps = 0;
    this.summary = '';
    this.milestone = '';
    new KeptFocus(this, () => this.renderRoot.querySelector('.primary')!);
  }

  #press(command: RunCommand, allowed: boolean): void {
    if (allowed) emit<RunCommand>(this, 'run-command', command);
  }

  override render() {
    const done = this.steps > 0 ? Math.min(1, this.step / this.steps) : 0;
    const name = CONTROLS[this.command];
    return html`
      <div class="row">
        <button class="primary" aria-disabled=${!this.ready} @click=${() => this.#press(this.command, this.ready)}>
          ${name}
        </button>
        <button ?hidden=${!this.stoppable} @click=${() => this.#press('stop', this.stoppable)}>${CONTROLS.stop}</button>
        <div class="words">
          <p role="status">${this.milestone}</p>
          <p class="help">${this.summary}${this.stoppable ? nothing : html` · <slot></slot>`}</p>
        </div>
      </div>
      <div
        class="progress"
        role="progressbar"
        aria-label=${CONTROLS.progress}
        aria-valuemin="0"
        aria-valuemax="100"
        aria-valuenow=${Math.round(100 * done)}
        aria-valuetext=${CONTROLS.progressText(this.step, this.steps)}
      >
        <div .style=${`transform: scaleX(${done})`}></div>
      </div>
    `;
  }

  static override styles = [
    shared,
    css`
      :host {
        container-type: inline-size;
      }

      .row {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--space-3) var(--space-3);
      }

      button {
        min-width: 6rem;
        min-height: 3rem;
        font-size: var(--text-large);
      }

      .primary {
        min-width: 9rem;
      }

      .words {
        flex: 1 1 16rem;
        align-content: center;
        /* Room for two lines of milestone, so that a longer one moves nothing. */
        min-height: 4.25rem;
        margin-left: var(--space-2);
      }

      .progress {
        height: 3px;
        margin-top: var(--space-4);
        background: var(--rule);
      }

      .progress div {
        height: 100%;
        background: var(--accent);
        transform-origin: left; /* without a transition, which would draw 60 frames a second all along a run */
      }

      @media (forced-colors: active) {
        .progress {
          border-bottom: 1px solid GrayText;
        }

        .progress div {
          background: Highlight;
          forced-color-adjust: none;
        }
      }

      @container (max-width: 36rem) {
        .primary {
          flex: 1 1 9rem;
        }

        .words {
          flex-basis: 100%;
          margin-left: 0;
        }
      }
    `,
  ];
}

customElements.define('run-controls', RunControls);

declare global {
  interface HTMLElementTagNameMap {
    'run-controls': RunControls;
  }
}
