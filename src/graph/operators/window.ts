import attentionSource from '../../../shaders/attention_cached.wgsl?raw';
import drawSource from '../../../shaders/draw_token.wgsl?raw';
import lanesSource from '../../../shaders/lanes.wgsl?raw';
import tableSource from '../../../shaders/table_rows.wgsl?raw';
import windowSource from '../../../shaders/window.wgsl?raw';
import { float } from '../../gpu/kernel.ts';
import { fold } from '../../gpu/recording.ts';
import type { Graph } from '../graph.ts';
import type { Tensor } from '../tensor.ts';
import { readTables } from './packed.ts';
import { rowShape } from './rows.ts';

/** Numbers of a sequence's state: the position of the next row in the window, the tokens so far, the window's first. */
export const STATE_NUMBERS = 4;

/** What stays on the GPU while B sequences are written; see window.wgsl. */
export interface WindowTensors {
  /** (B, STATE_NUMBERS) of u32. */
  state: Tensor;
  /** (B, T) of u32: the last T tokens of each sequence, token n at n % T. */
  history: Tensor;
}

/**
 * Token plus position embedding of the next R rows of each window. wte (V, C); wpe (T, C). Returns (B, R, C).
 */
export function embedWindow(graph: Graph, windows: WindowTensors, rows: number, wte: Tensor, wpe: Tensor): Tensor {
  const [B, T] = windows.history.shape as [number, number];
  const C = wte.shape[1]!;
  const out = graph.tensor('embedding', [B, rows, C]);
  const { source, bindings, constants, WIDTH } = readTables(wte, wpe);
  graph.dispatch(
    { source: source + windowSource, entry: 'embed_window', constants: { B, R: rows, T, ...constants } },
    { ...windows, ...bindings, out },
    fold(Math.ceil((B * rows * WIDTH) / 64)),
  );
  return out;
}

/** Counts R rows of each window as read; its last one is left for the step that draws what follows it. */
export function advance(graph: Graph, { state, history }: WindowTensors, rows: number): void {
  const [B, T] = history.shape as [number, number];
  graph.dispatch(
    {
      source: tableSource + windowSource,
      entry: 'advance',
      constants: { B, R: rows, T, WIDTH: 1, VEC4: false, PACKED: false },
    },
    { next_state: state },
    [Math.ceil(B / 64), 1, 1],
  );
}

/** Keys and values (B, heads, T, HS) of the rows that a layer has seen. */
export interface Cache {
  keys: Tensor;
  values: Tensor;
}

/**
 * Causal multi-head self-attention of new rows over the window, whose earlier rows are in the cache; puts the new ones'
 * keys and values there. qkv (B, R, 3 C) as `attention` takes it. Returns (B, R, C). Forward only.
 */
export function cachedAttention(graph: Graph, qkv: Tensor, state: Tensor, { keys, values }: Cache): Tensor {
  const [B, R, width] = qkv.shape as [number, number, number];
  const [, NH, T, HS] = keys.shape as [number, number, number, number];
  const C = width / 3;
  const out = graph.tensor('attention', [B, R, C]);
  const QUERIES = B * NH * R;
  // four keys at a time
  const shape = rowShape(graph, Math.ceil(T / 4));
  const constants = {
    R,
    T,
    C,
    NH,
    HS,
    HS4: Math.ceil(HS / 4),
    QUERIES,
    SCALE: float(1 / Math.sqrt(HS)),
    VEC4: HS % 4 === 0,
    ...shape,
    // where a query has one thread, workgroups of few, so that every core has some
    ...(shape.LANES === 1 && { GROUPS: 4 }),
  };
  graph.dispatch(
    { source: lanesSource + attentionSource, entry: 'attention_cached', constants },
    { qkv, keys, values, out, state },
    fold(Math.ceil(QUERIES / constants.GROUPS)),
  );
  return out;
}

export interface DrawTensors extends WindowTensors {
  /** The six numbers of draw_token.wgsl's Options. */
  options: Tensor;
  /** (B, V) of u32: 1 + the number of each token's last occurrence in each sequence. */
  latest: Tensor;
  /** (ring, B, RECORD_NUMBERS) of u32: the record of token n of sequence b is put at [n % ring, b]. */
  drawn: Tensor;
}

/** The likeliest tokens that are recorded of each draw. */
export const ALTERNATIVES = 5;
/** Numbers of a draw's record in `drawn`: the token, two probabilities, the likeliest tokens and theirs. */
export const RECORD_NUMBERS = 3 + 2 * ALTERNATIVES;

/** A vocabulary that deserves a whole workgroup's threads. */
const LARGE_VOCABULARY = 1024;

/**
 * Draws a token after each sequence and moves the sequences on; a full window slides and keeps its last `keep` tokens.
 * logits (B, 1, V). Returns the weights (B, V) that the tokens were drawn with, zero for those that were cut off; they mean
 * nothing at temperature 0.
 */
export function drawToken(graph: Graph, logits: Tensor, tensors: DrawTensors, keep: number): Tensor {
  const [B, T] = tensors.history.shape as [number, number];
  const V = logits.shape.at(-1)!;
  const { lanes } = graph.traits;
  const LANES = lanes > 1 && V > LARGE_VOCABULARY ? 256 : rowShape(graph, V).LANES;
  const weights = graph.tensor('weights', [B, V]);
  const RING = tensors.drawn.shape[0]!;
  const constants = {
    ...{ B, V, T, KEEP: keep, RING, TOP: ALTERNATIVES, RECORD: RECORD_NUMBERS },
    ...{ LANES, GROUPS: 1, CHUNK: Math.ceil(V / LANES), REDUCE: LANES > 1 },
  };
  graph.dispatch(
    { source: lanesSource + drawSource, entry: 'draw_token', constants },
    { logits, ...tensors, weights },
    [B, 1, 1],
  );
  return weights;
}
