import { css, html, LitElement } from 'lit';
import { type Anatomy, anatomyOf, trainingFlops } from '../../model/counts.ts';
import { PUBLISHED } from '../../model/published.ts';
import type { Failure } from '../../worker/messages.ts';
import type { Session } from '../session-client.ts';
import { TOTALS } from '../strings/costs.ts';
import { PARAMETERS } from '../strings/parameters.ts';
import { shared } from '../styles.ts';
import { initialView, type View } from '../view.ts';
import type { Place } from './parameters/architecture-diagram.ts';
import { isPublished, type Sizes, type Subject, type SubjectName, subjectOf } from './parameters/subject.ts';
import type { Pace } from './parameters/training-cost.ts';
import './parameters/architecture-diagram.ts';
import './parameters/model-totals.ts';
import './parameters/part-details.ts';
import './parameters/subject-form.ts';
import './parameters/training-cost.ts';

/** What was chosen here stays chosen while another part of the page is on show, though the panel goes then. */
const kept: Kept = { name: 'form', own: null, place: { id: 'attn', layer: 0 }, peak: null };

interface Kept {
  name: SubjectName;
  own: Sizes | null;
  place: Place;
  /** The adapter that was measured, and its operations a second. */
  peak: { adapter: string; flops: number } | null;
}

/**
 * Every number that a model learns: where it stands, how it is counted, what it costs.
 *
 * @prop view - all that there is to show
 * @prop session - whom it asks for what is not in the view; null before there is a worker
 */
export class ParametersPanel extends LitElement {
  static override properties = {
    view: { attribute: false },
    session: { attribute: false },
    measuring: { state: true },
    failure: { state: true },
  };

  declare view: View;
  declare session: Session | null;
  declare measuring: boolean;
  declare failure: Failure | null;
  /** Counting is quick, and yet is not done again for every step of a run. */
  #counted: { key: string; anatomy: Anatomy } | undefined;

  constructor() {
    super();
    this.view = initialView();
    this.session = null;
    this.measuring = false;
    this.failure = null;
  }

  async #measure(): Promise<void> {
    const { session, view } = this;
    if (session === null || view.adapter === null || this.measuring) return;
    this.measuring = true;
    this.failure = null;
    const result = await session.rates.measure();
    this.measuring = false;
    if (result.ok) kept.peak = { adapter: view.adapter.name, flops: 1000 * result.value.flops };
    else this.failure = result.failure;
  }

  /** What is known of the adapter's pace; that of a run is its tokens a second times the operations of each. */
  #pace(): Pace {
    const { run, adapter } = this.view;
    const tokens = run?.live ? run.tokensPerSecond : Number.NaN;
    const model = run && { ...run.config.model, vocab_size: run.vocabulary };
    return {
      peak: kept.peak !== null && kept.peak.adapter === adapter?.name ? kept.peak.flops : null,
      measuring: this.measuring,
      run: model && tokens > 0 ? tokens * trainingFlops(anatomyOf(model)).estimate : null,
      failure: this.failure,
    };
  }

  /** What a paper says about the sum. */
  #published({ name }: Subject, { parameters }: Anatomy): string | null {
    if (!isPublished(name)) return null;
    const { exact, rounded, source } = PUBLISHED[name];
    return exact === null ? TOTALS.rounded(parameters, rounded, source) : TOTALS.exact(exact, source);
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
      <div class="sums">
        <model-totals
          .anatomy=${anatomy}
          .optimizer=${sizes.optimizer}
          .momentum=${sizes.momentum}
          .published=${this.#published(subject, anatomy)}
          .held=${subject.name === 'run' && Number.isFinite(this.view.run?.gpuBytes) ? this.view.run!.gpuBytes : null}
        ></model-totals>
        <training-cost
          .anatomy=${anatomy}
          .optimizer=${sizes.optimizer}
          .tokens=${subject.tokens}
          .published=${isPublished(subject.name)}
          .gpt3=${subject.name === 'gpt3-175b'}
          .pace=${this.#pace()}
          @measure=${this.#measure}
        ></training-cost>
      </div>
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

      :host {
        container-type: inline-size;
      }

      .sums {
        display: grid;
        gap: var(--space-6);
        margin-top: var(--space-6);
        padding-top: var(--space-5);
        border-top: 1px solid var(--rule);
      }

      @container (min-width: 50rem) {
        .sums {
          grid-template-columns: repeat(2, minmax(0, 1fr));
        }
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
