import { html, LitElement, nothing, type PropertyValues } from 'lit';
import { emit } from '../emit.ts';
import { KeptFocus } from '../kept-focus.ts';
import { branch, choiceAt, covers, sampleAt } from '../samples.ts';
import { SAMPLE } from '../strings.ts';
import { shared } from '../styles.ts';
import { Unrolling } from '../unrolling.ts';
import type { Begun, Choices, Generation, Sample } from '../view.ts';
import { characterUnder, Layout, placeOf } from '../written.ts';
import './choice-strip.ts';
import { sheet } from './sample-sheet-styles.ts';

/** Pixels from the end within which the sheet is taken to be read at its end. */
const NEAR_END = 40;

/** What stands on the sheet, but for the prompt. */
interface Shown {
  /** Tells one text from another. */
  key: unknown;
  characters: string[];
  choices: Choices | null;
  /** Characters that were there before it was written. */
  from: number;
}

/**
 * The sheet of paper that the model writes on: a sample of the training, or what it was asked for. Each character tells
 * how it was chosen.
 *
 * @prop samples - written during training, oldest first
 * @prop step - of the sample on show; null for the newest
 * @prop writing - the sample that is being written, or null
 * @prop generation - written from a prompt, or null; it stays until it is put away
 * @prop firstAt - the step of the first sample, while one is awaited, or null
 * @prop open - whether the model can write on from here
 * @fires dismiss-generation
 * @fires choose-sample - a step, or null for the newest
 * @fires branch - a Begun, with another character at its end
 */
export class SampleSheet extends LitElement {
  static override properties = {
    samples: { attribute: false },
    step: { attribute: false },
    writing: { attribute: false },
    generation: { attribute: false },
    firstAt: { attribute: false },
    open: { type: Boolean },
    copied: { state: true },
    marked: { state: true },
    at: { state: true },
  };

  declare samples: readonly Sample[];
  declare step: number | null;
  declare writing: Sample | null;
  declare generation: Generation | null;
  declare firstAt: number | null;
  declare open: boolean;
  /** The text that was copied last. */
  declare copied: string | null;
  declare marked: boolean;
  /** The character that is looked at. */
  declare at: number | null;

