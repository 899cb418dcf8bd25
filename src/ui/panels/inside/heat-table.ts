import { html } from 'lit';
import type { MatrixPicture } from '../../../worker/inspection/messages.ts';
import { figure } from '../../format.ts';
import { HEAT } from '../../strings/inside.ts';
import { type Cell, nameOf } from './cells.ts';

/** Rows and columns at most. */
const MOST = 12;

export interface HeatTableSource {
  picture: MatrixPicture;
  at: Cell;
  label: string;
  rowNames: readonly string[] | null;
  columnNames: readonly string[] | null;
  first: number;
}

/** Up to twelve of `count` cells, about one of them. */
function around(at: number, count: number): number[] {
  const start = Math.max(0, Math.min(at - MOST / 2, count - MOST));
  return Array.from({ length: Math.min(MOST, count) }, (_, i) => start + i);
}

/** The numbers of a picture around a cell. */
export function heatTable({ picture, at, label, rowNames, columnNames, first }: HeatTableSource) {
  const { rows, columns, width, height, cells } = picture;
  const xs = around(at.x, width);
  return html`
    <div class="scroll" tabindex="0" role="group" aria-label=${HEAT.table(label)}>
      <table>
        <thead>
          <tr>
            <td></td>
            ${xs.map((x) => html`<th scope="col">${nameOf(x, columns, width, columnNames, first)}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${around(at.y, height).map(
            (y) => html`
              <tr>
                <th scope="row">${nameOf(y, rows, height, rowNames, first)}</th>
                ${xs.map((x) => html`<td>${figure(cells[y * width + x]!)}</td>`)}
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  `;
}
