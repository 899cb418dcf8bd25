import { css, html, LitElement } from 'lit';
import { type Anatomy, anatomyOf } from '../../model/counts.ts';
import type { Session } from '../session-client.ts';
import { PARAMETERS } from '../strings/parameters.ts';
import { shared } from '../styles.ts';
import { initialView, type View } from '../view.ts';
import type { Place } from './parameters/architecture-diagram.ts';
import { type Sizes, type Subject, type SubjectName, subjectOf } from './parameters/subject.ts';
import './parameters/architecture-diagram.ts';
import './parameters/part-details.ts';
import './parameters/subject-form.ts';

/** What was chosen here stays chosen while another part of the page is on show, though the panel goes then. */
const kept: { name: SubjectName; own: Sizes | null; place: Place } = {
  name: 'form',
  own: null,
  place: { id: 'attn', layer: 0 },
};

/**
 * Every number that a model learns: where it stands, how it is counted, what it costs.
 *
 * @prop view - all that there is to show
 * @prop session - whom it asks for what is not in the view; null before there is a worker
 */
export class ParametersPanel extends LitElement {
  static override properties = { view: { attribute: false }, session: { attribute: false } };

  declare view: View;
  declare session: Session | null;
  /** Counting is quick, and yet is not done again for every step of a run. */
  #counted: { key: string; anatomy: Anatomy } | undefined;

  constructor() {
    super();
    this.view = initialView();
    this.session = null;
  }

  #anatomy({ optimizer, momentum, ...config }: Sizes): Anatomy {
    const key = JSON.stringify(config);
    if (this.#counted?.key !== key) this.#counted = { key, anatomy: anatomyOf(config) };
    return this.#counted.anatomy;
  }

  #choose(name: SubjectName): void {
    if (name === 'own') kept.own ??= this.#subject().sizes;
    kept.name = name;
    this.requestUpdate();
  }

  #change(sizes: Sizes): void {
    kept.own = sizes;
    kept.name = 'own';
    this.requestUpdate();
  }

  #subject(): Subject {
    return subjectOf(kept.name, this.view, kept.own);
  }

  override render() {
    const subject = this.#subject();
    const { sizes } = subject;
    const anatomy = this.#anatomy(sizes);
    const { place } = kept;
    const shown = place.layer === null ? place : { ...place, layer: Math.min(place.layer, sizes.n_layer - 1) };
    return html`
      <h2>${PARAMETERS.heading}</h2>
      <p class="intro">${PARAMETERS.intro}</p>
      <subject-form
        .subject=${subject}
        .run=${this.view.run?.name ?? null}
        @choose-subject=${(event: CustomEvent<SubjectName>) => this.#choose(event.detail)}
        @change-sizes=${(event: CustomEvent<Sizes>) => this.#change(event.detail)}
      ></subject-form>
      <architecture-diagram
        .anatomy=${anatomy}
        .chosen=${shown}
        @choose-part=${(event: CustomEvent<Place>) => {
          kept.place = event.detail;
          this.requestUpdate();
        }}
      >
        <part-details
          .anatomy=${anatomy}
          .place=${shown}
          .optimizer=${sizes.optimizer}
          .momentum=${sizes.momentum}
        ></part-details>
      </architecture-diagram>
    `;
  }

  static override styles = [
    shared,
    css`
      .intro {
        max-width: 44rem;
        margin: var(--space-2) 0 var(--space-5);
        font: var(--text-large) / 1.5 var(--serif);
      }

      architecture-diagram {
        margin-top: var(--space-5);
        padding-top: var(--space-5);
        border-top: 1px solid var(--rule);
      }
    `,
  ];
}

customElements.define('parameters-panel', ParametersPanel);

declare global {
  interface HTMLElementTagNameMap {
    'parameters-panel': ParametersPanel;
  }
}
