import { css, html, LitElement, nothing } from 'lit';
import { count, loss, rate } from '../format.ts';
import { NOTHING_YET, percent, READINGS, timeLeft } from '../strings.ts';
import { shared } from '../styles.ts';

/**
 * The dials of the instrument. Values are plain text, so that scripts can read them: "2.431", or a dash before the
 * first.
 *
 * @prop trainLoss - the last step's loss in nats, or null
 * @prop valLoss - the last evaluation's, or null
 * @prop accuracy - the share of held-out problems answered exactly, or null where the text is no task
 * @prop step - steps done, or null before a run
 * @prop steps - steps in the run
 * @prop tokensPerSecond - NaN while unknown
 * @prop secondsLeft - NaN while unknown
 */
export class RunReadings extends LitElement {
  static override properties = {
    trainLoss: { attribute: false },
    valLoss: { attribute: false },
    accuracy: { attribute: false },
    step: { attribute: false },
    steps: { type: Number },
    tokensPerSecond: { type: Number },
    secondsLeft: { type: Number },
  };

  declare trainLoss: number | null;
  declare valLoss: number | null;
  declare accuracy: number | null;
  declare step: number | null;
  declare steps: number;
  declare tokensPerSecond: number;
  declare secondsLeft: number;

  constructor() {
    super();
    this.trainLoss = null;
    this.valLoss = null;
    this.accuracy = null;
    this.step = null;
    this.steps = 0;
    this.tokensPerSecond = Number.NaN;
    this.secondsLeft = Number.NaN;
  }

  override render() {
    const number = (value: number | null, format: (value: number) => string) =>
      value === null || !Number.isFinite(value) ? NOTHING_YET : format(value);
    const dial = (name: string, value: string, help: string, kind: string) => html`
      <div class=${kind}>
        <dt>${name}</dt>
        <dd class=${value === NOTHING_YET ? 'value none' : 'value'}>
          <span role="group" aria-label=${name}>${value}</span>
        </dd>
        <dd class="help">${help}</dd>
      </div>
    `;
    return html`
      <dl class=${this.accuracy === null ? '' : 'task'}>
        ${dial(READINGS.trainLoss, number(this.trainLoss, loss), READINGS.trainLossHelp, 'loss train')}
        ${dial(READINGS.valLoss, number(this.valLoss, loss), READINGS.valLossHelp, 'loss val')}
        ${this.accuracy === null ? nothing : dial(READINGS.accuracy, percent(this.accuracy), READINGS.accuracyHelp, 'small')}
        ${dial(READINGS.step, number(this.step, count), READINGS.stepHelp(this.steps), 'small')}
        ${dial(READINGS.speed, number(this.tokensPerSecond, rate), READINGS.speedHelp, 'small')}
        ${dial(READINGS.timeLeft, timeLeft(this.secondsLeft), READINGS.timeLeftHelp, 'small')}
      </dl>
    `;
  }

  static override styles = [
    shared,
    css`
      :host {
        container-type: inline-size;
      }

      dl {
        display: grid;
        grid-template-columns: repeat(2, minmax(8rem, 1.35fr)) repeat(3, minmax(5.5rem, 1fr));
        gap: var(--space-4);
        margin: 0;
      }

      dl.task {
        grid-template-columns: repeat(2, minmax(7rem, 1.2fr)) repeat(4, minmax(4.5rem, 1fr));
        gap: var(--space-3);
      }

      dt {
        color: var(--ink-soft);
        font-size: var(--text-small);
      }

      dd {
        margin: 0;
        font: 400 1.25rem / 2.25rem var(--sans);
        font-variant-numeric: tabular-nums lining-nums;
        white-space: nowrap;
      }

      .loss dd.value {
        font-size: 2rem;
        letter-spacing: -0.01em;
      }

      .train dd.value:not(.none) {
        color: var(--accent);
      }

      dl dd.none {
        color: var(--edge);
      }

      dd.help {
        font: var(--text-small) / 1.35 var(--sans);
        white-space: normal;
      }

      @container (max-width: 38rem) {
        dl,
        dl.task {
          grid-template-columns: repeat(6, 1fr);
        }

        .loss {
          grid-column: span 3;
        }

        .small {
          grid-column: span 2;
        }

        .task .small {
          grid-column: span 3;
        }

        .small dd.value {
          font-size: 1.0625rem;
          line-height: 1.75rem;
        }
      }
    `,
  ];
}

customElements.define('run-readings', RunReadings);

declare global {
  interface HTMLElementTagNameMap {
    'run-readings': RunReadings;
  }
}
