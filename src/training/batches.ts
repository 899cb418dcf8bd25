import drawSource from '../../shaders/draw_batch.wgsl?raw';
import randomSource from '../../shaders/random.wgsl?raw';
import { fold } from '../gpu/recording.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';

/** Name of the buffer that holds the packed corpus. */
export const CORPUS = 'corpus';

/** A stretch of the corpus, in tokens. */
export interface Region {
  first: number;
  length: number;
}

/** Tokens that share one u32 of the packed corpus. */
function tokensPerWord(vocab_size: number): number {
  return vocab_size <= 256 ? 4 : 2;
}

/** Packs token ids, 8 or 16 bits each, the first in the lowest bits. */
export function packTokens(ids: Uint32Array, vocab_size: number): Uint32Array<ArrayBuffer> {
  const perWord = tokensPerWord(vocab_size);
  const bits = 32 / perWord;
  const packed = new Uint32Array(Math.ceil(ids.length / perWord));
  for (let i = 0; i < ids.length; i++) {
    const word = Math.floor(i / perWord);
    packed[word] = packed[word]! | (ids[i]! << ((i % perWord) * bits));
  }
  return packed;
}

export interface BatchOptions {
  vocab_size: number;
  /** Tokens in the whole corpus. */
  length: number;
  region: Region;
  batch: number;
  context: number;
  /** Draws the same evenly spread windows each time: how many batches an evaluation has. Otherwise at random. */
  fixedBatches?: number;
  /** Rows that the step has drawn before, where it draws several batches. */
  firstRow?: number;
  /** Buffer that holds the two numbers of draw_batch.wgsl's Progress. */
  progress: string;
}

/** Appends the drawing of a batch from the resident corpus. Returns x and y, both (B, T). */
export function drawBatch(graph: Graph, options: BatchOptions): { x: Tensor; y: Tensor } {
  const { vocab_size, length, region, batch: B, context: T, fixedBatches } = options;
  const PER_WORD = tokensPerWord(vocab_size);
  const WINDOWS = region.length - T; // a window holds T + 1 tokens
  const STRIDE = fixedBatches ? Math.max(1, Math.floor((WINDOWS - 1) / Math.max(1, fixedBatches * B - 1))) : 1;
  const corpus = graph.region(CORPUS, 'corpus', [Math.ceil(length / PER_WORD)], 'u32');
  const progress = graph.region(options.progress, 'progress', [2], 'u32');
  const x = graph.tensor('tokens', [B, T], 'u32');
  const y = graph.tensor('targets', [B, T], 'u32');
  const constants = {
    B,
    T,
    FIRST: region.first,
    FIRST_ROW: options.firstRow ?? 0,
    WINDOWS,
    STRIDE,
    PER_WORD,
    FIXED: fixedBatches !== undefined,
  };
  const source = randomSource + drawSource;
  graph.dispatch({ source, entry: 'draw_batch', constants }, { corpus, progress, x, y }, fold(Math.ceil((B * T) / 64)));
  return { x, y };
}
