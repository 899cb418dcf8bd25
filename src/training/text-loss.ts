import type { Device } from '../gpu/device.ts';
import { InklingError } from '../gpu/errors.ts';
import { Graph, PARAMETERS } from '../graph/graph.ts';
import { crossEntropy } from '../graph/operators/cross-entropy.ts';
import { Arena, requireFits } from '../graph/program.ts';
import { traitsOf } from '../graph/traits.ts';
import type { GPTConfig } from '../model/config.ts';
import { gpt } from '../model/gpt.ts';
import { layoutOf } from '../model/parameters.ts';
import { dataOf, packingOf, type Weights } from '../model/quantization.ts';
import type { TokenIds } from '../text/corpus.ts';

/** Tokens that are predicted at a time. */
const BATCH_TOKENS = 1024;

/**
 * How well a model predicts a text: the mean loss in nats over every token but the first.
 *
 * The text is cut into consecutive windows of block_size + 1 tokens that share one token, the last one shorter, so that
 * each of these tokens is predicted once, from the start of its window on. `weights` is the flat buffer, or packed.
 *
 * Throws `short-text` for fewer than two tokens, `too-large` or `out-of-memory`.
 */
export async function textLoss(device: Device, config: GPTConfig, weights: Weights, ids: TokenIds): Promise<number> {
  const predicted = ids.length - 1;
  if (predicted < 1) {
    throw new InklingError(
      'short-text',
      'A text of fewer than two characters leaves nothing to predict.',
      'Choose a longer text.',
    );
  }
  const T = config.block_size;
  const windows = Math.ceil(predicted / T);
  const B = Math.max(1, Math.min(windows, Math.floor(BATCH_TOKENS / T)));
  const layout = layoutOf(config);
  const packing = packingOf(weights);
  const { bytes } = packing ?? layout;
  requireFits(device, bytes, `its ${layout.count.toLocaleString('en-US')} parameters`);
  const graph = new Graph(layout, traitsOf(device), false, PARAMETERS, packing);
  const x = graph.input('x', [B, T], 'u32');
  const y = graph.input('y', [B, T], 'u32');
  const losses = graph.output(crossEntropy(graph, gpt(graph, config, x), y));
  const arena = new Arena(device);
  try {
    arena.plan(graph);
    device.gpu.queue.writeBuffer(await arena.named(PARAMETERS, bytes), 0, dataOf(weights));
    const program = (await arena.compile()).get(graph)!;
    let sum = 0;
    // Window w begins where the one before it ends, at token w T: inputs and targets of a batch are stretches of the text.
    for (let first = 0; first < predicted; first += B * T) {
      const count = Math.min(B * T, predicted - first);
      const stretch = (from: number) => {
        const tokens = new Uint32Array(B * T); // past the end: any token; nobody looks at its loss
        tokens.set(ids.subarray(from, from + count));
        return tokens;
      };
      program.write(x, stretch(first));
      program.write(y, stretch(first + 1));
      program.run();
      const read = await program.read(losses);
      for (let i = 0; i < count; i++) {
        sum += read[i]!;
      }
    }
    return sum / predicted;
  } finally {
    arena.destroy();
  }
}
