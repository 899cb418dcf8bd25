import source from '../../../shaders/attention.wgsl?raw';
import { InklingError } from '../../gpu/errors.ts';
import { float } from '../../gpu/kernel.ts';
import type { Workgroups } from '../../gpu/recording.ts';
import type { Graph } from '../graph.ts';
import type { Tensor } from '../tensor.ts';
import { type Dropout, masked } from './dropout.ts';

/** Rows of one workgroup; all belong to one head. */
const ROWS = 64;

/**
 * Causal multi-head self-attention. qkv (B, T, 3 C), query, key and value packed in this order, head h in the channels
 * h * HS to (h + 1) * HS of each. With `dropout`, of the probabilities. Returns (B, T, C), to be read by linear layers.
 */
export function attention(graph: Graph, qkv: Tensor, heads: number, dropout?: Dropout): Tensor {
  const [B, T, width] = qkv.shape as [number, number, number];
  const C = width / 3;
  const HS = C / heads;
  if (!Number.isInteger(HS)) {
    throw new InklingError('internal', `attention: ${qkv} does not split into ${heads} heads.`);
  }
  const drop = dropout && masked(source, dropout);
  const out = graph.operand('attention', [B, T, C]);
  const constants = {
    B,
    T,
    C,
    NH: heads,
    HS,
    HS4: Math.ceil(HS / 4),
    ROWS: Math.min(ROWS, 4 * Math.ceil(T / 4)), // whole quads
    SCALE: float(1 / Math.sqrt(HS)),
    VEC4: HS % 4 === 0,
    QUADS: graph.traits.quads === true,
    TRAINING: graph.training,
    DROP: dropout !== undefined,
    OUT_HALF: out.dtype === 'f16',
    ...drop?.constants,
  };
  const code = drop?.source ?? source;
  const workgroups: Workgroups = [Math.ceil(T / constants.ROWS), heads, B];
  const lse = graph.tensor('log-sum-exp', [B, heads, T]);
  graph.dispatch(
    { source: code, entry: 'attention', constants },
    { qkv, out, ...(graph.training && { lse }), ...drop?.bindings },
    workgroups,
  );

  graph.onBackward(out, (dout) => {
    const { dx: dqkv, accumulate } = graph.gradientOf(qkv);
    if (accumulate) {
      throw new InklingError('internal', `attention: ${qkv} is read twice.`);
    }
    const dots = graph.tensor('dots', lse.shape);
    graph.dispatch(
      { source: code, entry: 'attention_backward_q', constants },
      { qkv, saved: out, saved_lse: lse, dout, dots, dqkv, ...drop?.bindings },
      workgroups,
    );
    graph.dispatch(
      { source: code, entry: 'attention_backward_kv', constants },
      { qkv, saved_lse: lse, saved_dots: dots, dout, dqkv, ...drop?.bindings },
      workgroups,
    );
  });
  return out;
}
