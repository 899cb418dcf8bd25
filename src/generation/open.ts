import type { Device } from '../gpu/device.ts';
import { PARAMETERS } from '../graph/graph.ts';
import { Arena, requireFits } from '../graph/program.ts';
import { traitsOf } from '../graph/traits.ts';
import type { GPTConfig } from '../model/config.ts';
import { layoutOf } from '../model/parameters.ts';
import { dataOf, packingOf, type Weights } from '../model/quantization.ts';
import { allocateDecoder, traceDecoder } from './decoder.ts';
import { Generator } from './generator.ts';

/** A generator with memory of its own. */
export interface OpenGenerator {
  generator: Generator;
  /** Gives its memory back. */
  destroy(): void;
}

/**
 * Gives weights (the flat buffer, as `layoutOf` lays it out, or packed ones) a generator of `sequences` texts at once.
 *
 * Throws `too-large` or `out-of-memory`; then nothing stays allocated.
 */
export async function openGenerator(
  device: Device,
  config: GPTConfig,
  weights: Weights,
  sequences = 1,
): Promise<OpenGenerator> {
  const layout = layoutOf(config);
  const packing = packingOf(weights);
  const { bytes } = packing ?? layout;
  requireFits(device, bytes, `its ${layout.count.toLocaleString('en-US')} parameters`);
  const arena = new Arena(device);
  try {
    const decoder = traceDecoder(config, layout, traitsOf(device), { sequences, packing });
    await allocateDecoder(device, arena, decoder);
    device.gpu.queue.writeBuffer(await arena.named(PARAMETERS, bytes), 0, dataOf(weights));
    const generator = new Generator(device, arena, decoder);
    await generator.prepare();
    const destroy = () => {
      generator.destroy();
      arena.destroy();
    };
    return { generator, destroy };
  } catch (error) {
    arena.destroy();
    throw error;
  }
}
