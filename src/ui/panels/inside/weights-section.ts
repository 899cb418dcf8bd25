import { css, html, nothing } from 'lit';
import type { Movements, Part, TensorSource, TensorView, Thinning } from '../../../worker/inspection/messages.ts';
import type { StepNorms } from '../../../worker/messages.ts';
import { MOVEMENT, tensorName, WEIGHTS } from '../../strings/inside.ts';
import { shared } from '../../styles.ts';
import { InsideSectionElement, sectionStyles } from './section.ts';
import './character-map.ts';
import './heat-map.ts';
import './movement-charts.ts';
import './tensor-table.ts';
import './value-histogram.ts';

const FIRST = 'transformer.wte.weight';

/** The bias that is added where a matrix multiplies, or that goes with a gain. */
const biasOf = (name: string) => (name.endsWith('.weight') ? name.replace(/weight$/, 'bias') : null);

/**
 * All that a model has learnt: its tensors, one of them closer, and its characters.
 *
 * @prop norms - what the run has measured of its tensors in some of its steps
 */
export class WeightsSection extends InsideSectionElement {
  static override properties = {
    ...InsideSectionElement.properties,
    norms: { attribute: false },
    movements: { state: true },
    chosen: { state: true },
    source: { state: true },
    thinning: { state: true },
    shown: { state: true },
    bias: { state: true },
  };

  declare norms: readonly StepNorms[];
  declare movements: Movements | null;
  declare chosen: string;
  declare source: TensorSource;
  declare thinning: Thinning;
  declare shown: TensorView | null;
  /** The bias beside the chosen matrix or gain. */
  declare bias: TensorView | null;
  /** The part on show; undefined for the whole. */
  #part: Part | undefined;
  /** Changes with each look, so that the map below is drawn anew as well. */
  #looks = 0;

  constructor() {
    super();
    this.norms = [];
    this.movements = null;
    this.chosen = FIRST;
    this.source = 'weights';
    this.thinning = 'strongest';
    this.shown = null;
    this.bias = null;
  }

  protected override begin(): void {
    this.movements = null;
    this.shown = null;
    this.bias = null;
    this.#part = undefined;
    void this.#look();
  }

  async #look(): Promise<void> {
    this.#looks++;
    const movements = await this.ask((inspection) => inspection.movements());
    if (!movements) return;
    this.movements = movements;
    if (!movements.tensors.some(({ name }) => name === this.chosen)) this.chosen = FIRST;
    if (!movements.sources.includes(this.source)) this.source = 'weights';
    await this.#show();
  }

  async #show(): Promise<void> {
    const { chosen, source, thinning, movements } = this;
    const bias = movements?.tensors.find(({ name }) => name === biasOf(chosen));
    const shown = await this.ask((inspection) =>
      inspection.tensor({ name: chosen, source, part: this.#part, thinning }),
    );
    if (shown && chosen === this.chosen) this.shown = shown;
    const beside = bias && (await this.ask((inspection) => inspection.tensor({ name: bias.name, source, thinning })));
    if (chosen === this.chosen) this.bias = beside ?? null;
  }

  #choose(name: string): void {
    this.chosen = name;
    this.#part = undefined;
    void this.#show();
  }

  #zoom(part: Part): void {
    this.#part = part;
    void this.#show();
  }

  #controls(movements: Movements) {
    return html`
      <div class="fields">
        <label>
          ${WEIGHTS.show}
          <select
            .value=${this.source}
            @change=${(event: Event) => {
              this.source = (event.target as HTMLSelectElement).value as TensorSource;
              void this.#show();
            }}
          >
            ${movements.sources.map(
              (source) =>
                html`<option value=${source} ?selected=${source === this.source}>${WEIGHTS.sources[source]}</option>`,
            )}
          </select>
        </label>
        <label>
          ${WEIGHTS.thinning}
          <select
            @change=${(event: Event) => {
              this.thinning = (event.target as HTMLSelectElement).value as Thinning;
              void this.#show();
            }}
          >
            ${(['strongest', 'mean'] as const).map(
              (one) => html`<option value=${one} ?selected=${one === this.thinning}>${WEIGHTS.thinnings[one]}</option>`,
            )}
          </select>
        </label>
      </div>
      <p class="help">${WEIGHTS.sourceHelp[this.source]}</p>
    `;
  }

  #sheet(movements: Movements) {
    const { shown, bias, chosen, source } = this;
    const label = WEIGHTS.pictureOf(tensorName(chosen), WEIGHTS.sources[source]);
    const picture = shown?.picture ?? null;
    const part =
      picture &&
      (picture.rows[1] - picture.rows[0] < picture.shape[0] ||
        picture.columns[1] - picture.columns[0] < picture.shape[1]);
    const gain = chosen.includes('.ln_');
    return html`
      <h3>${tensorName(chosen)} <span class="term">${chosen}</span></h3>
      ${this.#controls(movements)}
      <heat-map
        .picture=${picture}
        .label=${label}
        ?zooms=${(picture?.shape[0] ?? 1) > 1}
        ?flat=${picture?.shape[0] === 1}
        @zoom=${(event: CustomEvent<Part>) => this.#zoom(event.detail)}
      ></heat-map>
      ${
        part
          ? html`
              <p class="part help number">
                ${WEIGHTS.part(picture.rows, picture.columns)}
                <button @click=${() => this.#choose(chosen)}>${WEIGHTS.whole}</button>
              </p>
            `
          : nothing
      }
      ${
        bias
          ? html`
              <h4>${gain ? tensorName(biasOf(chosen)!) : WEIGHTS.bias}</h4>
              <heat-map flat .picture=${bias.picture} .label=${WEIGHTS.pictureOf(tensorName(biasOf(chosen)!), WEIGHTS.sources[source])}></heat-map>
            `
          : nothing
      }
      <value-histogram .summary=${shown?.summary ?? null} .label=${label}></value-histogram>
    `;
  }

  override render() {
    const { movements } = this;
    return html`
      ${this.failureNotice()}
      ${this.moment(movements?.step, () => void this.#look())}
      ${
        movements
          ? html`
              <div class="columns">
                <tensor-table
                  .movements=${movements}
                  .chosen=${this.chosen}
                  @choose=${(event: CustomEvent<string>) => this.#choose(event.detail)}
                ></tensor-table>
                <div class="sheet">${this.#sheet(movements)}</div>
              </div>
              <section class="movement" aria-label=${MOVEMENT.heading}>
                <h3>${MOVEMENT.heading}</h3>
                <movement-charts .norms=${this.norms} .tensor=${this.chosen}></movement-charts>
              </section>
              <character-map .session=${this.session} .run=${this.run} .phase=${this.phase} .look=${this.#looks}></character-map>
            `
          : nothing
      }
    `;
  }

  static override styles = [
    shared,
    sectionStyles,
    css`
      .columns {
        --columns: minmax(0, 1.15fr) minmax(0, 1fr);
      }

      .sheet {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--space-3);
        align-content: start;
      }

      .term {
        color: var(--ink-faint);
        font-weight: 400;
      }

      .part button {
        min-height: 2rem;
      }

      .movement h3 {
        margin-bottom: var(--space-3);
      }

      .movement,
      character-map {
        margin-top: var(--space-6);
        padding-top: var(--space-5);
        border-top: 1px solid var(--rule);
      }
    `,
  ];
}

customElements.define('weights-section', WeightsSection);

declare global {
  interface HTMLElementTagNameMap {
    'weights-section': WeightsSection;
  }
}
