import { css, html, LitElement, svg } from 'lit';
import type { Activation } from '../../../model/config.ts';
import { ACTIVATIONS, PARAMETERS } from '../../strings/parameters.ts';
import { shared } from '../../styles.ts';

const REACH = 4;
const POINTS = 81;

/** erf by Abramowitz and Stegun's 7.1.26: off by at most 1.5e-7, far below the width of a line. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(x) * (1 - series * Math.exp(-x * x));
}

/** What the kernel computes, here to be drawn. */
export const CURVES: Record<Activation, (x: number) => number> = {
  gelu: (x) => (x / 2) * (1 + erf(x / Math.SQRT2)),
  gelu_tanh: (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  relu: (x) => Math.max(0, x),
};

/**
 * The curve of an activation, small.
 *
 * @prop activation - which
 */
export class ActivationCurve extends LitElement {
  static override properties = { activation: { attribute: false } };

  declare activation: Activation;

  constructor() {
    super();
    this.activation = 'gelu';
  }

  override render() {
    const curve = CURVES[this.activation];
    const points = Array.from({ length: POINTS }, (_, i) => {
      const x = -REACH + (2 * REACH * i) / (POINTS - 1);
      return `${x.toFixed(2)},${(-curve(x)).toFixed(3)}`;
    });
    return html`
      <svg viewBox="-4.2 -4.2 8.4 5.4" role="img" aria-label=${PARAMETERS.curve(ACTIVATIONS[this.activation].name)}>
        ${svg`
          <path class="axis" d="M-4 0H4M0 1V-4" />
          <polyline points=${points.join(' ')} />
          <text x="3.7" y="0.75">4</text>
          <text x="0.3" y="-3.4">4</text>
        `}
      </svg>
    `;
  }

  static override styles = [
    shared,
    css`
      svg {
        display: block;
        width: min(14rem, 100%);
      }

      path,
      polyline {
        fill: none;
        vector-effect: non-scaling-stroke;
      }

      .axis {
        stroke: var(--rule);
      }

      polyline {
        stroke: var(--accent);
        stroke-width: 2;
        stroke-linejoin: round;
      }

      text {
        fill: var(--ink-faint);
        font: 0.55px var(--sans);
      }
    `,
  ];
}

customElements.define('activation-curve', ActivationCurve);

declare global {
  interface HTMLElementTagNameMap {
    'activation-curve': ActivationCurve;
  }
}
