import lanesSource from '../../../shaders/lanes.wgsl?raw';
import forwardSource from '../../../shaders/layer_norm.wgsl?raw';
import backwardSource from '../../../shaders/layer_norm_backward.wgsl?raw';
import { float } from '../../gpu/kernel.ts';
import { fold } from '../../gpu/recording.ts';
import type { Graph } from '../graph.ts';
import type { Tensor } from '../tensor.ts';
import { combine } from './combine.ts';
import { chunksOf, rowShape } from './rows.ts';

const source = lanesSource + forwardSource;
/** Kept apart from the forward pass, which pages that hold a model come with. */
const sourceOfBoth = source + backwardSource;

/** PyTorch's and GPT-2's default. */
export const LAYER_NORM_EPSILON = 1e-5;

/**
 * Layer normalisation over the last dimension. inp (..., C); weight (C); bias (C) or null. Returns inp's shape, to be read
 * by linear layers.
 */
export function layerNorm(graph: Graph, inp: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  const C = inp.shape.at(-1)!;
  const N = inp.size / C;
  const out = graph.operand(`layer_norm ${weight.name}`, inp.shape);
  const statistics = graph.tensor(`statistics ${weight.name}`, [N, 2]);
  const VEC4 = C % 4 === 0;
  const WIDTH = VEC4 ? C / 4 : C;
  const shape = rowShape(graph, WIDTH, N);
  const rowGroups = Math.ceil(N / shape.GROUPS);
  const constants = {
    N,
    C,
    WIDTH,
    VEC4,
    EPSILON: float(LAYER_NORM_EPSILON),
    BIAS: bias !== null,
    TRAINING: graph.training,
    OUT_HALF: out.dtype === 'f16',
    ...shape,
    OWN: Math.ceil(WIDTH / shape.LANES),
    RAGGED: WIDTH % shape.LANES !== 0,
  };
  graph.dispatch(
    { source, entry: 'layer_norm', constants },
    { inp, weight, ...(bias && { bias }), out, ...(graph.training && { statistics }) },
    fold(rowGroups),
  );

  graph.onBackward(out, (dout) => {
    // The residual stream's gradient is already in dinp when this norm's share is added to it.
    const { dx: dinp, accumulate } = graph.gradientOf(inp);
    const dweight = graph.gradientOf(weight);
    const dbias = bias && graph.gradientOf(bias);
    const chunks = chunksOf(graph, N, CHUNK);
    const columns = columnShape(graph, N, WIDTH, shape.LANES * shape.GROUPS, chunks);
    const columnGroups = Math.ceil(WIDTH / columns.COLUMN_GROUPS) * chunks;
    const parts = (of: Tensor) => (chunks > 1 ? graph.parts(of, chunks) : of);
    const gains = parts(dweight.dx);
    const shifts = dbias && parts(dbias.dx);
    graph.dispatch(
      {
        source: sourceOfBoth,
        entry: 'layer_norm_backward',
        constants: {
          ...constants,
          ...columns,
          COLUMN_WORKGROUPS: columnGroups,
          CHUNKS: chunks,
          CHUNK: Math.ceil(N / chunks),
          ACCUMULATE: accumulate,
          ACCUMULATE_PARAMETERS: chunks === 1 && dweight.accumulate,
        },
      },
      { inp, weight, saved: statistics, dout, dinp, dweight: gains, ...(shifts && { dbias: shifts }) },
      fold(rowGroups + columnGroups),
    );
    if (chunks > 1) {
      combine(
        graph,
        { parts: gains, out: dweight.dx, accumulate: dweight.accumulate },
        dbias && shifts ? { parts: shifts, out: dbias.dx, accumulate: dbias.accumulate } : undefined,
      );
    }
  });
  return out;
}

/** Rows of a chunk, where the sums over rows are split. */
const CHUNK = 256;
/** Of so many pieces that lie side by side, a GPU reads whole lines. */
const LINE = 16;

/**
 * How `threads` threads of a workgroup share out columns of N rows: as many a column as the adapter likes, at most N. Where a
 * column has one thread, which is at it for long, a workgroup has few, so that every core has some. Chunks are workgroups
 * enough, and there they read along the rows.
 */
function columnShape(graph: Graph, N: number, width: number, threads: number, chunks: number) {
  const most = chunks > 1 ? threads / Math.min(LINE, 2 ** Math.ceil(Math.log2(width)), threads) : threads;
  const COLUMN_LANES = Math.min(rowShape(graph, N).LANES, most);
  const REDUCE_COLUMNS = COLUMN_LANES > 1;
  const COLUMN_GROUPS = REDUCE_COLUMNS || chunks > 1 ? threads / COLUMN_LANES : Math.min(4, threads);
  return { COLUMN_LANES, COLUMN_GROUPS, REDUCE_COLUMNS };
}
