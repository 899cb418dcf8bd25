import { html, nothing, type PropertyValues } from 'lit';
import type { BlockView, PlaceView, WalkView, WeightUpdate } from '../../../worker/inspection/messages.ts';
import { loss } from '../../format.ts';
import { INSIDE, STAGES, WALK } from '../../strings/inside.ts';
import { shared } from '../../styles.ts';
import { spoken } from './glyphs.ts';
import { InsideSectionElement, sectionStyles } from './section.ts';
import type { WeightChoice } from './update-sheet.ts';
import { pictureOfStage, STAGE_NAMES, type StageName } from './walk-stages.ts';
import { walkStyles } from './walk-styles.ts';
import './shown-text.ts';
import './update-sheet.ts';

/** Stages at which a block, or a head of it, is chosen. */
const OF_BLOCK: readonly StageName[] = ['attention', 'feedForward'];

/** A walk through the next training step of the run, stage by stage, following one character. */
export class WalkSection extends InsideSectionElement {
  static override properties = {
    ...InsideSectionElement.properties,
    walk: { state: true },
    place: { state: true },
    block: { state: true },
    made: { state: true },
    at: { state: true },
    layer: { state: true },
    head: { state: true },
    weight: { state: true },
  };

  declare walk: WalkView | null;
  declare place: PlaceView | null;
  declare block: BlockView | null;
  declare made: WeightUpdate | null;
  /** Which of STAGE_NAMES is on show. */
  declare at: number;
  declare layer: number;
  declare head: number;
  declare weight: WeightChoice;
  #cursor = { x: 0, y: 0 };

  constructor() {
    super();
    this.walk = null;
    this.place = null;
    this.block = null;
    this.made = null;
    this.at = 0;
    this.layer = 0;
    this.head = 0;
    this.weight = { name: '', row: 0, column: 0 };
  }

  protected override begin(): void {
    this.walk = null;
    this.place = null;
    this.block = null;
    this.made = null;
    this.at = 0;
  }

