import drawSource from '../../shaders/draw_batch.wgsl?raw';
import randomSource from '../../shaders/random.wgsl?raw';
import { arrived } from '../gpu/arrival.ts';
import type { Device } from '../gpu/device.ts';
import { InklingError } from '../gpu/errors.ts';
import { fold } from '../gpu/recording.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import { allocateIds, type TokenIds } from '../text/corpus.ts';

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

/** Bytes of a packed corpus. */
export function corpusBytes(length: number, vocab_size: number): number {
  return 4 * Math.ceil(length / tokensPerWord(vocab_size));
}

/** Refuses a corpus that the adapter cannot bind as one buffer. Throws `too-large`. */
export function requireCorpusFits(device: Device, length: number, vocab_size: number): void {
  if (vocab_size > MOST_TOKENS) {
    const [known, most] = [vocab_size, MOST_TOKENS].map((number) => number.toLocaleString('en-US'));
    throw new InklingError(
      'too-large',
      `The model knows ${known} different tokens, and a run can have ${most}: its text lies on the GPU with 16 bits a token.`,
      'Train a model with a smaller vocabulary; this one can be evaluated, and writes.',
    );
  }
  const { maxBufferSize, maxStorageBufferBindingSize } = device.gpu.limits;
  const most = Math.min(maxBufferSize, maxStorageBufferBindingSize);
  if (corpusBytes(length, vocab_size) > most) {
    const tokens = (most / 4) * tokensPerWord(vocab_size);
    throw new InklingError(
      'too-large',
      `The text is too large for ${device.name}: it has ${length.toLocaleString('en-US')} characters, and with ${vocab_size - 1} different ones the adapter holds ${tokens.toLocaleString('en-US')}.`,
      'Take a part of the text.',
    );
  }
}

/** As many as 16 bits tell apart. */
const MOST_TOKENS = 2 ** 16;

/** Tokens that are packed at a time: the most that is ever copied. */
const SLICE = 2 ** 22;

/**
 * Uploads the parts of a corpus one after another: 8 or 16 bits a token, the first in a word's lowest bits. That is how
 * arrays of bytes and of 16-bit numbers lie in memory, for WebGPU runs on little-endian machines only.
 */
export async function uploadCorpus(
  { gpu }: Device,
  buffer: GPUBuffer,
  parts: readonly TokenIds[],
  vocab_size: number,
): Promise<void> {
  const { queue } = gpu;
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const slice = allocateIds(Math.min(SLICE, Math.ceil(length / 4) * 4), vocab_size);
  let filled = 0;
  let offset = 0;
  for (const part of parts) {
    for (let from = 0; from < part.length; ) {
      const taken = Math.min(slice.length - filled, part.length - from);
      slice.set(part.subarray(from, from + taken), filled);
      from += taken;
      filled += taken;
      if (filled === slice.length) {
        queue.writeBuffer(buffer, offset, slice);
        offset += slice.byteLength;
        filled = 0;
        await arrived(gpu, queue.onSubmittedWorkDone()); // so that the driver's own copies do not pile up
      }
    }
  }
  if (filled > 0) {
    const perWord = tokensPerWord(vocab_size);
    queue.writeBuffer(buffer, offset, slice, 0, Math.ceil(filled / perWord) * perWord);
  }
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