  readonly #layout = new Layout();
  readonly #unrolling = new Unrolling(this);
  #shown: Shown = { key: null, characters: [], choices: null, from: 0 };
  /** The text that was read last. */
  #last: { kind: string; text: string; key: object; characters: string[] } = {
    kind: '',
    text: '',
    key: {},
    characters: [],
  };
  #follow = true;
  /** Whether a click or a key has chosen the character, so that the pointer leaves it alone. */
  #held = false;
  #pointed = 0;
  #asked = 0;

  constructor() {
    super();
    this.samples = [];
    this.step = null;
    this.writing = null;
    this.generation = null;
    this.firstAt = null;
    this.open = false;
    this.copied = null;
    this.marked = false;
    this.at = null;
    new KeptFocus(this, () => this.renderRoot.querySelector('section')!);
  }

  get #sample(): Sample | undefined {
    return (this.step === null ? this.writing : null) ?? sampleAt(this.samples, this.step);
  }

  /** What stands on the sheet, the prompt included. */
  get #text(): string {
    const { prompt, text } = this.generation ?? { prompt: '', text: this.#sample?.text ?? '' };
    return prompt + text;
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

  protected override willUpdate(changed: PropertyValues<this>): void {
    const paper = this.renderRoot.querySelector('section');
    if (paper !== null) this.#follow = paper.scrollHeight - paper.scrollTop - paper.clientHeight < NEAR_END;
    // a new request, rather than more of the present one
    if (changed.has('generation') && this.generation?.busy && !changed.get('generation')?.busy) this.#asked++;
    const before = this.#shown.key;
    this.#shown = this.#read();
    if (this.#shown.key !== before) this.#look(null);
    const { key, characters, from } = this.#shown;
    this.#unrolling.follow(key, characters.length, from, this.marked);
  }

  #read(): Shown {
    const { generation } = this;
    const source = generation ?? this.#sample;
    const text = source?.text ?? '';
    const kind = generation === null ? `step ${this.#sample?.step}` : `asked ${this.#asked}`;
    // more of the same text, or another one
    const same = kind === this.#last.kind && text.startsWith(this.#last.text);
    const key = same ? this.#last.key : {};
    if (text !== this.#last.text || !same) this.#last = { kind, text, key, characters: Array.from(text) };
    const { characters } = this.#last;
    const choices = covers(source?.choices, characters.length) ? source.choices : null;
    // what a person goes back to is there at once
    const from = generation === null ? (this.step === null ? 0 : characters.length) : generation.begun;
    return { key, characters, choices, from };
  }

  protected override updated(): void {
    // The text runs on under the reader's eyes, unless they have gone back to read.
    const paper = this.renderRoot.querySelector('section')!;
    if (this.generation?.busy && this.#follow) paper.scrollTop = paper.scrollHeight;
    this.#frame();
  }

  /** Frames the character that is looked at. */
  #frame(): void {
    const frame = this.renderRoot.querySelector<HTMLElement>('.looked-at');
    const quote = this.renderRoot.querySelector('blockquote');
    if (frame === null || quote === null) return;
    const place = this.at === null ? null : placeOf(quote, this.at);
    frame.hidden = place === null;
    if (place === null) return;
    const { left, top } = quote.getBoundingClientRect();
    const style = {
      left: place.left - left,
      top: place.top - top,
      width: Math.max(3, place.width),
      height: place.height,
    };
    for (const [name, value] of Object.entries(style)) frame.style.setProperty(name, `${value}px`);
    if (this.#held) frame.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  #look(at: number | null, held = false): void {
    this.at = at;
    this.#held = held && at !== null;
  }

  #under(event: MouseEvent): number | null {
    return characterUnder(event.composedPath()[0], event.clientX, event.clientY);
  }

  #point(event: PointerEvent): void {
    if (this.#held || event.pointerType === 'touch' || this.#pointed !== 0) return;
    const [target] = event.composedPath(); // later there is none
    this.#pointed = requestAnimationFrame(() => {
      this.#pointed = 0;
      if (!this.#held) this.#look(characterUnder(target, event.clientX, event.clientY));
    });
  }

  #leave(): void {
    if (!this.#held) this.#look(null);
  }

  #click(event: MouseEvent): void {
    const at = this.#under(event);
    this.#look(at, !(this.#held && at === this.at));
  }

  #key(event: KeyboardEvent): void {
    const last = this.#unrolling.shown - 1;
    if (last < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.at;
    const to = {
      ArrowRight: at === null ? 0 : Math.min(last, at + 1),
      ArrowLeft: at === null ? last : Math.max(0, at - 1),
      Home: 0,
      End: last,
      Escape: null,
    }[event.key];
    if (to === undefined || (event.key === 'Escape' && at === null)) return;
    event.preventDefault();
    this.#look(to, true);
  }

  #move(event: InputEvent): void {
    const index = (event.currentTarget as HTMLInputElement).valueAsNumber;
    emit<number | null>(this, 'choose-sample', index === this.samples.length - 1 ? null : this.samples[index]!.step);
  }

  #take(event: CustomEvent<string>): void {
    const { choices, characters } = this.#shown;
    if (this.at === null || choices === null) return;
    const prompt = this.generation?.prompt ?? '';
    emit<Begun>(this, 'branch', { prompt, ...branch(characters.join(''), choices, this.at, event.detail) });
  }

  #quote() {
    const { generation, marked } = this;
    const { key, characters, choices } = this.#shown;
    if (generation === null && this.#sample === undefined) {
      return html`<p class="empty">${SAMPLE.empty} ${this.firstAt === null ? nothing : SAMPLE.waiting(this.firstAt)}</p>`;
    }
    const { shown, markable } = this.#unrolling;
    const going = (generation?.busy ?? false) || shown < characters.length;
    return html`<blockquote>${generation === null ? nothing : html`<b>${generation.prompt}</b>`}${this.#layout.draw(key, characters, shown, choices, marked ? markable : 0)}${going ? html`<i class="caret"></i>` : nothing}<i class="looked-at" hidden></i></blockquote>`;
  }

  #caption() {
    if (this.generation !== null) return this.generation.busy ? SAMPLE.writing : SAMPLE.prompted;
    return this.#sample === undefined ? nothing : SAMPLE.training(this.#sample.step);
  }

  #moment() {
    const { samples } = this;
    const hidden = samples.length < 2 || this.generation !== null;
    const shown = sampleAt(samples, this.step);
    const step = shown?.step ?? 0;
    return html`
      <div class="moment" aria-hidden=${hidden ? 'true' : nothing}>
        <label for="moment" title=${SAMPLE.momentHelp}>${SAMPLE.moment}</label>
        <input
          id="moment"
          type="range"
          min="0"
          max=${Math.max(1, samples.length - 1)}
          step="1"
          .valueAsNumber=${shown === undefined ? 0 : samples.indexOf(shown)}
          aria-valuetext=${SAMPLE.momentText(step)}
          @input=${this.#move}
        />
        <output for="moment" class="number" aria-hidden="true">${SAMPLE.momentText(step)}</output>
      </div>
    `;
  }

  override render() {
    const { choices, characters } = this.#shown;
    const canReturn = this.generation !== null && !this.generation.busy && this.samples.length > 0;
    const at = this.at !== null && this.at < characters.length ? this.at : null;
    return html`
      <h2 id="heading">${SAMPLE.heading}</h2>
      <section
        aria-labelledby="heading"
        aria-description=${SAMPLE.sheetHelp}
        tabindex="0"
        @pointermove=${this.#point}
        @pointerleave=${this.#leave}
        @click=${this.#click}
        @keydown=${this.#key}
      >
        <p class="help number">${this.#caption()}</p>
        ${this.#quote()}
      </section>
      ${this.#moment()}
      <div class="below">
        <label>
          <input
            type="checkbox"
            .checked=${this.marked}
            @change=${(event: Event) => {
              this.marked = (event.currentTarget as HTMLInputElement).checked;
            }}
          />
          ${SAMPLE.mark}
        </label>
        <button ?hidden=${this.#text === '' || !navigator.clipboard} @click=${this.#copy}>
          ${this.copied === this.#text ? SAMPLE.copied : SAMPLE.copy}
        </button>
        <button ?hidden=${!canReturn} @click=${() => emit(this, 'dismiss-generation')}>${SAMPLE.newest}</button>
      </div>
      ${
        this.marked
          ? html`<ul class="legend" aria-label=${SAMPLE.legend}>
              ${SAMPLE.levels.map((label, level) => html`<li><span class=${`level-${level}`}>${label}</span></li>`)}
            </ul>`
          : nothing
      }
      ${this.marked && choices === null && characters.length > 0 ? html`<p class="help">${SAMPLE.notKept}</p>` : nothing}
      <choice-strip
        .character=${at === null ? null : characters[at]!}
        .choice=${at === null || choices === null ? null : choiceAt(choices, at)}
        .spoken=${this.#held}
        .open=${this.open && !this.generation?.busy}
        @take=${this.#take}
      ></choice-strip>
    `;
  }

  static override styles = [shared, sheet];
}

customElements.define('sample-sheet', SampleSheet);

declare global {
  interface HTMLElementTagNameMap {
    'sample-sheet': SampleSheet;
  }
}
