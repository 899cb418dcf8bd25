import type { Numbers } from './arrays.ts';

/**
 * Gradient of `f` with respect to every element of `at`, by the five-point stencil
 * (−f(x+2h) + 8 f(x+h) − 8 f(x−h) + f(x−2h)) / 12h, whose error falls as h⁴.
 *
 * `f` gets a changed copy of `at`, which it must not keep.
 */
export function numericalGradient(f: (x: Float64Array) => number, at: Numbers, h = 1e-3): Float64Array {
  const x = Float64Array.from(at);
  return Float64Array.from({ length: x.length }, (_, i) => {
    const centre = x[i]!;
    const value = (offset: number) => {
      x[i] = centre + offset;
      return f(x);
    };
    const slope = (8 * (value(h) - value(-h)) - (value(2 * h) - value(-2 * h))) / (12 * h);
    x[i] = centre;
    return slope;
  });
}
