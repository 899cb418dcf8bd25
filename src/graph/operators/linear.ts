import activationSource from '../../../shaders/activation.wgsl?raw';
import matmulSource from '../../../shaders/matmul.wgsl?raw';
import { InklingError } from '../../gpu/errors.ts';
import type { Constant } from '../../gpu/kernel.ts';
import { MAX_WORKGROUPS } from '../../gpu/recording.ts';
import type { Graph } from '../graph.ts';
import type { Tensor } from '../tensor.ts';

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

/** What a product does to its result; see matmul.wgsl. */
interface Finish {
  bias?: Tensor | undefined;
  residual?: Tensor | undefined;
  /** Applies the activation, and keeps its derivative where there is a place for it. */
  activate?: { activation: string; slope: Tensor | undefined } | undefined;
  /** Multiplies by the derivative that was kept. */
  slope?: Tensor | undefined;
  accumulate?: boolean;
  /** Column sums of `a`, for the bias's gradient. */
  dbias?: { dx: Tensor; accumulate: boolean } | undefined;
  idleBias?: readonly [from: number, to: number] | undefined;
}

/** Workgroups that keep every core of a processor busy. */
const ENOUGH_WORKGROUPS = 8;

/**
 * How a product is shared out: a thread owns tile x tile outputs, a workgroup has tx x ty threads. A GPU wants many
 * threads with small tiles; a processor few with large ones, and workgroups for every core even where the product is small.
 */
function shareOut(tile: number, M: number, N: number): { tx: number; ty: number; columns: number; rows: number } {
  const tx = tile === 4 ? 8 : 4;
  let ty = tx;
  const columns = Math.ceil(N / (tile * tx));
  while (tile > 4 && ty > 1 && columns * Math.ceil(M / (tile * ty)) < ENOUGH_WORKGROUPS) {
    ty /= 2;
  }
  return { tx, ty, columns, rows: Math.ceil(M / (tile * ty)) };
}

type Layout = 'NT' | 'NN' | 'TN';

/** out (M, N) = finish(a b), with a (M, K) or transposed (K, M), b (K, N) or transposed (N, K). */
function product(
  graph: Graph,
  layout: Layout,
  [M, N, K]: readonly [number, number, number],
  a: Tensor,
  b: Tensor,
  out: Tensor,
  finish: Finish,
): void {
  const A_TRANSPOSED = layout === 'TN';
  const B_TRANSPOSED = layout === 'NT';
  const A_WIDTH = A_TRANSPOSED ? M : K;
  const B_WIDTH = B_TRANSPOSED ? K : N;
  const kind = finish.activate?.activation;
  const kept = finish.activate?.slope;
  const tile = graph.traits.tile ?? 4;
  const { tx, ty, columns, rows } = shareOut(tile, M, N);
  const constants: Record<string, Constant> = {
    M,
    N,
    K,
    A_WIDTH,
    B_WIDTH,
    TILE: tile,
    VECTORS: tile / 4,
    TX: tx,
    TY: ty,
    A_TRANSPOSED,
    B_TRANSPOSED,
    A_VEC4: A_WIDTH % 4 === 0,
    B_VEC4: B_WIDTH % 4 === 0,
    OUT_VEC4: N % 4 === 0,
    BIAS: finish.bias !== undefined,
    RESIDUAL: finish.residual !== undefined,
    ACTIVATION: kind !== undefined,
    KEEP_SLOPE: kept !== undefined,
    DERIVATIVE: finish.slope !== undefined,
    ACCUMULATE: finish.accumulate === true,
    BIAS_GRADIENT: finish.dbias !== undefined,
    BIAS_ACCUMULATE: finish.dbias?.accumulate === true,
    IDLE_FROM: finish.idleBias?.[0] ?? 0,
    IDLE_TO: finish.idleBias?.[1] ?? 0,
    GELU: kind === 'gelu',
    GELU_TANH: kind === 'gelu_tanh',
    RELU: kind === 'relu',
  };
  if (columns > MAX_WORKGROUPS || rows > MAX_WORKGROUPS) {
    throw new InklingError(
      'too-large',
      `A product of ${M} x ${N} is more than one dispatch can hold.`,
      'Take a smaller batch.',
    );
  }
  const source = kind ? activationSource + matmulSource : matmulSource;
  graph.dispatch(
    { source, entry: 'matmul', constants },
    {
      a,
      b,
      ...(finish.bias && { bias: finish.bias }),
      ...(finish.residual && { residual: finish.residual }),
      ...(kept && { slope: kept }),
      ...(finish.slope && { saved_slope: finish.slope }),
      out,
      ...(finish.dbias && { dbias: finish.dbias.dx }),
    },
    [columns, rows, 1],
  );
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
  const bias = options.bias ?? undefined;
  const out = graph.tensor(`linear ${weight.name}`, [...x.shape.slice(0, -1), M]);
  const slope = activation && graph.training ? graph.tensor(`slope ${weight.name}`, out.shape) : undefined;
  const activate = activation ? { activation, slope } : undefined;
  product(graph, 'NT', [rows, M, K], x, weight, out, { bias, residual, activate });
  out.slope = slope;

  // For an activated result the rule receives dz: its consumer has multiplied by act'(z) already.
  graph.onBackward(out, (dout) => {
    const { dx, accumulate } = graph.gradientOf(x, true);
    if (x.slope && accumulate) {
      throw new InklingError('internal', `linear: ${x} is an activation and is read twice.`);
    }
    product(graph, 'NN', [rows, K, M], dout, weight, dx, { accumulate, slope: x.slope });
    const dweight = graph.gradientOf(weight);
    const dbias = bias && graph.gradientOf(bias);
    product(graph, 'TN', [M, K, rows], dout, x, dweight.dx, { accumulate: dweight.accumulate, dbias, idleBias });
    if (residual) {
      graph.handOn(residual, dout);
    }
  });
  return out;
}
