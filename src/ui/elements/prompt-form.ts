import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import type { GenerateRequest } from '../../worker/messages.ts';
import { emit } from '../emit.ts';
import { KeptFocus } from '../kept-focus.ts';
import { PROMPT } from '../strings.ts';
import { shared } from '../styles.ts';

/** What a person has written for stop strings: `\n` stands for a line break, and `|` between two of them. */
export function stopsOf(field: string): string[] {
  return field
    .split('|')
    .map((stop) => stop.replaceAll('\\n', '\n').replaceAll('\\t', '\t'))
    .filter((stop) => stop !== '');
}

/**
 * Asks the model to write on from a prompt.
 *
 * @prop ready - whether there is a model to ask
 * @prop busy - whether it is writing
 * @prop opening - the prompt offered until the person has typed one
 * @prop characters - those that the model knows, among its tokens; null while there is none
 * @prop written - whether something has been written, so that it can be written otherwise
 * @fires generate - a GenerateRequest
 * @fires cancel-generation
 */
export class PromptForm extends LitElement {
  static override properties = {
    ready: { type: Boolean },
    busy: { type: Boolean },
    opening: { type: String },
    characters: { attribute: false },
    written: { type: Boolean },
    temperature: { state: true },
    unknown: { state: true },
  };

  declare ready: boolean;
  declare busy: boolean;
  declare opening: string;
  declare characters: readonly string[] | null;
  declare written: boolean;
  declare temperature: number;
  /** Characters of the prompt that the model does not know. */
  declare unknown: readonly string[];

  #typed = false;
  #known: ReadonlySet<string> = new Set();

  constructor() {
    super();
    this.ready = false;
    this.busy = false;
    this.opening = '';
    this.characters = null;
    this.written = false;
    this.temperature = 0.8;
    this.unknown = [];
    // Cancel and Once more take turns, and so does the focus
    new KeptFocus(
      this,
      () => this.renderRoot.querySelector('.turn:not([hidden])') ?? this.renderRoot.querySelector('.primary')!,
    );
  }

