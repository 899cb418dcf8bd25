import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import type { Failure } from '../../../worker/messages.ts';
import type { Session } from '../../session-client.ts';
import { initialView, type View } from '../../view.ts';

/** A way that can be tried, in words. */
export interface WayWords {
  name: string;
  /** Beside the name: its strength, or its name in the literature. */
  term: string;
}

/** A number that can be chosen. */
export interface NumberChoice {
  label: string;
  value: number;
  least: number;
  most: number;
  disabled?: boolean;
}

/**
 * A part of the laboratory: what can be tried, one button that begins and ends it, and what has come out. It shows a study
 * that outlives it, and is drawn anew at each `change` of that.
 *
 * @prop view - all that there is to show
 * @prop session - who computes; null before there is a worker
 */
export abstract class LabElement extends LitElement {
  static override properties = { view: { attribute: false }, session: { attribute: false }, revision: { state: true } };

  declare view: View;
  declare session: Session | null;
  /** Counts the changes of the study. */
  declare revision: number;
  protected abstract readonly study: EventTarget & { failure: Failure | null };
  readonly #changed = () => {
    this.revision++;
  };

  constructor() {
    super();
    this.view = initialView();
    this.session = null;
    this.revision = 0;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.study.addEventListener('change', this.#changed);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.study.removeEventListener('change', this.#changed);
  }

  /** A way to try or not; `described` is the element with the id `what-${id}`, and whatever follows it. */
  protected way(
    id: string,
    { name, term }: WayWords,
    chosen: boolean,
    set: (on: boolean) => void,
    described: TemplateResult,
  ) {
    return html`
      <li>
        <label>
          <input
            type="checkbox"
            aria-describedby="what-${id}"
            .checked=${live(chosen)}
            @change=${(event: Event) => set((event.currentTarget as HTMLInputElement).checked)}
          />
          <span class="name">${name}</span> <span class="help">${term}</span>
        </label>
        ${described}
      </li>
    `;
  }

  /** A field for a number; what is refused gives way to the former number. A run draws it anew while a person types. */
  protected number(
    id: string,
    { label, value, least, most, disabled = false }: NumberChoice,
    set: (to: number) => void,
  ) {
    return html`
      <div>
        <label for=${id}>${label}</label>
        <input
          id=${id}
          type="number"
          min=${least}
          max=${most}
          step="1"
          required
          .value=${String(value)}
          ?disabled=${disabled}
          @change=${(event: Event) => {
            const input = event.currentTarget as HTMLInputElement;
            if (input.checkValidity()) set(input.valueAsNumber);
            else input.value = String(value);
          }}
        />
      </div>
    `;
  }

  /** The button that begins it or, while it runs, ends it; how far it is; and what went wrong. */
  protected controls(
    running: boolean,
    ready: boolean,
    words: { begin: string; end: string },
    state: string,
    press: () => void,
  ) {
    const { failure } = this.study;
    return html`
      <div class="go">
        <button class=${running ? '' : 'primary'} aria-disabled=${!running && !ready} @click=${press}>
          ${running ? words.end : words.begin}
        </button>
        <p role="status">${state}</p>
      </div>
      ${failure === null ? nothing : html`<p class="wrong" role="alert">${failure.message} ${failure.hint}</p>`}
    `;
  }
}
