export type ActivationName = 'gelu' | 'gelu_tanh' | 'relu';

/**
 * The error function, to about 1e-15.
 *
 * Below 3: erf x = 2/√π e^(−x²) Σ 2ⁿ x^(2n+1) / (1·3·5···(2n+1)), all of whose terms have one sign.
 * From 3 on: 1 − erfc x, with the continued fraction erfc x = e^(−x²)/√π · 1/(x + (1/2)/(x + (2/2)/(x + (3/2)/(x + ...
 */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a >= 3) {
    let tail = a;
    for (let n = 60; n >= 1; n--) tail = a + n / 2 / tail;
    return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / tail);
  }
  let term = x;
  let total = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(total); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}

/** GELU x Φ(x), its tanh approximation, or max(0, x). */
export function activate(kind: ActivationName, x: number): number {
  switch (kind) {
    case 'gelu':
      return 0.5 * x * (1 + erf(x / Math.SQRT2));
    case 'gelu_tanh':
      return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
    case 'relu':
      return Math.max(0, x);
  }
}

/** Derivative of `activate`; that of ReLU is 0 at 0, as in PyTorch. */
export function activationSlope(kind: ActivationName, x: number): number {
  switch (kind) {
    case 'gelu':
      // (x Φ)' = Φ + x φ
      return 0.5 * (1 + erf(x / Math.SQRT2)) + (x * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI);
    case 'gelu_tanh': {
      const t = Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3));
      const inner = Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
      return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner;
    }
    case 'relu':
      return x > 0 ? 1 : 0;
  }
}
