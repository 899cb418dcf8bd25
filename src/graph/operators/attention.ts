import commonSource from '../../../shaders/attention.wgsl?raw';
import quadsSource from '../../../shaders/attention_quads.wgsl?raw';
import rowsSource from '../../../shaders/attention_rows.wgsl?raw';
import { InklingError } from '../../gpu/errors.ts';
import { type Constant, float } from '../../gpu/kernel.ts';
import type { Graph } from '../graph.ts';
import type { Tensor } from '../tensor.ts';
import { type Dropout, masked } from './dropout.ts';

/** Rows of one workgroup, where a thread has one; all belong to one head. */
const ROWS = 64;

/** Threads of one workgroup, where four share what they have. */
const QUAD_THREADS = 64;
/** Threads that keep a GPU busy. */
const ENOUGH_THREADS = 2 ** 16;
/**
 * Vectors of rows that a thread may keep, for each array that it keeps: two in the forward pass, three or four in the backward.
 * Half as many where there are few registers.
 */
const MOST_VECTORS = { attention: 16, attention_backward_q: 12, attention_backward_kv: 8 };

/** How a kernel is shaped, and how many workgroups one head takes. */
interface Shape {
  constants: Record<string, Constant>;
  workgroups: number;
}

function byRows(T: number): Shape {
  const rows = Math.min(ROWS, 4 * Math.ceil(T / 4)); // whole quads
  return { constants: { ROWS: rows }, workgroups: Math.ceil(T / rows) };
}

/** More rows a thread read less often what they share; fewer give a GPU threads enough. */
function byQuads(
  entry: keyof typeof MOST_VECTORS,
  { T, heads, HS }: { T: number; heads: number; HS: number },
  { few, quads }: { few: boolean; quads: boolean },
): Shape {
  const PARTS = HS / 16;
  const most = few ? MOST_VECTORS[entry] / 2 : MOST_VECTORS[entry];
  const fits = (rows: number) => rows * PARTS <= most && (heads * T * 4) / rows >= ENOUGH_THREADS;
  const rows = [4, 3, 2].find(fits) ?? 1;
  return {
    constants: { ROWS: rows, PAIRS: Math.ceil(rows / 2), PAIRED: !quads && rows > 1, PARTS, EARLY: PARTS <= 2 },
    workgroups: Math.ceil((4 * T) / (rows * QUAD_THREADS)),
  };
}

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
  const { sharedRows, fewRegisters = false } = graph.traits;
  const shared = sharedRows !== undefined && HS % 16 === 0;
  const source = commonSource + (shared ? quadsSource : rowsSource);
  const drop = dropout && masked(source, dropout);
  const out = graph.operand('attention', [B, T, C]);
  const constants = {
    B,
    T,
    C,
    NH: heads,
    HS,
    HS4: Math.ceil(HS / 4),
    SCALE: float(1 / Math.sqrt(HS)),
    VEC4: HS % 4 === 0,
    QUADS: shared ? sharedRows === 'quads' : graph.traits.quads === true,
    TRAINING: graph.training,
    DROP: dropout !== undefined,
    OUT_HALF: out.dtype === 'f16',
    ...drop?.constants,
  };
  const code = drop?.source ?? source;
  const dispatch = (entry: keyof typeof MOST_VECTORS, bindings: Record<string, Tensor>) => {
    const shape = shared
      ? byQuads(entry, { T, heads: B * heads, HS }, { few: fewRegisters, quads: constants.QUADS })
      : byRows(T);
    graph.dispatch(
      { source: code, entry, constants: { ...constants, ...shape.constants } },
      { ...bindings, ...drop?.bindings },
      [shape.workgroups, heads, B],
    );
  };
  const lse = graph.tensor('log-sum-exp', [B, heads, T]);
  dispatch('attention', { qkv, out, ...(graph.training && { lse }) });

  graph.onBackward(out, (dout) => {
    const { dx: dqkv, accumulate } = graph.gradientOf(qkv);
    if (accumulate) {
      throw new InklingError('internal', `attention: ${qkv} is read twice.`);
    }
    const dots = graph.tensor('dots', lse.shape);
    dispatch('attention_backward_q', { qkv, saved: out, saved_lse: lse, dout, dots, dqkv });
    dispatch('attention_backward_kv', { qkv, saved_lse: lse, saved_dots: dots, dout, dqkv });
  });
  return out;
}
