import { css, html, LitElement, nothing } from 'lit';
import { emit } from '../emit.ts';
import { SAMPLE } from '../strings.ts';
import { shared } from '../styles.ts';
import type { Generation, Sample } from '../view.ts';

/** Pixels from the end within which the sheet is taken to be read at its end. */
const NEAR_END = 40;

/**
 * The sheet of paper that the model writes on: the newest sample of the training, or what it was asked for.
 *
 * @prop sample - the newest one written during training, or undefined
 * @prop generation - written from a prompt, or null; it stays until it is put away
 * @prop firstAt - the step of the first sample, while one is awaited, or null
 * @fires dismiss-generation
 */
export class SampleSheet extends LitElement {
  static override properties = {
    sample: { attribute: false },
    generation: { attribute: false },
    firstAt: { attribute: false },
    copied: { state: true },
  };

  declare sample: Sample | undefined;
  declare generation: Generation | null;
  declare firstAt: number | null;
  /** The text that was copied last. */
  declare copied: string | null;

  #follow = true;

  constructor() {
    super();
    this.sample = undefined;
    this.generation = null;
    this.firstAt = null;
    this.copied = null;
  }

  /** What stands on the sheet, the prompt included. */
  get #text(): string {
    return this.generation === null ? (this.sample?.text ?? '') : this.generation.prompt + this.generation.text;
  }

  async #copy(): Promise<void> {
    const text = this.#text;
    try {
      await navigator.clipboard.writeText(text);
      this.copied = text;
    } catch {
      // not allowed here: selected, the text can be copied by hand
      getSelection()?.selectAllChildren(this.renderRoot.querySelector('blockquote')!);
    }
  }

  protected override willUpdate(): void {
    const sheet = this.renderRoot.querySelector('section');
    if (sheet === null) return;
    this.#follow = sheet.scrollHeight - sheet.scrollTop - sheet.clientHeight < NEAR_END;
  }

  protected override updated(): void {
    // The text runs on under the reader's eyes, unless they have gone back to read.
    const sheet = this.renderRoot.querySelector('section')!;
    if (this.generation?.busy && this.#follow) sheet.scrollTop = sheet.scrollHeight;
  }

  #written() {
    if (this.generation !== null) {
      const { prompt, text, busy } = this.generation;
      const caret = busy ? html`<i class="caret"></i>` : nothing;
      return html`<blockquote><b>${prompt}</b>${text}${caret}</blockquote>`;
    }
    if (this.sample !== undefined) return html`<blockquote>${this.sample.text}</blockquote>`;
    return html`<p class="empty">${SAMPLE.empty} ${this.firstAt === null ? nothing : SAMPLE.waiting(this.firstAt)}</p>`;
  }

  #caption() {
    if (this.generation !== null) return this.generation.busy ? SAMPLE.writing : SAMPLE.prompted;
    return this.sample === undefined ? nothing : SAMPLE.training(this.sample.step);
  }

  override render() {
    const canReturn = this.generation !== null && !this.generation.busy && this.sample !== undefined;
    return html`
      <h2 id="heading">${SAMPLE.heading}</h2>
      <section aria-labelledby="heading" tabindex="0">
        <p class="help number">${this.#caption()}</p>
        ${this.#written()}
      </section>
      <p class="below">
        <button ?hidden=${this.#text === '' || !navigator.clipboard} @click=${this.#copy}>
          ${this.copied === this.#text ? SAMPLE.copied : SAMPLE.copy}
        </button>
        <button ?hidden=${!canReturn} @click=${() => emit(this, 'dismiss-generation')}>${SAMPLE.newest}</button>
      </p>
    `;
  }

  static override styles = [
    shared,
    css`
      section {
        height: clamp(20rem, 46vh, 36rem);
        margin-top: var(--space-3);
        padding: var(--space-4) var(--space-5) var(--space-5);
        overflow-y: auto;
        border: 1px solid var(--rule);
        border-radius: var(--radius);
        background: var(--sheet);
        box-shadow: 0 1px 2px rgb(0 0 0 / 4%);
      }

      section > .help {
        min-height: 1.4em;
      }

      blockquote,
      .empty {
        max-width: 38rem;
        margin: var(--space-3) 0 0;
        font: var(--text-large) / 1.6 var(--serif);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }

      .empty {
        color: var(--ink-faint);
        font-style: italic;
        white-space: normal;
      }

      b {
        color: var(--accent);
        font-weight: inherit;
      }

      .caret {
        display: inline-block;
        width: 2px;
        height: 1.1em;
        margin-left: 2px;
        background: var(--accent);
        vertical-align: -0.15em;
        animation: blink 1s steps(2) infinite;
      }

      @keyframes blink {
        50% {
          opacity: 0;
        }
      }

      .below {
        display: flex;
        justify-content: flex-end;
        gap: var(--space-4);
        height: 2.5rem;
      }

      .below button {
        min-height: 2rem;
        padding: 0;
        border: 0;
        background: none;
        color: var(--accent);
        font-size: var(--text-small);
        text-decoration: underline;
        text-underline-offset: 0.15em;
      }
    `,
  ];
}

customElements.define('sample-sheet', SampleSheet);

declare global {
  interface HTMLElementTagNameMap {
    'sample-sheet': SampleSheet;
  }
}
