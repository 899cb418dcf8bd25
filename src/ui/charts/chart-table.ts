import { css, html } from 'lit';
import { download } from '../download.ts';
import { CHART } from '../strings.ts';
import { tables } from '../table-styles.ts';
import { type Range, type Series, sampled, valueAt } from './series.ts';

/** Rows at most: more could not be read. */
const ROWS = 40;

export interface TableSource {
  caption: string;
  xLabel: string;
  series: readonly Series[];
  /** All x values of the chart, ascending, and the part of them that is on show. */
  x: ArrayLike<number>;
  range: Range;
  formatX: (x: number) => string;
  formatY: (y: number) => string;
}

/** Buttons that save what a chart shows; `png` is null before it has been drawn. */
export function saveButtons(name: string, csv: () => string, png: () => Promise<Blob> | null) {
  const picture = async () => {
    const blob = await png();
    if (blob) download(`${name}.png`, blob);
  };
  return html`
    <div class="files">
      <button @click=${() => download(`${name}.csv`, csv())}>${CHART.csv}</button>
      <button @click=${picture}>${CHART.png}</button>
    </div>
  `;
}

/** The numbers behind a chart: a line for each of at most 40 of the x values on show. */
export function chartTable({ caption, xLabel, series, x, range, formatX, formatY }: TableSource) {
  const rows = sampled(x, range, ROWS);
  if (rows.length === 0) return html`<p class="help">${CHART.empty}</p>`;
  const named = series.filter(({ faint }) => !faint);
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label=${caption}>
      <table>
        <caption class="help">${rows.length < x.length ? CHART.someOf(caption, rows.length) : caption}</caption>
        <thead>
          <tr>
            <th scope="col">${xLabel}</th>
            ${named.map(({ label }) => html`<th scope="col">${label}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (at) => html`
              <tr>
                <th scope="row">${formatX(at)}</th>
                ${named.map((one) => {
                  const value = valueAt(one, at);
                  return html`<td>${value === null ? '' : (one.format ?? formatY)(value)}</td>`;
                })}
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  `;
}

export const tableStyles = [
  tables,
  css`
    .scroll {
      max-height: 18rem;
      margin-top: var(--space-3);
      overflow: auto;
    }
  `,
];
