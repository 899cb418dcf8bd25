import { html, nothing } from 'lit';
import type { PromptView } from '../../../worker/inspection/messages.ts';
import { loss } from '../../format.ts';
import { PROMPT_LOOK } from '../../strings/inside.ts';
import { percent } from '../../strings/words.ts';
import { shared } from '../../styles.ts';
import { glyph, spoken } from './glyphs.ts';
import { lossTable } from './loss-table.ts';
import type { HeadChoice } from './pattern-grid.ts';
import { pictureOfAll } from './pictures.ts';
import { promptStyles } from './prompt-styles.ts';
import { InsideSectionElement, sectionStyles } from './section.ts';
import './heat-map.ts';
import './lens-table.ts';
import './pattern-grid.ts';
import './shown-text.ts';

/** Patterns that are drawn at once; of a larger model those of one block. */
const MOST_PATTERNS = 144;
/** A share of attention that is written out. */
const WORTH_A_NOTE = 0.015;
/** Characters that are named of those which are looked at. */
const NAMED = 5;

/**
 * What the model makes of a text: where each head looks, what is expected, what surprises.
 *
 * @prop text - to look at
 * @fires look-text - another one; does not climb
 */
export class PromptSection extends InsideSectionElement {
  static override properties = {
    ...InsideSectionElement.properties,
    text: { attribute: false },
    view: { state: true },
    place: { state: true },
    chosen: { state: true },
    colour: { state: true },
    open: { state: true },
  };

  declare text: string;
  declare view: PromptView | null;
  declare place: number;
  declare chosen: HeadChoice;
  declare colour: 'attention' | 'loss';
  declare open: boolean;
  #cursor = { x: 0, y: 0 };

  constructor() {
    super();
    this.text = '';
    this.view = null;
    this.place = 0;
    this.chosen = { layer: 0, head: 0 };
    this.colour = 'attention';
    this.open = false;
  }

  protected override begin(): void {
    this.view = null;
    void this.#look(this.text);
  }

