import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { Anatomy, Part, PartId } from '../../../model/counts.ts';
import { emit } from '../../emit.ts';
import { count } from '../../format.ts';
import { ACTIVATIONS, PARAMETERS, PARTS } from '../../strings/parameters.ts';
import { shared } from '../../styles.ts';
import { diagram } from './architecture-diagram-styles.ts';

/** A part of the drawing: which, and in a block, of which block. */
export interface Place {
  id: PartId;
  /** From 0 on; null outside the blocks. */
  layer: number | null;
}

/** How a row hangs on the residual stream, which runs down its left side. */
type Joint = 'start' | 'join' | 'out' | 'back' | 'over' | 'beside';

/**
 * The architecture as it is: data flows down, the residual stream on the left, each branch leaving it and added back.
 * Every box is a button. What is slotted in stands below the chosen box, or beside the drawing where there is room.
 *
 * @prop anatomy - the model
 * @prop chosen - the box whose details are shown
 * @fires choose-part - a Place
 */
export class ArchitectureDiagram extends LitElement {
  static override properties = {
    anatomy: { attribute: false },
    chosen: { attribute: false },
    all: { state: true },
  };

  declare anatomy: Anatomy | null;
  declare chosen: Place;
  /** Whether every block has a row of its own. */
  declare all: boolean;

  constructor() {
    super();
    this.anatomy = null;
    this.chosen = { id: 'wte', layer: null };
    this.all = false;
  }

  /** The block that is drawn open: that of the chosen box. */
  get #open(): number {
    const layer = this.chosen.layer ?? this.#last;
    const open = Math.min(layer, this.anatomy!.config.n_layer - 1);
    this.#last = open;
    return this.all ? open : 0;
  }

  #last = 0;

  #isChosen(id: PartId, layer: number | null): boolean {
    return (
      this.chosen.id === id &&
      (layer === null || this.#open === layer) &&
      (this.chosen.layer === null) === (layer === null)
    );
  }

  /** Its name for a screen reader is what stands on it, and the rest of the sentence. */
  #button(part: Part, layer: number | null): TemplateResult {
    const tied = part.id === 'lm_head' && part.parameters === 0;
    const share = part.parameters / this.anatomy!.parameters;
    return html`
      <button
        class="part"
        aria-pressed=${this.#isChosen(part.id, layer)}
        @click=${() => emit<Place>(this, 'choose-part', { id: part.id, layer })}
      >
        <span class="name"
          >${this.#label(part.id)}<span class="unseen">${layer === null ? nothing : PARAMETERS.ofBlock(layer)}</span></span
        >
        <span class="number"
          >${tied ? PARAMETERS.tiedShort : count(part.parameters)}<span class="unseen"
            >${tied ? nothing : PARAMETERS.unit(part.parameters)}</span
          ></span
        >
        <span class="share"><span .style=${`width: ${100 * share}%`}></span></span>
      </button>
    `;
  }

  #label(id: PartId): string {
    const { activation, n_head } = this.anatomy!.config;
    if (id === 'mlp.activation') return ACTIVATIONS[activation].name;
    if (id === 'attn.heads') return PARAMETERS.heads(n_head);
    return PARTS[id].name;
  }

  /** A part and what it is made of. Its details follow it. */
  #row(joint: Joint, part: Part, layer: number | null = null): TemplateResult {
    const chosen = [part, ...part.parts].some(({ id }) => this.#isChosen(id, layer));
    const inner =
      part.parts.length === 0
        ? nothing
        : html`<div class="inner">${part.parts.map((one) => this.#button(one, layer))}</div>`;
    return html`
      <div class="row ${joint}">
        <div class="box">${this.#button(part, layer)}${inner}</div>
      </div>
      ${chosen ? html`<div class="details"><slot></slot></div>` : nothing}
    `;
  }

  #block(layer: number): TemplateResult {
    const { block, blockParameters, config } = this.anatomy!;
    const joints: Record<string, Joint> = {
      ln_1: 'out',
      attn: 'beside',
      'attn.add': 'back',
      ln_2: 'out',
      mlp: 'beside',
      'mlp.add': 'back',
    };
    const open = layer === this.#open;
    const heading = html`<span class="name">${PARAMETERS.block(layer)}</span>
      ${this.all || config.n_layer === 1 ? nothing : html`<span class="times">${PARAMETERS.times(config.n_layer)}</span>`}
      <span class="number">${count(blockParameters)}</span>`;
    return html`
      <div class="row over block ${open ? 'open' : ''}">
        ${
          this.all
            ? html`<button class="heading" aria-expanded=${open} @click=${() => emit<Place>(this, 'choose-part', { id: 'attn', layer })}>${heading}</button>`
            : html`<p class="heading">${heading}</p>`
        }
      </div>
      ${open ? block.map((part) => this.#row(joints[part.id]!, part, layer)) : nothing}
    `;
  }

  #blocks(): TemplateResult {
    const { config, blockParameters } = this.anatomy!;
    const { n_layer } = config;
    const toggle = (label: string) =>
      n_layer === 1 ? nothing : html`<button class="toggle" @click=${() => this.#toggle()}>${label}</button>`;
    if (this.all) {
      return html`
        <div class="row over more"><p class="help">${toggle(PARAMETERS.showOne)}</p></div>
        ${Array.from({ length: n_layer }, (_, layer) => this.#block(layer))}
      `;
    }
    return html`
      ${this.#block(0)}
      ${
        n_layer === 1
          ? nothing
          : html`<div class="row over more">
              <p class="help">${PARAMETERS.more(n_layer - 1, blockParameters)} ${toggle(PARAMETERS.showAll)}</p>
            </div>`
      }
    `;
  }

  #toggle(): void {
    this.all = !this.all;
    // the chosen box must be one that is drawn
    if (!this.all && this.chosen.layer !== null) emit<Place>(this, 'choose-part', { id: this.chosen.id, layer: 0 });
  }

  /** Arrow keys go from box to box, beside Tab. */
  #onKey(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined || !(event.target as Element).matches('button')) return;
    const buttons = [...this.renderRoot.querySelectorAll<HTMLElement>('button.part, button.heading')];
    const next = buttons[buttons.indexOf(event.target as HTMLElement) + step];
    if (next === undefined) return;
    event.preventDefault();
    next.focus();
  }

  override render() {
    if (this.anatomy === null) return nothing;
    const { embedding, output } = this.anatomy;
    return html`
      <div class="diagram" role="group" aria-label=${PARAMETERS.diagram} @keydown=${this.#onKey}>
        <p class="row end help">${PARAMETERS.input}</p>
        ${this.#row('start', embedding[0]!)}
        ${this.#row('join', embedding[1]!)}
        ${this.#blocks()}
        ${output.map((part) => this.#row('over', part))}
        <p class="row end help">${PARAMETERS.output}</p>
      </div>
    `;
  }

  static override styles = [shared, diagram];
}

customElements.define('architecture-diagram', ArchitectureDiagram);

declare global {
  interface HTMLElementTagNameMap {
    'architecture-diagram': ArchitectureDiagram;
  }
}