  async #make(sequence: number, afresh: boolean): Promise<void> {
    const walk = await this.ask((inspection) => inspection.walk(sequence, afresh));
    if (!walk) return;
    this.layer = Math.min(this.layer, walk.layers - 1);
    this.head = Math.min(this.head, walk.heads - 1);
    const place = Math.min(this.place?.place ?? Math.floor(walk.ids.length / 2), walk.ids.length - 1);
    await this.#follow(place, walk);
  }

  /** Follows another place; all of it comes on show at once. */
  async #follow(at: number, walk = this.walk!): Promise<void> {
    const { layer, head } = this;
    const place = await this.ask((inspection) => inspection.walkPlace(at));
    const block = place && (await this.ask((inspection) => inspection.walkBlock(layer, head, at)));
    if (!place || !block) return;
    this.walk = walk;
    this.place = place;
    this.block = block;
    const cell = Math.floor((at * block.pattern.width) / walk.ids.length);
    this.#cursor = { x: cell, y: cell };
    await this.#choose({ name: 'transformer.wte.weight', row: walk.ids[at]!, column: 0 });
  }

  async #look(layer: number, head: number): Promise<void> {
    this.layer = layer;
    this.head = head;
    const at = this.place!.place;
    const block = await this.ask((inspection) => inspection.walkBlock(layer, head, at));
    if (block) this.block = block;
  }

  async #choose(weight: WeightChoice): Promise<void> {
    this.weight = weight;
    const shape = this.walk!.tensors.find(({ name }) => name === weight.name)!.shape;
    const index = weight.row * shape.at(-1)! + weight.column;
    const made = await this.ask((inspection) => inspection.walkUpdate(weight.name, index));
    if (made && weight === this.weight) this.made = made;
  }

  /** Where a stage is wider than the page, it begins with the place that is followed. */
  protected override updated(changed: PropertyValues<this>): void {
    if (!changed.has('at') && !changed.has('place')) return;
    const cell = this.renderRoot.querySelector<HTMLElement>('.ids .chosen');
    const frame = cell?.closest<HTMLElement>('.scroll');
    if (cell && frame) frame.scrollLeft = cell.offsetLeft - frame.clientWidth / 2;
  }

  #go(at: number): void {
    if (at >= 0 && at < STAGE_NAMES.length) this.at = at;
  }

  #onKey(event: KeyboardEvent): void {
    const from = event.composedPath()[0] as HTMLElement;
    if (from.matches('input, select, textarea')) return;
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.#go(this.at + step);
  }

  #select(label: string, value: number, count: number, choose: (value: number) => void) {
    return html`
      <label>
        ${label}
        <select @change=${(event: Event) => choose(Number((event.target as HTMLSelectElement).value))}>
          ${Array.from({ length: count }, (_, i) => html`<option value=${i} ?selected=${i === value}>${i + 1}</option>`)}
        </select>
      </label>
    `;
  }

  /** The sequence that is walked through, with the followed character. */
  #text(walk: WalkView, place: PlaceView, block: BlockView, stage: StageName) {
    const T = walk.ids.length;
    const attended = stage === 'attention';
    const notes = stage === 'loss' ? [...walk.losses].map((one) => loss(one, 1)) : [];
    const row = block.attended;
    const most = Math.max(...row);
    const shares = attended
      ? [...row].map((share) => share / most)
      : stage === 'loss'
        ? [...walk.losses].map((one) => one / Math.log(walk.vocabulary.length))
        : [];
    return html`
      <shown-text
        .characters=${walk.rows[walk.sequence]!.slice(0, T)}
        .shares=${shares}
        .notes=${notes}
        .chosen=${place.place}
        @choose=${(event: CustomEvent<number>) => void this.#follow(event.detail)}
      ></shown-text>
      <p class="help">${WALK.follow(spoken(walk.rows[walk.sequence]![place.place]!), place.place)}</p>
    `;
  }

  #stage(walk: WalkView, place: PlaceView, block: BlockView) {
    const stage = STAGE_NAMES[this.at]!;
    const row = walk.rows[walk.sequence]!;
    const next = walk.vocabulary.indexOf(row[place.place + 1]!);
    const data = { walk, place, block, next, cursor: this.#cursor };
    return html`
      ${this.#text(walk, place, block, stage)}
      ${
        OF_BLOCK.includes(stage)
          ? html`
              <div class="fields">
                ${this.#select(WALK.block, this.layer, walk.layers, (layer) => void this.#look(layer, this.head))}
                ${stage === 'attention' ? this.#select(WALK.head, this.head, walk.heads, (head) => void this.#look(this.layer, head)) : nothing}
              </div>
            `
          : nothing
      }
      ${
        stage === 'update'
          ? html`
              <p class="explained">${STAGES.update.text}</p>
              <update-sheet
                .walk=${walk}
                .chosen=${this.weight}
                .made=${this.made}
                @choose=${(event: CustomEvent<WeightChoice>) => void this.#choose(event.detail)}
              ></update-sheet>
            `
          : pictureOfStage(stage, data)
      }
    `;
  }

  #steps(walk: WalkView) {
    const all = STAGE_NAMES.length;
    const name = STAGES[STAGE_NAMES[this.at]!].name;
    return html`
      <div class="steps">
        <nav aria-label=${WALK.heading}>
          <button aria-disabled=${this.at === 0} @click=${() => this.#go(this.at - 1)}>${WALK.previous}</button>
          <p class="at" aria-live="polite">
            <span class="number">${WALK.progress(this.at + 1, all)}</span> <b>${name}</b>
          </p>
          <button class="primary" aria-disabled=${this.at === all - 1} @click=${() => this.#go(this.at + 1)}>${WALK.next}</button>
        </nav>
        <div class="fields">
          ${this.#select(WALK.sequence, walk.sequence, walk.rows.length, (sequence) => void this.#make(sequence, false))}
          <button aria-disabled=${this.busy} @click=${() => !this.busy && void this.#make(walk.sequence, true)}>${WALK.afresh}</button>
        </div>
      </div>
    `;
  }

  #notes({ beyond, training }: WalkView) {
    const notes = [
      ...(beyond ? [WALK.beyond] : []),
      ...(training.dropout > 0 ? [WALK.dropout(training.dropout)] : []),
      ...(training.gradient_accumulation_steps > 1 ? [WALK.batches(training.gradient_accumulation_steps)] : []),
    ];
    return notes.map((note) => html`<p class="help">${note}</p>`);
  }

  override render() {
    const { walk, place, block, busy } = this;
    return html`
      <p class="intro">${WALK.intro}</p>
      ${this.failureNotice()}
      ${
        walk && place && block
          ? html`
              <section aria-label=${WALK.heading} @keydown=${this.#onKey}>
                <h3 class="number">${WALK.step(walk.step)}</h3>
                ${this.#notes(walk)} ${this.#steps(walk)}
                <div class="stage">${this.#stage(walk, place, block)}</div>
              </section>
            `
          : html`
              <button class="primary" aria-disabled=${busy} @click=${() => !busy && void this.#make(0, true)}>
                ${busy ? INSIDE.looking : WALK.begin}
              </button>
            `
      }
    `;
  }

  static override styles = [shared, sectionStyles, walkStyles];
}

customElements.define('walk-section', WalkSection);

declare global {
  interface HTMLElementTagNameMap {
    'walk-section': WalkSection;
  }
}
