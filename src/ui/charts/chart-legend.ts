import { html, nothing } from 'lit';
import type { Series } from './series.ts';

/** The names of the curves and, where there is a crosshair, what each says there. `at`: where that is, in words. */
export function chartLegend(
  series: readonly Series[],
  at: string | null,
  xLabel: string,
  reading: (one: Series) => string,
) {
  return html`
    <div class="legend" aria-hidden="true">
      ${series.map(
        (one) => html`<span>
          <i class=${one.dashed ? 'dashed' : ''} .style=${`border-color: var(${one.colour})`}></i><span class="name" title=${one.label}>${one.label}</span>
          <b>${at === null ? nothing : reading(one)}</b>
        </span>`,
      )}
      <span class="x">${at === null ? nothing : html`${xLabel} <b>${at}</b>`}</span>
    </div>
  `;
}
