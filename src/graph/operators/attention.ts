import commonSource from '../../../shaders/attention.wgsl?raw';
import quadsSource from '../../../shaders/attention_quads.wgsl?raw';
import rowsSource from '../../../shaders/attention_rows.wgsl?raw';
import tilesSource from '../../../shaders/attention_tiles.wgsl?raw';
import { InklingError } from '../../gpu/errors.ts';
import { type Constant, float } from '../../gpu/kernel.ts';
import type { Graph } from '../graph.ts';
import type { Tensor } from '../tensor.ts';
import { type Dropout, masked } from './dropout.ts';
import { LEAST_MEMORY } from './product-variants.ts';

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

/** Threads of one workgroup along the walked rows and along its own, where tiles are in workgroup memory. */
const TILE_THREADS = [8, 8] as const;
/** Rows that a thread owns there. */
const TILE_ROWS = 4;
/**
 * Workgroups that keep a GPU busy. Of tiles so large few fit into a multiprocessor at a time (an H200 has 48 KB for all of them, and
 * was half as quick with 3,072 workgroups), so they are for fewer, where what counts is how soon one is done.
 */
const ENOUGH_WORKGROUPS = 512;

/** More bytes than nearly every GPU gives a workgroup are not taken, so that attention adds up alike in all browsers on one of them. */
const MOST_TILE_BYTES = 32768;

type Entry = 'attention' | 'attention_backward_q' | 'attention_backward_kv';

/** How a kernel is shaped, and how many workgroups one head takes. */
interface Shape {
  source: string;
  constants: Record<string, Constant>;
  workgroups: number;
}

interface Sizes {
  T: number;
  heads: number;
  HS: number;
}

function byRows(T: number): Shape {
  const rows = Math.min(ROWS, 4 * Math.ceil(T / 4)); // whole quads
  return { source: rowsSource, constants: { ROWS: rows }, workgroups: Math.ceil(T / rows) };
}

/** More rows a thread read less often what they share; fewer give a GPU threads enough. */
function byQuads(entry: Entry, { T, heads, HS }: Sizes, { few, quads }: { few: boolean; quads: boolean }): Shape {
  const PARTS = HS / 16;
  const most = few ? MOST_VECTORS[entry] / 2 : MOST_VECTORS[entry];
  const fits = (rows: number) => rows * PARTS <= most && (heads * T * 4) / rows >= ENOUGH_THREADS;
  const rows = [4, 3, 2].find(fits) ?? 1;
  return {
    source: quadsSource,
    constants: { ROWS: rows, PAIRS: Math.ceil(rows / 2), PAIRED: !quads && rows > 1, PARTS, EARLY: PARTS <= 2 },
    workgroups: Math.ceil((4 * T) / (rows * QUAD_THREADS)),
  };
}

/** The largest power of two, up to 8, that divides a number, less one: what a tile's vectors are mixed by. */
const mixed = (vectors: number) => Math.min(8, vectors & -vectors) - 1;

/** Undefined where the tiles take more than so many bytes of workgroup memory, or there is more to do than they are good for. */
function byTiles(FORWARD: boolean, { T, heads, HS }: Sizes, memory: number): Shape | undefined {
  const [TX, TY] = TILE_THREADS;
  const HS4 = HS / 4;
  const OWN4 = (TY * TILE_ROWS) / 4;
  const [own, walked, pairs] = [4 * OWN4 * HS4, 4 * TX * HS4, 4 * TX * OWN4];
  const lengths = {
    OWN_K: own,
    WALKED_K: walked,
    WALKED_V: walked,
    P: pairs,
    EACH: FORWARD ? TX * OWN4 : 4 * Math.max(OWN4, TX),
    ...(!FORWARD && { OWN_V: own, DS: pairs }),
  };
  const places: Record<string, number> = {};
  let ALL = 0;
  for (const [name, length] of Object.entries(lengths)) {
    places[name] = ALL;
    ALL += length;
  }
  const GROUPS = Math.ceil(T / (4 * OWN4));
  if (16 * ALL > Math.min(memory, MOST_TILE_BYTES) || heads * GROUPS > ENOUGH_WORKGROUPS) return undefined;
  const PARTS = Math.ceil(HS4 / TX);
  const constants = {
    ...places,
    ALL,
    TX,
    TY,
    ROWS: TILE_ROWS,
    ROWS4: TILE_ROWS / 4,
    PARTS,
    KEPT: TILE_ROWS * PARTS,
    SWIZZLE: mixed(HS4),
    MIX: mixed(OWN4),
    GROUPS,
    FORWARD,
  };
  return { source: tilesSource, constants, workgroups: FORWARD ? GROUPS : 2 * GROUPS };
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
  const { sharedRows, fewRegisters = false, tiledRows, workgroupMemory = LEAST_MEMORY } = graph.traits;
  const shared = sharedRows !== undefined && HS % 16 === 0;
  const QUADS = shared ? sharedRows === 'quads' : graph.traits.quads === true;
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
    QUADS,
    TRAINING: graph.training,
    DROP: dropout !== undefined,
    OUT_HALF: out.dtype === 'f16',
  };
  const sizes = { T, heads: B * heads, HS };
  const tiled = (forward: boolean) =>
    tiledRows && HS % 4 === 0 ? byTiles(forward, sizes, workgroupMemory) : undefined;
  const untiled = (entry: Entry) => (shared ? byQuads(entry, sizes, { few: fewRegisters, quads: QUADS }) : byRows(T));
  const dispatch = (entry: string, shape: Shape, bindings: Record<string, Tensor>) => {
    const source = commonSource + shape.source;
    const drop = dropout && masked(source, dropout);
    graph.dispatch(
      { source: drop?.source ?? source, entry, constants: { ...constants, ...shape.constants, ...drop?.constants } },
      { ...bindings, ...drop?.bindings },
      [shape.workgroups, heads, B],
    );
  };
  const lse = graph.tensor('log-sum-exp', [B, heads, T]);
  dispatch('attention', tiled(true) ?? untiled('attention'), { qkv, out, ...(graph.training && { lse }) });

  graph.onBackward(out, (dout) => {
    const { dx: dqkv, accumulate } = graph.gradientOf(qkv);
    if (accumulate) {
      throw new InklingError('internal', `attention: ${qkv} is read twice.`);
    }
    const whole = tiled(false);
    if (whole) {
      dispatch('attention_backward', whole, { qkv, saved: out, saved_lse: lse, dout, dqkv });
      return;
    }
    const dots = graph.tensor('dots', lse.shape);
    const [q, kv] = ['attention_backward_q', 'attention_backward_kv'] as const;
    dispatch(q, untiled(q), { qkv, saved: out, saved_lse: lse, dout, dots, dqkv });
    dispatch(kv, untiled(kv), { qkv, saved_lse: lse, saved_dots: dots, dout, dqkv });
  });
  return out;
}
