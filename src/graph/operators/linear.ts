import { InklingError } from '../../gpu/errors.ts';
import type { Graph } from '../graph.ts';
import type { Tensor } from '../tensor.ts';
import { FEW_ROWS, matvec } from './matvec.ts';
import { product, twoProducts } from './product.ts';

export interface LinearOptions {
  /** (M), added to every row. */
  bias?: Tensor | null;
  /** `gelu`, `gelu_tanh` or `relu`, applied last. Its result may only be read by another linear layer. */
  activation?: string;
  /** The part [from, to) of the bias that cannot change the loss: its gradient is written as exactly zero. Summed up it
   * would be rounding noise, which Adam scales to steps of full size. */
  idleBias?: readonly [from: number, to: number];
  /** Same shape as the result, added to it. Not together with an activation. */
  residual?: Tensor;
}

/**
 * A linear layer, y = act(x W^T + bias) or x W^T + bias + residual.
 *
 * x (..., K); weight (M, K) as PyTorch keeps it; returns (..., M).
 *
 * Backward: dx = dy W, dW = dy^T x, dbias = column sums of dy, dresidual = dy itself. Where x is an activation
 * act(z), the product for dx is multiplied by act'(z) before it is written, so what is written is dz, and the linear
 * layer that made x starts from that: an activation costs no dispatch of its own in either direction.
 */
export function linear(graph: Graph, x: Tensor, weight: Tensor, options: LinearOptions = {}): Tensor {
  const [M, K] = weight.shape as [number, number];
  const rows = x.size / K;
  if (x.shape.at(-1) !== K) {
    throw new InklingError('internal', `linear: ${x} does not fit ${weight}.`);
  }
  const { activation, residual, idleBias } = options;
  if (activation && residual) {
    throw new InklingError('internal', `linear ${weight.name}: an activation and a residual exclude each other.`);
  }
  if (!graph.training && rows <= FEW_ROWS) {
    return matvec(graph, x, weight, options);
  }
  const bias = options.bias ?? undefined;
  // An activation is read by linear layers only.
  const shape = [...x.shape.slice(0, -1), M];
  const name = `linear ${weight.name}`;
  const out = activation ? graph.operand(name, shape) : graph.tensor(name, shape);
  const matrix = graph.readByProducts(weight);
  const slope = activation && graph.training ? graph.tensor(`slope ${weight.name}`, out.shape) : undefined;
  const activate = activation ? { activation, slope } : undefined;
  const finish = { bias, residual, activate };
  product(graph, { layout: 'NT', shape: [rows, M, K], a: x, b: matrix, out, finish });
  out.slope = slope;

  // For an activated result the rule receives dz: its consumer has multiplied by act'(z) already.
  graph.onBackward(out, (dout) => {
    const { dx, accumulate } = graph.gradientOf(x, true);
    if (x.slope && accumulate) {
      throw new InklingError('internal', `linear: ${x} is an activation and is read twice.`);
    }
    const dweight = graph.gradientOf(weight);
    const dbias = bias && graph.gradientOf(bias);
    const sums = { accumulate: dweight.accumulate, dbias, idleBias };
    // the longer sums first, so that no core is left with one of them at the end
    twoProducts(
      graph,
      { layout: 'TN', shape: [M, K, rows], a: dout, b: x, out: dweight.dx, finish: sums },
      { layout: 'NN', shape: [rows, K, M], a: dout, b: matrix, out: dx, finish: { accumulate, slope: x.slope } },
    );
    if (residual) {
      graph.handOn(residual, dout);
    }
  });
  return out;
}
