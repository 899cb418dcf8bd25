import { css, html, LitElement, nothing } from 'lit';
import type { Sample, TextStatistics } from '../../worker/messages.ts';
import { stageOf } from '../stages.ts';
import { STAGE_NAMES, STAGE_REACHED, STAGES_LABEL, stageSentence } from '../strings.ts';
import { shared } from '../styles.ts';

/**
 * How far the model has come, from noise to lines, and by what that is measured.
 *
 * @prop loss - in nats, or null
 * @prop statistics - what was counted in the text, or null
 * @prop samples - written during training, oldest first
 */
export class LearningStages extends LitElement {
  static override properties = {
    loss: { attribute: false },
    statistics: { attribute: false },
    samples: { attribute: false },
  };

  declare loss: number | null;
  declare statistics: TextStatistics | null;
  declare samples: readonly Sample[];

  constructor() {
    super();
    this.loss = null;
    this.statistics = null;
    this.samples = [];
  }

  override render() {
    const stage = stageOf(this.loss, this.statistics, this.samples);
    const at = stage.name === null ? -1 : stage.possible.indexOf(stage.name);
    return html`
      <p>${stageSentence(stage, this.statistics)}</p>
      <ol aria-label=${STAGES_LABEL}>
        ${stage.possible.map(
          (name, i) =>
            html`<li class=${i <= at ? 'reached' : nothing} aria-current=${i === at ? 'step' : nothing}>
              ${STAGE_NAMES[name]}${i === at ? html`<span class="now"> (${STAGE_REACHED})</span>` : nothing}
            </li>`,
        )}
      </ol>
    `;
  }

  static override styles = [
    shared,
    css`
      :host {
        min-height: 6.5rem;
      }

      p {
        min-height: 3em;
        max-width: 44rem;
        font: var(--text-large) / 1.5 var(--serif);
      }

      ol {
        display: flex;
        gap: var(--space-2);
        min-height: 1.6rem;
        margin: var(--space-2) 0 0;
        padding: 0;
        list-style: none;
      }

      li {
        flex: 1;
        padding-top: var(--space-1);
        border-top: 2px solid var(--rule);
        color: var(--ink-faint);
        font-size: var(--text-small);
        line-height: 1.3;
      }

      .reached {
        border-color: var(--accent);
        color: var(--ink);
      }

      [aria-current] {
        font-weight: 600;
      }

      .now {
        font-weight: 400;
      }
    `,
  ];
}

customElements.define('learning-stages', LearningStages);

declare global {
  interface HTMLElementTagNameMap {
    'learning-stages': LearningStages;
  }
}
