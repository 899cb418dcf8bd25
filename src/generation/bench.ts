import type { Device } from '../gpu/device.ts';
import { measureCopy, measureEmptyDispatch, median, timeDispatches } from '../gpu/measure.ts';
import { PARAMETERS } from '../graph/graph.ts';
import { Arena } from '../graph/program.ts';
import { traitsOf } from '../graph/traits.ts';
import type { GPTConfig } from '../model/config.ts';
import { initialParameters, layoutOf } from '../model/parameters.ts';
import { allocateDecoder, traceDecoder } from './decoder.ts';
import { Generator } from './generator.ts';
import { SAMPLING_DEFAULTS } from './options.ts';
import { keptTokens } from './window.ts';

/** Timed texts, and how long each should last at least. */
const TEXTS = 7;
const TEXT_MS = 500;

/** What writing costs on an adapter. Times in milliseconds. */
export interface GenerationTiming {
  parameters: number;
  /** Of a text that goes on and on: the window slides, and what stays of it is read again, within the time. */
  ms_per_character: number;
  characters_per_s: number;
  /**
   * The least that a character can take: the sum of the two below. Each dispatch waits for the one before it, so that
   * launching and reading do not overlap.
   */
  floor_ms_per_character: number;
  floor: { bytes_ms: number; dispatch_ms: number };
  /** A character by itself at the first and at the last position of the window, and attention's part of each. */
  position: { first_ms: number; last_ms: number; attention_first_ms: number; attention_last_ms: number };
  dispatches_per_character: number;
  bytes_per_character: number;
  gpu_bytes: number;
}

/** Bytes that must be read for a character: every weight that takes part once, and the keys and values of the window. */
export function bytesPerCharacter(config: GPTConfig, sequences: number): number {
  const { block_size: T, n_embd: C, n_layer, vocab_size: V, tied } = config;
  // One row of each embedding; a tied head reads all of wte.
  const idle = (T - 1) * C + (tied ? 0 : (V - 1) * C);
  const rows = (keptTokens(T) + T) / 2; // in the window, on average once it has slid
  return 4 * (layoutOf(config).count - idle) + 4 * 2 * n_layer * C * rows * sequences;
}

/** Times the writing of text with fresh weights: what is written does not change what it costs. */
export async function timeGeneration(device: Device, config: GPTConfig): Promise<GenerationTiming> {
  const layout = layoutOf(config);
  const arena = new Arena(device);
  const decoder = traceDecoder(config, layout, traitsOf(device));
  try {
    await allocateDecoder(device, arena, decoder);
    const parameters = await arena.named(PARAMETERS, layout.bytes);
    device.gpu.queue.writeBuffer(parameters, 0, await initialParameters(config, layout, 1));
    const generator = new Generator(device, arena, decoder);
    const { step: program } = await generator.prepare();
    const copy = await measureCopy(device);
    const empty = await measureEmptyDispatch(device);
    const ms_per_character = await timeText(generator);
    const step = program.dispatches.slice(0, -1); // without the draw, which would move on
    const attention = step.filter(({ label }) => label === 'attention_cached');
    const at = async (position: number) => {
      const state = new Uint32Array([position, position + 1, 0, 0]);
      device.gpu.queue.writeBuffer(arena.buffer(decoder.names.state), 0, state);
      return [await timeDispatches(device, step), await timeDispatches(device, attention)] as const;
    };
    const [first, last] = [await at(0), await at(config.block_size - 1)];
    generator.destroy();
    const bytes = bytesPerCharacter(config, decoder.sequences);
    // Measured on both sides: what else the machine did meanwhile must not lower what an adapter can reach.
    const bytes_ms = bytes / Math.max(copy, await measureCopy(device));
    const dispatches = generator.dispatchesPerToken;
    const dispatch_ms = dispatches * Math.min(empty, await measureEmptyDispatch(device));
    return {
      parameters: layout.count,
      ms_per_character,
      characters_per_s: 1000 / ms_per_character,
      floor_ms_per_character: bytes_ms + dispatch_ms,
      floor: { bytes_ms, dispatch_ms },
      position: {
        first_ms: first[0],
        last_ms: last[0],
        attention_first_ms: first[1],
        attention_last_ms: last[1],
      },
      dispatches_per_character: dispatches,
      bytes_per_character: bytes,
      gpu_bytes: arena.bytes,
    };
  } finally {
    arena.destroy();
  }
}

/** Milliseconds of a character within long texts, the median. The first text warms up and tells how long one should be. */
async function timeText(generator: Generator): Promise<number> {
  const write = async (length: number) => {
    const started = performance.now();
    for await (const _ of generator.generate([0], { ...SAMPLING_DEFAULTS, length }));
    return performance.now() - started;
  };
  const least = 4 * generator.decoder.config.block_size;
  await write(64);
  const ms = (await write(least)) / least;
  const length = Math.ceil(Math.max(least, TEXT_MS / ms));
  const times: number[] = [];
  while (times.length < TEXTS) {
    times.push((await write(length)) / length);
  }
  return median(times);
}
