import embeddingSource from '../../../shaders/embedding.wgsl?raw';
import { fold } from '../../gpu/recording.ts';
import type { Graph } from '../graph.ts';
import type { Tensor } from '../tensor.ts';
import { combine } from './combine.ts';
import { readTables } from './packed.ts';
import { chunksOf } from './rows.ts';

/** Tokens that a thread looks at, where there are many. */
const CHUNK = 64;
/** Numbers that all chunks together may leave. */
const MOST_PARTS = 2 ** 22;

/**
 * Token plus position embedding.
 *
 * tokens (B, T) of u32 below V; wte (V, C); wpe (T_max, C) with T_max ≥ T. Returns (B, T, C).
 */
export function embedding(graph: Graph, tokens: Tensor, wte: Tensor, wpe: Tensor): Tensor {
  const [B, T] = tokens.shape as [number, number];
  const [V, C] = wte.shape as [number, number];
  const T_MAX = wpe.shape[0]!;
  const out = graph.tensor('embedding', [B, T, C]);
  const { source: rows, bindings, constants: reading, WIDTH } = readTables(wte, wpe);
  const source = rows + embeddingSource;
  const SCATTER = graph.traits.lanes === 1;
  const chunks = Math.max(1, Math.min(chunksOf(graph, B * T, CHUNK), Math.floor(MOST_PARTS / (V * C))));
  const GATHERERS = SCATTER ? 1 : chunks * V;
  const sizes = { B, T, T_MAX, V, ...reading, SCATTER, GATHERERS, CHUNK: Math.ceil((B * T) / chunks) };
  const constants = { ...sizes, DWTE_ACCUMULATE: false, DWPE_ACCUMULATE: false };
  graph.dispatch(
    { source, entry: 'embedding', constants },
    { tokens, ...bindings, out },
    fold(Math.ceil((B * T * WIDTH) / 64)),
  );

  graph.onBackward(out, (dout) => {
    const dwte = graph.gradientOf(wte);
    const dwpe = graph.gradientOf(wpe);
    const parts = chunks > 1 ? graph.parts(dwte.dx, chunks) : dwte.dx;
    graph.dispatch(
      {
        source,
        entry: 'embedding_backward',
        constants: { ...sizes, DWTE_ACCUMULATE: chunks === 1 && dwte.accumulate, DWPE_ACCUMULATE: dwpe.accumulate },
      },
      { tokens, dout, dwte: parts, dwpe: dwpe.dx },
      fold(Math.ceil(((GATHERERS + T_MAX) * WIDTH) / 16)),
    );
    if (chunks > 1) combine(graph, { parts, out: dwte.dx, accumulate: dwte.accumulate });
  });
  return out;
}
