import { css, html, LitElement, svg } from 'lit';
import type { TensorSummary } from '../../../worker/inspection/messages.ts';
import { count, figure } from '../../format.ts';
import { HISTOGRAM } from '../../strings/inside.ts';
import { shared } from '../../styles.ts';

const WIDTH = 480;
const HEIGHT = 96;

/**
 * How the numbers of a tensor are distributed.
 *
 * @prop summary - of the tensor
 * @prop label - what it is
 */
export class ValueHistogram extends LitElement {
  static override properties = { summary: { attribute: false }, label: { attribute: false } };

  declare summary: TensorSummary | null;
  declare label: string;

  constructor() {
    super();
    this.summary = null;
    this.label = '';
  }

  override render() {
    const { summary } = this;
    if (!summary) return html``;
    const { histogram, min, max, mean, std, norm, size, notFinite } = summary;
    const { from, to, counts } = histogram;
    const most = Math.max(1, ...counts);
    const wide = WIDTH / counts.length;
    const zero = to > from ? (WIDTH * (0 - from)) / (to - from) : -1;
    const facts: [string, string][] = [
      [HISTOGRAM.size, count(size)],
      [HISTOGRAM.mean, figure(mean)],
      [HISTOGRAM.std, figure(std)],
      [HISTOGRAM.norm, figure(norm)],
      [HISTOGRAM.range, `${figure(min)} … ${figure(max)}`],
      ...(notFinite > 0 ? [[HISTOGRAM.notFinite, count(notFinite)] as [string, string]] : []),
    ];
    return html`
      <svg
        viewBox=${`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label=${HISTOGRAM.label(this.label, figure(min), figure(max), figure(mean), figure(std))}
      >
        ${counts.map((n, i) => {
          // a bin of one number beside one of thousands is still to be seen
          const height = n === 0 ? 0 : Math.max(1, (HEIGHT * n) / most);
          return svg`<rect x=${i * wide + 0.5} y=${HEIGHT - height} width=${wide - 1} height=${height} />`;
        })}
        ${zero >= 0 && zero <= WIDTH ? svg`<line x1=${zero} x2=${zero} y1="0" y2=${HEIGHT} />` : ''}
      </svg>
      <p class="ends help number"><span>${figure(from)}</span><span>${figure(to)}</span></p>
      <dl class="number">${facts.map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>
      <details>
        <summary class="help">${HISTOGRAM.table}</summary>
        <div class="scroll" tabindex="0" role="group" aria-label=${HISTOGRAM.table}>
          <table>
            <thead><tr><th scope="col">${HISTOGRAM.from}</th><th scope="col">${HISTOGRAM.count}</th></tr></thead>
            <tbody>
              ${counts.map(
                (n, i) => html`
                  <tr><th scope="row">${figure(from + (i * (to - from)) / counts.length)}</th><td>${count(n)}</td></tr>
                `,
              )}
            </tbody>
          </table>
        </div>
      </details>
    `;
  }

  static override styles = [
    shared,
    css`
      svg {
        display: block;
        width: 100%;
        height: 6rem;
        border-bottom: 1px solid var(--edge);
      }

      rect {
        fill: var(--ink-soft);
      }

      line {
        stroke: var(--accent);
        stroke-width: 1;
        vector-effect: non-scaling-stroke;
      }

      .ends {
        display: flex;
        justify-content: space-between;
      }

      dl {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-2) var(--space-5);
        margin: var(--space-3) 0;
      }

      dt {
        color: var(--ink-faint);
        font-size: var(--text-small);
      }

      dd {
        margin: 0;
      }

      summary {
        width: max-content;
        cursor: pointer;
      }

      .scroll {
        max-height: 16rem;
        overflow: auto;
      }

      table {
        border-collapse: collapse;
        font-size: var(--text-small);
      }

      th,
      td {
        padding: var(--space-1) var(--space-3);
        border-top: 1px solid var(--rule);
        font-weight: 400;
        text-align: right;
      }
    `,
  ];
}

customElements.define('value-histogram', ValueHistogram);

declare global {
  interface HTMLElementTagNameMap {
    'value-histogram': ValueHistogram;
  }
}
