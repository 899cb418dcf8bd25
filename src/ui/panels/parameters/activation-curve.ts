import { css, html, LitElement, svg } from 'lit';
import type { Activation } from '../../../model/config.ts';
import { ACTIVATIONS, PARAMETERS } from '../../strings/parameters.ts';
import { shared } from '../../styles.ts';
import { curveOf } from './curves.ts';

const REACH = 4;
const POINTS = 81;

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
    const points = Array.from({ length: POINTS }, (_, i) => {
      const x = -REACH + (2 * REACH * i) / (POINTS - 1);
      return `${x.toFixed(2)},${(-curveOf(this.activation, x)).toFixed(3)}`;
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
