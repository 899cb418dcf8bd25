import { css, html, LitElement, nothing } from 'lit';
import { live } from 'lit/directives/live.js';
import { ACTIVATIONS, type Activation, OPTIMIZERS, type OptimizerName } from '../../../model/config.ts';
import { PUBLISHED, type PublishedName } from '../../../model/published.ts';
import { emit } from '../../emit.ts';
import { ACTIVATIONS as ACTIVATION_WORDS, PARAMETERS } from '../../strings/parameters.ts';
import { CHOICE_NAMES } from '../../strings.ts';
import { shared } from '../../styles.ts';
import { FIELDS, fault, type Sizes, type Subject, type SubjectName } from './subject.ts';

/**
 * What to count: one of the subjects, or numbers of one's own.
 *
 * @prop subject - what is counted now
 * @prop run - the name of the run on show, or null
 * @fires choose-subject - a SubjectName
 * @fires change-sizes - Sizes that can be counted
 */
export class SubjectForm extends LitElement {
  static override properties = {
    subject: { attribute: false },
    run: { attribute: false },
    draft: { state: true },
  };

  declare subject: Subject | null;
  declare run: string | null;
  /** What was entered and cannot be counted: it stays until the numbers fit together. */
  declare draft: Sizes | null;

  constructor() {
    super();
    this.subject = null;
    this.run = null;
    this.draft = null;
  }

  get #sizes(): Sizes {
    return this.draft ?? this.subject!.sizes;
  }

  #change(change: Partial<Sizes>): void {
    const sizes = { ...this.#sizes, ...change };
    this.draft = fault(sizes) === null ? null : sizes;
    if (this.draft === null) emit<Sizes>(this, 'change-sizes', sizes);
  }

  #choose(event: Event): void {
    this.draft = null;
    emit<SubjectName>(this, 'choose-subject', (event.currentTarget as HTMLSelectElement).value as SubjectName);
  }

  /** Several fields may have to change before they fit together, so all are read at once. */
  #read(): void {
    const value = (field: string) => this.renderRoot.querySelector<HTMLInputElement>(`#${field}`)!.valueAsNumber;
    this.#change(Object.fromEntries(FIELDS.map((field) => [field, value(field)])));
  }

  #select<T extends string>(
    id: string,
    label: string,
    value: T,
    all: readonly T[],
    name: (one: T) => string,
    change: (one: T) => void,
  ) {
    return html`
      <div>
        <label for=${id}>${label}</label>
        <select id=${id} @change=${(event: Event) => change((event.currentTarget as HTMLSelectElement).value as T)}>
          ${all.map((one) => html`<option value=${one} .selected=${live(one === value)}>${name(one)}</option>`)}
        </select>
      </div>
    `;
  }

  #box(field: 'bias' | 'tied', label: string) {
    return html`
      <label class="check">
        <input
          type="checkbox"
          .checked=${live(this.#sizes[field])}
          @change=${(event: Event) => this.#change({ [field]: (event.currentTarget as HTMLInputElement).checked })}
        />
        ${label}
      </label>
    `;
  }

  override render() {
    if (this.subject === null) return nothing;
    const { name } = this.subject;
    const sizes = this.#sizes;
    const wrong = this.draft && fault(this.draft);
    const { subjects } = PARAMETERS;
    const option = (value: SubjectName, label: string) =>
      html`<option value=${value} .selected=${live(value === name)}>${label}</option>`;
    return html`
      <div class="subject">
        <label for="subject">${PARAMETERS.subject}</label>
        <select id="subject" @change=${this.#choose}>
          ${option('form', subjects.form)} ${this.run === null ? nothing : option('run', subjects.run(this.run))}
          <optgroup label=${subjects.published}>
            ${(Object.keys(PUBLISHED) as PublishedName[]).map((one) => option(one, PUBLISHED[one].title))}
          </optgroup>
          <optgroup label=${subjects.worked}>${option('tied', subjects.tied)} ${option('untied', subjects.untied)}</optgroup>
          ${option('own', subjects.own)}
        </select>
      </div>
      <div class="fields">
        ${FIELDS.map(
          (field) => html`
            <div>
              <label for=${field}>${PARAMETERS.fields[field]}</label>
              <input id=${field} type="number" min="1" step="1" .value=${String(sizes[field])} @change=${this.#read} />
            </div>
          `,
        )}
        ${this.#select<Activation>(
          'activation',
          PARAMETERS.activation,
          sizes.activation,
          ACTIVATIONS,
          (one) => ACTIVATION_WORDS[one].name,
          (activation) => this.#change({ activation }),
        )}
        ${this.#select<OptimizerName>(
          'optimizer',
          PARAMETERS.optimizer,
          sizes.optimizer,
          OPTIMIZERS,
          (one) => CHOICE_NAMES[one]!,
          (optimizer) => this.#change({ optimizer }),
        )}
      </div>
      <div class="checks">${this.#box('bias', PARAMETERS.bias)} ${this.#box('tied', PARAMETERS.tied)}</div>
      <p class=${wrong === null ? 'help' : 'wrong'} role="status">${wrong ?? PARAMETERS.whatIf}</p>
    `;
  }

  static override styles = [
    shared,
    css`
      :host {
        container-type: inline-size;
      }

      select {
        display: block;
        width: 100%;
        height: var(--control);
        padding: 0 var(--space-2);
        border: 1px solid var(--edge);
        border-radius: var(--radius);
        background: var(--sheet);
      }

      .subject {
        max-width: 32rem;
      }

      .fields {
        display: grid;
        grid-template-columns: repeat(2, minmax(0, 1fr));
        gap: var(--space-3);
        margin-top: var(--space-4);
      }

      .checks {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-2) var(--space-5);
        margin: var(--space-3) 0 var(--space-2);
      }

      .check {
        display: inline-flex;
        gap: var(--space-2);
        align-items: center;
        min-height: 1.75rem;
      }

      input[type='checkbox'] {
        width: 1.1rem;
        height: 1.1rem;
        margin: 0;
        accent-color: var(--accent);
      }

      .wrong {
        color: var(--alarm);
        font-size: var(--text-small);
      }

      @container (min-width: 36rem) {
        .fields {
          grid-template-columns: repeat(4, minmax(0, 1fr));
        }
      }

      @container (min-width: 64rem) {
        .fields {
          grid-template-columns: repeat(8, minmax(0, 1fr));
        }
      }
    `,
  ];
}

customElements.define('subject-form', SubjectForm);

declare global {
  interface HTMLElementTagNameMap {
    'subject-form': SubjectForm;
  }
}
