import { type ActivationName, activate, activationSlope } from './activation.ts';
import type { Numbers } from './arrays.ts';

/** x is [N, C], the weight [M, C], the output [N, M]. */
export interface LinearShape {
  N: number;
  C: number;
  M: number;
}

export interface LinearOptions {
  /** [M] */
  bias?: Numbers | null | undefined;
  activation?: ActivationName | undefined;
  /** [N, M], added last. */
  residual?: Numbers | undefined;
}

/** x Wᵀ + bias, before the activation. */
function preActivation(x: Numbers, weight: Numbers, bias: Numbers | null | undefined, { N, C, M }: LinearShape) {
  const pre = new Float64Array(N * M);
  for (let n = 0; n < N; n++) {
    for (let m = 0; m < M; m++) {
      let total = bias ? bias[m]! : 0;
      for (let c = 0; c < C; c++) total += x[n * C + c]! * weight[m * C + c]!;
      pre[n * M + m] = total;
    }
  }
  return pre;
}

/** activation(x Wᵀ + bias) + residual. */
export function linear(x: Numbers, weight: Numbers, shape: LinearShape, options: LinearOptions = {}): Float64Array {
  const { bias, activation, residual } = options;
  const pre = preActivation(x, weight, bias, shape);
  return pre.map((z, i) => (activation ? activate(activation, z) : z) + (residual ? residual[i]! : 0));
}

/** With dz = dout · activation'(z): dx = dz W, dW = dzᵀ x, dbias = Σ over rows of dz; the residual's gradient is dout. */
export function linearBackward(
  x: Numbers,
  weight: Numbers,
  dout: Numbers,
  shape: LinearShape,
  { bias, activation }: LinearOptions = {},
): { dx: Float64Array; dweight: Float64Array; dbias: Float64Array; dresidual: Float64Array } {
  const { N, C, M } = shape;
  const pre = preActivation(x, weight, bias, shape);
  const dx = new Float64Array(N * C);
  const dweight = new Float64Array(M * C);
  const dbias = new Float64Array(M);
  for (let n = 0; n < N; n++) {
    for (let m = 0; m < M; m++) {
      const dz = dout[n * M + m]! * (activation ? activationSlope(activation, pre[n * M + m]!) : 1);
      dbias[m]! += dz;
      for (let c = 0; c < C; c++) {
        dx[n * C + c]! += dz * weight[m * C + c]!;
        dweight[m * C + c]! += dz * x[n * C + c]!;
      }
    }
  }
  return { dx, dweight, dbias, dresidual: Float64Array.from(dout) };
}
