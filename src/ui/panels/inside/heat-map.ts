import { html, LitElement, nothing, type PropertyValues } from 'lit';
import type { MatrixPicture, Part } from '../../../worker/inspection/messages.ts';
import { figure } from '../../format.ts';
import { SchemeWatch } from '../../scheme-watch.ts';
import { HEAT } from '../../strings/inside.ts';
import { exactPercent } from '../../strings/words.ts';
import { shared } from '../../styles.ts';
import { type Cell, nameOf, partAround, spanOf } from './cells.ts';
import { type HeatColours, type HeatKind, heat, heatColours, limitOf, paint } from './heat-colours.ts';
import { heatMapStyles } from './heat-map-styles.ts';
import { heatTable } from './heat-table.ts';

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
 * @prop first - the number of the first row and column, as they are counted here
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
    first: { attribute: false },
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
  declare first: number;
  declare zooms: boolean;
  declare flat: boolean;
  declare at: Cell;
  /** The cell that is pointed at. */
  declare pointed: Cell | null;

  constructor() {
    super();
    new SchemeWatch(this, () => this.#paint());
    this.picture = null;
    this.label = '';
    this.kind = 'signed';
    this.limit = null;
    this.rowNames = null;
    this.columnNames = null;
    this.first = 0;
    this.zooms = false;
    this.flat = false;
    this.at = { x: 0, y: 0 };
    this.pointed = null;
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

  /** What stands in a cell, in words. */
  #told({ x, y }: Cell): string {
    const { picture, kind, rowNames, columnNames, first } = this;
    if (!picture) return '';
    const { rows, columns, width, height, cells } = picture;
    const column = nameOf(x, columns, width, columnNames, first);
    const value = cells[y * width + x]!;
    const number = !Number.isFinite(value) ? HEAT.notFinite : kind === 'share' ? exactPercent(value) : figure(value);
    if (this.flat) return columnNames ? HEAT.place(column, number) : HEAT.element(column, number);
    const row = nameOf(y, rows, height, rowNames, first);
    return kind === 'share' ? HEAT.looks(row, column, number) : HEAT.cell(row, column, number);
  }

  #cellAt(event: PointerEvent | MouseEvent): Cell {
    const { width, height } = this.picture!;
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const cell = (at: number, size: number, cells: number) =>
      Math.max(0, Math.min(cells - 1, Math.floor((at / size) * cells)));
    return {
      x: cell(event.clientX - box.left, box.width, width),
      y: cell(event.clientY - box.top, box.height, height),
    };
  }

  #move(to: Cell): void {
    const { width, height, rows, columns } = this.picture!;
    this.at = { x: Math.max(0, Math.min(width - 1, to.x)), y: Math.max(0, Math.min(height - 1, to.y)) };
    this.pointed = null;
    const detail = {
      row: spanOf(this.at.y, rows, height)[0],
      column: spanOf(this.at.x, columns, width)[0],
    };
    this.dispatchEvent(new CustomEvent('cursor', { detail }));
  }

  #zoom(factor: number): void {
    this.dispatchEvent(new CustomEvent<Part>('zoom', { detail: partAround(this.picture!, this.at, factor) }));
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
                ${heatTable({ picture, at, label: this.label, rowNames: this.rowNames, columnNames: this.columnNames, first: this.first })}
              </details>
            `
      }
    `;
  }

  static override styles = [shared, heatMapStyles];
}

customElements.define('heat-map', HeatMap);

declare global {
  interface HTMLElementTagNameMap {
    'heat-map': HeatMap;
  }
}
