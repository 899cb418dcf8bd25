import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import type { MatrixPicture, Part } from '../../../worker/inspection/messages.ts';
import { figure } from '../../format.ts';
import { HEAT } from '../../strings/inside.ts';
import { shared } from '../../styles.ts';
import { type HeatColours, type HeatKind, heat, heatColours, limitOf, paint, SchemeWatch } from './heat-colours.ts';

/** Rows and columns of the table behind a picture. */
const TABLE = 12;
/** How many times closer one zoom brings. */
const CLOSER = 2;
/** Cells of the scale below a picture. */
const SCALE = 9;

/**
 * A matrix as a picture. The numbers can be read by pointing, by a cursor that the arrow keys move, and in a table of those
 * around it.
 *
 * @prop picture - the matrix, or a part of it
 * @prop label - what it is
 * @prop kind - whether it has two signs or is a share
 * @prop limit - the value of the full colour; found from the cells without it
 * @prop rowNames - a name for each row of the matrix, where it has one
 * @prop columnNames - for each column
 * @prop zooms - whether a part can be asked for
 * @prop flat - a strip of one row, without scale and table
 * @prop at - { x, y }, the cell of the cursor; the picture moves it itself, and tells
 * @fires zoom - a Part, to be shown in its place; does not climb
 * @fires cursor - { row, column } of the matrix; does not climb
 */
export class HeatMap extends LitElement {
  static override properties = {
    picture: { attribute: false },
    label: { attribute: false },
    kind: { attribute: false },
    limit: { attribute: false },
    rowNames: { attribute: false },
    columnNames: { attribute: false },
    zooms: { type: Boolean },
    flat: { type: Boolean, reflect: true },
    at: { attribute: false },
    pointed: { state: true },
  };

  declare picture: MatrixPicture | null;
  declare label: string;
  declare kind: HeatKind;
  declare limit: number | null;
  declare rowNames: readonly string[] | null;
  declare columnNames: readonly string[] | null;
  declare zooms: boolean;
  declare flat: boolean;
  declare at: { x: number; y: number };
  /** The cell that is pointed at. */
  declare pointed: { x: number; y: number } | null;

  readonly #scheme = new SchemeWatch(() => this.#paint());