  async #look(text: string): Promise<void> {
    const view = await this.ask((inspection) => inspection.lookAt(text));
    if (!view) return;
    const { layer, head } = this.chosen;
    this.chosen = { layer: Math.min(layer, view.layers - 1), head: Math.min(head, view.heads - 1) };
    this.#place(view.characters.length - 1);
    this.view = view;
  }

  /** Enter is a line break of the text; with Ctrl or Cmd it looks. */
  #onKey(event: KeyboardEvent): void {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) this.#submit(event);
  }

  #submit(event: Event): void {
    event.preventDefault();
    const text = this.renderRoot.querySelector('textarea')!.value;
    this.dispatchEvent(new CustomEvent<string>('look-text', { detail: text }));
    this.text = text;
    void this.#look(text);
  }

  /** Chooses a place; in the pattern the cursor goes to its row, and to its own column if to no other. */
  #place(place: number, column = place): void {
    this.place = place;
    this.#cursor = { x: column, y: place };
  }

  /** The pattern (n, n) of a head. */
  #pattern({ attention, heads, characters }: PromptView): Float32Array<ArrayBuffer> {
    const { layer, head } = this.chosen;
    const size = characters.length ** 2;
    return attention.slice((layer * heads + head) * size, (layer * heads + head + 1) * size);
  }

  #attended(characters: readonly string[], row: Float32Array): string {
    const best = [...row.keys()].sort((a, b) => row[b]! - row[a]!).slice(0, NAMED);
    const parts = best
      .filter((u) => row[u]! >= 0.005)
      .map((u) => PROMPT_LOOK.share(spoken(characters[u]!), u + 1, percent(row[u]!)));
    return PROMPT_LOOK.attends(spoken(characters[this.place]!), this.place + 1, parts.join(', '));
  }

  #shown(view: PromptView, row: Float32Array) {
    const { characters, losses, vocabulary } = view;
    const byLoss = this.colour === 'loss';
    const most = Math.max(...row);
    const shares = byLoss
      ? [0, ...[...losses].map((one) => one / Math.log(vocabulary.length))]
      : [...row].map((share) => share / most);
    const notes = byLoss
      ? ['', ...[...losses].map((one) => loss(one, 2))]
      : [...row].map((share) => (share >= WORTH_A_NOTE ? percent(share) : ''));
    const mean = losses.reduce((sum, one) => sum + one, 0) / losses.length;
    return html`
      <fieldset>
        <legend>${PROMPT_LOOK.colour}</legend>
        ${(['attention', 'loss'] as const).map(
          (colour) => html`
            <label>
              <input
                type="radio"
                name="colour"
                .checked=${colour === this.colour}
                @change=${() => {
                  this.colour = colour;
                }}
              />
              ${PROMPT_LOOK.colours[colour]}
            </label>
          `,
        )}
      </fieldset>
      <shown-text
        hovers
        .characters=${characters}
        .shares=${shares}
        .notes=${notes}
        .chosen=${this.place}
        @choose=${(event: CustomEvent<number>) => this.#place(event.detail)}
      ></shown-text>
      <p class="told number" aria-live="polite">
        ${byLoss ? (losses.length > 0 ? PROMPT_LOOK.mean(loss(mean), losses.length) : PROMPT_LOOK.noLoss) : this.#attended(characters, row)}
      </p>
      ${view.leftOut > 0 ? html`<p class="help">${PROMPT_LOOK.leftOut(view.leftOut, view.most)}</p>` : nothing}
      <details
        @toggle=${(event: Event) => {
          this.open = (event.currentTarget as HTMLDetailsElement).open;
        }}
      >
        <summary class="help">${PROMPT_LOOK.lossTable}</summary>
        ${this.open ? lossTable(view) : nothing}
      </details>
    `;
  }

  #patterns(view: PromptView, pattern: Float32Array<ArrayBuffer>) {
    const { characters, layers, heads, attention } = view;
    const { layer, head } = this.chosen;
    const all = layers * heads <= MOST_PATTERNS;
    const size = heads * characters.length ** 2;
    const names = characters.map(glyph);
    return html`
      <h3>${PROMPT_LOOK.layersHeads}</h3>
      <p class="help">${PROMPT_LOOK.layersHeadsHelp}</p>
      <div class="columns">
        <div>
          ${
            all
              ? nothing
              : html`
                  <label>
                    ${PROMPT_LOOK.behind}
                    <select
                      @change=${(event: Event) => {
                        this.chosen = { layer: Number((event.target as HTMLSelectElement).value), head: 0 };
                      }}
                    >
                      ${Array.from({ length: layers }, (_, i) => html`<option value=${i} ?selected=${i === layer}>${PROMPT_LOOK.lensRow(i + 1)}</option>`)}
                    </select>
                  </label>
                `
          }
          <pattern-grid
            .attention=${all ? attention : attention.subarray(layer * size, (layer + 1) * size)}
            .layers=${all ? layers : 1}
            .heads=${heads}
            .first=${all ? 0 : layer}
            .chosen=${this.chosen}
            @choose=${(event: CustomEvent<HeadChoice>) => {
              this.chosen = event.detail;
            }}
          ></pattern-grid>
        </div>
        <div>
          <h4>${PROMPT_LOOK.headName(layer, head)}</h4>
          <heat-map
            .kind=${'share' as const}
            .limit=${1}
            .first=${1}
            .at=${this.#cursor}
            .picture=${pictureOfAll(pattern, characters.length)}
            .label=${PROMPT_LOOK.pattern(layer, head)}
            .rowNames=${names}
            .columnNames=${names}
            @cursor=${({ detail: { row, column } }: CustomEvent<{ row: number; column: number }>) => this.#place(row, column)}
          ></heat-map>
        </div>
      </div>
    `;
  }

  override render() {
    const { view } = this;
    const n = view?.characters.length ?? 0;
    const pattern = view ? this.#pattern(view) : undefined;
    return html`
      <p class="intro">${PROMPT_LOOK.intro}</p>
      <form class="fields" @submit=${this.#submit}>
        <label class="text">
          ${PROMPT_LOOK.text}
          <textarea rows="2" .value=${this.text} spellcheck="false" @keydown=${this.#onKey}></textarea>
        </label>
        <button type="submit" class="primary">${PROMPT_LOOK.look}</button>
      </form>
      ${this.failureNotice()}
      ${this.moment(view?.step, () => void this.#look(this.text))}
      ${
        view && pattern
          ? html`
              ${this.#shown(view, pattern.subarray(this.place * n, (this.place + 1) * n))}
              ${this.#patterns(view, pattern)}
              <h3>${PROMPT_LOOK.lens}</h3>
              <p class="help">${PROMPT_LOOK.lensHelp}</p>
              <lens-table .look=${view} .place=${this.place} @choose=${(event: CustomEvent<number>) => this.#place(event.detail)}></lens-table>
            `
          : nothing
      }
    `;
  }

  static override styles = [shared, sectionStyles, promptStyles];
}

customElements.define('prompt-section', PromptSection);

declare global {
  interface HTMLElementTagNameMap {
    'prompt-section': PromptSection;
  }
}