  get #prompt(): HTMLTextAreaElement {
    return this.renderRoot.querySelector('textarea')!;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has('opening') && !this.#typed) this.#prompt.value = this.opening;
    if (changed.has('characters')) this.#known = new Set(this.characters ?? []);
    if (changed.has('opening') || changed.has('characters')) this.#check();
  }

  /** A request with the options chosen; null while one of them is not valid. */
  request(prompt = this.#prompt.value): GenerateRequest | null {
    const field = (name: string) => this.renderRoot.querySelector<HTMLInputElement>(`[name=${name}]`)!;
    if (!this.renderRoot.querySelector('form')!.reportValidity()) return null;
    const number = (name: string) => field(name).valueAsNumber;
    return {
      prompt,
      length: number('length'),
      temperature: this.temperature,
      top_k: number('top_k'),
      top_p: number('top_p'),
      repetition_penalty: number('repetition_penalty'),
      seed: number('seed'),
      stop: stopsOf(field('stop').value),
    };
  }

  #submit(event: Event): void {
    event.preventDefault();
    this.#ask();
  }

  #ask(): void {
    const request = this.ready && !this.busy ? this.request() : null;
    if (request !== null) emit<GenerateRequest>(this, 'generate', request);
  }

  #again(): void {
    if (!this.ready || this.busy) return;
    const seed = this.renderRoot.querySelector<HTMLInputElement>('[name=seed]')!;
    seed.valueAsNumber = (seed.valueAsNumber + 1) % 2 ** 32;
    this.#ask();
  }

  /** Names the characters that the model lacks, while they are typed. */
  #check(): void {
    const unknown =
      this.characters === null ? [] : [...new Set(this.#prompt.value)].filter((one) => !this.#known.has(one));
    if (unknown.join('') !== this.unknown.join('')) this.unknown = unknown;
  }

  #leaveOut(): void {
    this.#prompt.value = Array.from(this.#prompt.value)
      .filter((one) => this.#known.has(one))
      .join('');
    this.#typed = true;
    this.#check();
    this.#prompt.focus();
  }

  /** Return makes a new line, as everywhere; with Ctrl or Command it generates. */
  #key(event: KeyboardEvent): void {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    this.renderRoot.querySelector('form')!.requestSubmit();
  }

  #option(name: string, label: string, help: string, range: { min: number; max: number; step: number; value: number }) {
    return html`
      <div>
        <label for=${name}>${label}</label>
        <input
          id=${name}
          name=${name}
          type="number"
          min=${range.min}
          max=${range.max}
          step=${range.step}
          value=${range.value}
          aria-describedby=${`${name}-help`}
          required
        />
        <p id=${`${name}-help`} class="help">${help}</p>
      </div>
    `;
  }

  override render() {
    return html`
      <h2 id="heading">${PROMPT.heading}</h2>
      <form aria-labelledby="heading" @submit=${this.#submit}>
        <div>
          <label for="prompt">${PROMPT.label}</label>
          <textarea
            id="prompt"
            rows="3"
            spellcheck="false"
            aria-describedby="unknown"
            aria-invalid=${this.unknown.length > 0 ? 'true' : nothing}
            @input=${() => {
              this.#typed = true;
              this.#check();
            }}
            @keydown=${this.#key}
          ></textarea>
          <p id="unknown" class="unknown" aria-live="polite">
            ${this.unknown.length === 0 ? nothing : PROMPT.unknown(this.unknown)}
          </p>
          <button type="button" class="leave-out" ?hidden=${this.unknown.length === 0} @click=${this.#leaveOut}>
            ${PROMPT.leaveOut(this.unknown.length)}
          </button>
        </div>
        <div>
          <label for="temperature">${PROMPT.temperature}</label>
          <div class="slider">
            <input
              id="temperature"
              type="range"
              min="0"
              max="2"
              step="0.05"
              .valueAsNumber=${this.temperature}
              aria-describedby="bold"
              @input=${(event: InputEvent) => {
                this.temperature = (event.currentTarget as HTMLInputElement).valueAsNumber;
              }}
            />
            <span class="number" aria-hidden="true">${this.temperature.toFixed(2)}</span>
          </div>
          <p id="bold" class="help">${PROMPT.temperatureHelp}</p>
        </div>
        <div class="pair">
          <div>
            <label for="length">${PROMPT.length}</label>
            <input id="length" name="length" type="number" min="1" max="10000" step="1" value="300" required />
          </div>
          <div>
            <label for="seed">${PROMPT.seed}</label>
            <input id="seed" name="seed" type="number" min="0" max="4294967295" step="1" value="1" required />
          </div>
        </div>
        <details>
          <summary>${PROMPT.more}</summary>
          <div class="triple">
            ${this.#option('top_k', PROMPT.topK, PROMPT.topKHelp, { min: 0, max: 4096, step: 1, value: 0 })}
            ${this.#option('top_p', PROMPT.topP, PROMPT.topPHelp, { min: 0.01, max: 1, step: 0.01, value: 1 })}
            ${this.#option('repetition_penalty', PROMPT.penalty, PROMPT.penaltyHelp, { min: 0.5, max: 3, step: 0.05, value: 1 })}
            <div>
              <label for="stop">${PROMPT.stop}</label>
              <input id="stop" name="stop" type="text" autocomplete="off" aria-describedby="stop-help" />
              <p id="stop-help" class="help">${PROMPT.stopHelp}</p>
            </div>
          </div>
        </details>
        <div class="buttons">
          <button class="primary" aria-disabled=${!this.ready || this.busy}>${PROMPT.generate}</button>
          <button type="button" class="turn" ?hidden=${!this.busy} @click=${() => emit(this, 'cancel-generation')}>
            ${PROMPT.cancel}
          </button>
          <button type="button" class="turn" ?hidden=${this.busy || !this.written} aria-disabled=${!this.ready} @click=${this.#again}>
            ${PROMPT.again}
          </button>
        </div>
        <p class="help state">${this.ready ? nothing : PROMPT.notYet}</p>
      </form>
    `;
  }

  static override styles = [
    shared,
    css`
      form {
        display: grid;
        gap: var(--space-4);
        margin-top: var(--space-3);
      }

      .slider {
        display: flex;
        align-items: center;
        gap: var(--space-3);
        height: 2rem;
      }

      input[type='range'] {
        flex: 1;
        min-width: 0;
        margin: 0;
      }

      .pair {
        display: grid;
        grid-template-columns: 1fr 1fr;
        gap: var(--space-3);
      }

      summary {
        width: fit-content;
        padding: var(--space-2) 0;
        cursor: pointer;
      }

      .triple {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr));
        gap: var(--space-3);
        margin-top: var(--space-2);
      }

      .unknown {
        color: var(--alarm);
        font-size: var(--text-small);
      }

      textarea[aria-invalid] {
        border-color: var(--alarm);
      }

      .leave-out {
        min-height: 2rem;
        margin-top: var(--space-2);
        font-size: var(--text-small);
      }

      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-3);
      }

      .state {
        min-height: 1.4em;
      }
    `,
  ];
}

customElements.define('prompt-form', PromptForm);

declare global {
  interface HTMLElementTagNameMap {
    'prompt-form': PromptForm;
  }
}