  constructor() {
    super();
    this.picture = null;
    this.label = '';
    this.kind = 'signed';
    this.limit = null;
    this.rowNames = null;
    this.columnNames = null;
    this.zooms = false;
    this.flat = false;
    this.at = { x: 0, y: 0 };
    this.pointed = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#scheme.start();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#scheme.stop();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if ((changed.has('picture') || changed.has('at')) && this.picture) {
      const { width, height } = this.picture;
      const { x, y } = this.at;
      if (x >= width || y >= height) this.at = { x: Math.min(x, width - 1), y: Math.min(y, height - 1) };
      this.pointed = null;
    }
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has('picture') || changed.has('kind') || changed.has('limit')) this.#paint();
  }

  get #limit(): number {
    return this.limit ?? limitOf(this.picture!.cells);
  }

  #paint(): void {
    const { picture, kind } = this;
    const canvas = this.renderRoot.querySelector<HTMLCanvasElement>('canvas.cells');
    if (!picture || !canvas) return;
    const colours = heatColours(this);
    paint(canvas, picture.cells, picture.width, this.#limit, kind, colours);
    const scale = this.renderRoot.querySelector<HTMLCanvasElement>('canvas.scale');
    if (scale) this.#paintScale(scale, colours);
  }

  #paintScale(canvas: HTMLCanvasElement, colours: HeatColours): void {
    const { kind } = this;
    canvas.width = SCALE;
    canvas.height = 1;
    const image = new ImageData(SCALE, 1);
    for (let i = 0; i < SCALE; i++) {
      const share = i / (SCALE - 1);
      image.data.set([...heat(kind === 'share' ? share : 2 * share - 1, 1, kind, colours), 255], 4 * i);
    }
    canvas.getContext('2d')!.putImageData(image, 0, 0);
  }

  /** The rows or columns behind a cell. */
  #span(cell: number, [from, to]: readonly [number, number], cells: number): [from: number, to: number] {
    const edge = (at: number) => from + Math.floor((at * (to - from)) / cells);
    return [edge(cell), edge(cell + 1)];
  }

  #name(cell: number, range: readonly [number, number], cells: number, names: readonly string[] | null): string {
    const [from, to] = this.#span(cell, range, cells);
    if (to - from > 1) return HEAT.range(from, to - 1);
    return names?.[from] === undefined ? String(from) : `${from} “${names[from]}”`;
  }

  /** What stands in a cell, in words. */
  #told({ x, y }: { x: number; y: number }): string {
    const { picture, flat } = this;
    if (!picture) return '';
    const { rows, columns, width, height, cells } = picture;
    const column = this.#name(x, columns, width, this.columnNames);
    const value = cells[y * width + x]!;
    const number = Number.isFinite(value) ? figure(value) : HEAT.notFinite;
    if (flat) return HEAT.element(column, number);
    return HEAT.cell(this.#name(y, rows, height, this.rowNames), column, number);
  }

  #cellAt(event: PointerEvent | MouseEvent): { x: number; y: number } {
    const { width, height } = this.picture!;
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const cell = (at: number, size: number, cells: number) =>
      Math.max(0, Math.min(cells - 1, Math.floor((at / size) * cells)));
    return {
      x: cell(event.clientX - box.left, box.width, width),
      y: cell(event.clientY - box.top, box.height, height),
    };
  }

  #move(to: { x: number; y: number }): void {
    const { width, height, rows, columns } = this.picture!;
    this.at = { x: Math.max(0, Math.min(width - 1, to.x)), y: Math.max(0, Math.min(height - 1, to.y)) };
    this.pointed = null;
    const detail = {
      row: this.#span(this.at.y, rows, height)[0],
      column: this.#span(this.at.x, columns, width)[0],
    };
    this.dispatchEvent(new CustomEvent('cursor', { detail }));
  }

  #zoom(factor: number): void {
    const { shape, rows, columns, width, height } = this.picture!;
    const around = (range: readonly [number, number], cell: number, cells: number, all: number) => {
      const length = Math.max(1, Math.min(all, Math.round((range[1] - range[0]) / factor)));
      const middle = this.#span(cell, range, cells)[0];
      const from = Math.max(0, Math.min(all - length, Math.round(middle - length / 2)));
      return [from, from + length] as const;
    };
    const detail: Part = {
      rows: around(rows, this.at.y, height, shape[0]),
      columns: around(columns, this.at.x, width, shape[1]),
    };
    this.dispatchEvent(new CustomEvent<Part>('zoom', { detail }));
  }

  #onKey(event: KeyboardEvent): void {
    if (!this.picture) return;
    const { x, y } = this.at;
    const { width, height } = this.picture;
    const to = {
      ArrowLeft: { x: x - 1, y },
      ArrowRight: { x: x + 1, y },
      ArrowUp: { x, y: y - 1 },
      ArrowDown: { x, y: y + 1 },
      Home: { x: 0, y },
      End: { x: width - 1, y },
      PageUp: { x, y: y - Math.ceil(height / 8) },
      PageDown: { x, y: y + Math.ceil(height / 8) },
    }[event.key];
    if (to) this.#move(to);
    else if (this.zooms && (event.key === '+' || event.key === '=')) this.#zoom(CLOSER);
    else if (this.zooms && event.key === '-') this.#zoom(1 / CLOSER);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #table(picture: MatrixPicture) {
    const { rows, columns, width, height, cells } = picture;
    const start = (at: number, count: number) => Math.max(0, Math.min(at - TABLE / 2, count - TABLE));
    const xs = Array.from({ length: Math.min(TABLE, width) }, (_, i) => start(this.at.x, width) + i);
    const ys = Array.from({ length: Math.min(TABLE, height) }, (_, i) => start(this.at.y, height) + i);
    return html`
      <div class="scroll" tabindex="0" role="group" aria-label=${HEAT.table(this.label)}>
        <table>
          <thead>
            <tr>
              <td></td>
              ${xs.map((x) => html`<th scope="col">${this.#name(x, columns, width, this.columnNames)}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${ys.map(
              (y) => html`
                <tr>
                  <th scope="row">${this.#name(y, rows, height, this.rowNames)}</th>
                  ${xs.map((x) => html`<td>${figure(cells[y * width + x]!)}</td>`)}
                </tr>
              `,
            )}
          </tbody>
        </table>
      </div>
    `;
  }

  override render() {
    const { picture, flat, at } = this;
    if (!picture) return html`<div class="frame empty"></div>`;
    const { width, height } = picture;
    const cell = this.pointed ?? at;
    const limit = figure(this.#limit);
    return html`
      <div
        class="frame"
        role="application"
        tabindex="0"
        aria-label=${this.label}
        aria-roledescription=${HEAT.role}
        @keydown=${this.#onKey}
        @pointermove=${(event: PointerEvent) => {
          this.pointed = this.#cellAt(event);
        }}
        @pointerleave=${() => {
          this.pointed = null;
        }}
        @click=${(event: MouseEvent) => this.#move(this.#cellAt(event))}
        @dblclick=${() => this.zooms && this.#zoom(CLOSER)}
      >
        <canvas class="cells" .style=${`--shape: ${Math.max(1, Math.min(4, width / height))}`}></canvas>
        <span
          class="cursor"
          .style=${`left:${(100 * cell.x) / width}%;top:${(100 * cell.y) / height}%;width:${100 / width}%;height:${100 / height}%`}
        ></span>
      </div>
      <p class="told number" aria-live="polite">${this.#told(cell)}</p>
      ${
        flat
          ? nothing
          : html`
              <div class="under">
                <p class="legend help number">
                  ${this.kind === 'share' ? '0' : `−${limit}`} <canvas class="scale" aria-hidden="true"></canvas> ${limit}
                </p>
                ${
                  this.zooms
                    ? html`
                        <button @click=${() => this.#zoom(CLOSER)}>${HEAT.closer}</button>
                        <button @click=${() => this.#zoom(1 / CLOSER)}>${HEAT.further}</button>
                      `
                    : nothing
                }
              </div>
              <details>
                <summary class="help">${HEAT.numbers}</summary>
                ${this.#table(picture)}
              </details>
            `
      }
    `;
  }

  static override styles = [
    shared,
    css`
      .frame {
        position: relative;
        overflow: hidden;
        border: 1px solid var(--rule);
        cursor: crosshair;
      }

      .empty {
        min-height: 8rem;
      }

      canvas.cells {
        display: block;
        width: 100%;
        aspect-ratio: var(--shape);
        image-rendering: pixelated;
      }

      :host(:not([flat])) .frame {
        max-width: 36rem;
      }

      .under {
        max-width: 36rem;
      }

      :host([flat]) canvas.cells {
        height: 1.5rem;
        aspect-ratio: auto;
      }

      .cursor {
        position: absolute;
        min-width: 5px;
        min-height: 5px;
        outline: 2px solid var(--alarm);
        pointer-events: none;
      }

      .told {
        min-height: 1.5em;
        margin-top: var(--space-1);
        font-size: var(--text-small);
      }

      .under {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--space-2) var(--space-3);
      }

      .legend {
        display: flex;
        flex: 1;
        align-items: center;
        gap: var(--space-2);
      }

      canvas.scale {
        width: 8rem;
        height: 0.75rem;
        border: 1px solid var(--rule);
        image-rendering: pixelated;
      }

      .under button {
        min-height: 2rem;
        padding: 0 var(--space-3);
        font-size: var(--text-small);
      }

      summary {
        width: max-content;
        margin-top: var(--space-2);
        cursor: pointer;
      }

      .scroll {
        overflow-x: auto;
        margin-top: var(--space-2);
      }

      table {
        border-collapse: collapse;
        font-size: var(--text-small);
        font-variant-numeric: tabular-nums lining-nums;
      }

      th,
      td {
        padding: var(--space-1) var(--space-2);
        border-top: 1px solid var(--rule);
        font-weight: 400;
        text-align: right;
        white-space: nowrap;
      }

      th {
        color: var(--ink-soft);
      }
    `,
  ];
}

customElements.define('heat-map', HeatMap);

declare global {
  interface HTMLElementTagNameMap {
    'heat-map': HeatMap;
  }
}
