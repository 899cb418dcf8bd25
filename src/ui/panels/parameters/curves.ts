import type { Activation } from '../../../model/config.ts';

/** erf by Abramowitz and Stegun's 7.1.26: off by at most 1.5e-7, far below the width of a line. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(x) * (1 - series * Math.exp(-x * x));
}

/** What the kernel computes, to be drawn. */
export function curveOf(activation: Activation, x: number): number {
  switch (activation) {
    case 'gelu':
      return (x / 2) * (1 + erf(x / Math.SQRT2));
    case 'gelu_tanh':
      return (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
    case 'relu':
      return Math.max(0, x);
    default:
      return activation satisfies never;
  }
}
