import type { Numbers } from './arrays.ts';

const EPSILON = 1e-5;

/** x̂ = (x − mean) / √(variance + 1e-5) for each row of x [N, C], with the biased variance, and 1/√(...) beside it. */
function normalize(x: Numbers, C: number): { xhat: Float64Array; rstd: Float64Array } {
  const N = x.length / C;
  const xhat = new Float64Array(x.length);
  const rstd = new Float64Array(N);
  for (let n = 0; n < N; n++) {
    let mean = 0;
    for (let c = 0; c < C; c++) mean += x[n * C + c]! / C;
    let variance = 0;
    for (let c = 0; c < C; c++) variance += (x[n * C + c]! - mean) ** 2 / C;
    rstd[n] = 1 / Math.sqrt(variance + EPSILON);
    for (let c = 0; c < C; c++) xhat[n * C + c] = (x[n * C + c]! - mean) * rstd[n]!;
  }
  return { xhat, rstd };
}

/** out[n,c] = x̂[n,c] weight[c] + bias[c]; the width C is the weight's length. */
export function layerNorm(x: Numbers, weight: Numbers, bias: Numbers | null): Float64Array {
  const C = weight.length;
  return normalize(x, C).xhat.map((value, i) => value * weight[i % C]! + (bias ? bias[i % C]! : 0));
}

/**
 * With g = dout · weight: mean and variance both depend on x, so that
 * dx = rstd (g − mean(g) − x̂ mean(g x̂)), the means over the row.
 */
export function layerNormBackward(
  x: Numbers,
  weight: Numbers,
  dout: Numbers,
): { dx: Float64Array; dweight: Float64Array; dbias: Float64Array } {
  const C = weight.length;
  const N = x.length / C;
  const { xhat, rstd } = normalize(x, C);
  const dx = new Float64Array(N * C);
  const dweight = new Float64Array(C);
  const dbias = new Float64Array(C);
  for (let n = 0; n < N; n++) {
    let meanG = 0;
    let meanGX = 0;
    for (let c = 0; c < C; c++) {
      const i = n * C + c;
      dweight[c]! += dout[i]! * xhat[i]!;
      dbias[c]! += dout[i]!;
      meanG += (dout[i]! * weight[c]!) / C;
      meanGX += (dout[i]! * weight[c]! * xhat[i]!) / C;
    }
    for (let c = 0; c < C; c++) {
      const i = n * C + c;
      dx[i] = rstd[n]! * (dout[i]! * weight[c]! - meanG - xhat[i]! * meanGX);
    }
  }
  return { dx, dweight, dbias };
}
