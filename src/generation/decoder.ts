import type { Device } from '../gpu/device.ts';
import { Graph, type KernelTraits, PARAMETERS } from '../graph/graph.ts';
import {
  advance,
  type Cache,
  cachedAttention,
  type DrawTensors,
  drawToken,
  embedWindow,
  RECORD_NUMBERS,
  STATE_NUMBERS,
} from '../graph/operators/window.ts';
import type { PackedLayout } from '../graph/packed.ts';
import type { ParameterLayout } from '../graph/parameters.ts';
import { type Arena, requireFits } from '../graph/program.ts';
import { prune } from '../graph/prune.ts';
import type { GPTConfig } from '../model/config.ts';
import { gptReading } from '../model/gpt.ts';
import { keptTokens } from './window.ts';

/** Tokens that the GPU remembers for the CPU to fetch: more than are ever in flight. A power of two. */
export const DRAWN_RING = 1024;
/** Numbers of draw_token.wgsl's Options. */
export const OPTION_NUMBERS = 6;
/** The most rows that are read at a time. */
const MOST_ROWS = 64;

/**
 * A model that writes, for B sequences at once: what it computes and the buffers in which it remembers, all on the GPU.
 *
 * `step` reads the last token of each window and draws the next one. `readRow` and `readRows` only fill the cache: with
 * the next row of each window, or with the next `rows` at once.
 */
export interface Decoder {
  readonly config: GPTConfig;
  /** B. */
  readonly sequences: number;
  readonly rows: number;
  readonly step: Graph;
  readonly readRow: Graph;
  readonly readRows: Graph;
  /** Names of its buffers in the arena, with their bytes. */
  readonly buffers: ReadonlyMap<string, number>;
  readonly names: { state: string; history: string; options: string; latest: string; drawn: string };
}

// Every WebGPU device can bind a buffer from a multiple of 256 bytes on.
const aligned = (bytes: number) => Math.ceil(bytes / 256) * 256;

interface DecoderOptions {
  /** Tells its buffers from those of other decoders in the same arena. */
  name?: string;
  /** Texts at once. */
  sequences?: number;
  /** The buffer of the weights that it writes with. */
  weights?: string;
  /** How these lie there, where they are packed. */
  packing?: PackedLayout | undefined;
}

/** Traces a decoder. */
export function traceDecoder(
  config: GPTConfig,
  layout: ParameterLayout,
  traits: KernelTraits,
  { name = 'generation', sequences: B = 1, weights = PARAMETERS, packing }: DecoderOptions = {},
): Decoder {
  const { block_size: T, vocab_size: V, n_layer, n_head, n_embd: C } = config;
  const names = {
    state: `${name} state`,
    history: `${name} history`,
    options: `${name} options`,
    latest: `${name} latest`,
    drawn: `${name} drawn`,
  };
  const cacheName = (layer: number) => `${name} cache ${layer}`;
  const half = 4 * B * T * C; // bytes of a layer's keys, and of its values
  const buffers = new Map([
    [names.state, 4 * B * STATE_NUMBERS],
    [names.history, 4 * B * T],
    [names.options, 4 * OPTION_NUMBERS],
    [names.latest, 4 * B * V],
    [names.drawn, 4 * B * DRAWN_RING * RECORD_NUMBERS],
    ...Array.from({ length: n_layer }, (_, layer) => [cacheName(layer), aligned(half) + half] as const),
  ]);

  const trace = (rows: number, draws: boolean): Graph => {
    const graph = new Graph(layout, traits, false, weights, packing);
    const tensors: DrawTensors = {
      state: graph.region(names.state, 'state', [B, STATE_NUMBERS], 'u32'),
      history: graph.region(names.history, 'history', [B, T], 'u32'),
      options: graph.region(names.options, 'options', [OPTION_NUMBERS]),
      latest: graph.region(names.latest, 'latest', [B, V], 'u32'),
      drawn: graph.region(names.drawn, 'drawn', [DRAWN_RING, B, RECORD_NUMBERS], 'u32'),
    };
    const window = { state: tensors.state, history: tensors.history };
    const cache = (layer: number): Cache => {
      const part = (what: string, offset: number) =>
        graph.region(cacheName(layer), `${what} ${layer}`, [B, n_head, T, C / n_head], 'f32', offset);
      return { keys: part('keys', 0), values: part('values', aligned(half)) };
    };
    const logits = gptReading(graph, config, {
      embed: (wte, wpe) => embedWindow(graph, window, rows, wte, wpe),
      attend: (qkv, layer) => cachedAttention(graph, qkv, tensors.state, cache(layer)),
    });
    if (draws) {
      drawToken(graph, logits, tensors, keptTokens(T));
    } else {
      advance(graph, window, rows);
      prune(graph); // the head, and what follows the last layer's keys and values
    }
    return graph;
  };

  const rows = Math.min(MOST_ROWS, keptTokens(T));
  return {
    config,
    sequences: B,
    rows,
    step: trace(1, true),
    readRow: trace(1, false),
    readRows: trace(rows, false),
    buffers,
    names,
  };
}

/** Plans a decoder's graphs and creates its buffers. */
export async function allocateDecoder(device: Device, arena: Arena, decoder: Decoder): Promise<void> {
  for (const graph of [decoder.step, decoder.readRow, decoder.readRows]) {
    arena.plan(graph);
  }
  for (const [name, bytes] of decoder.buffers) {
    requireFits(device, bytes, `${name} does`);
    await arena.named(name, bytes);
  }
}
