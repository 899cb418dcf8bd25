import { describe, expect } from 'vitest';
import type { GPTConfig } from '../../src/model/config.ts';
import { layoutOf } from '../../src/model/parameters.ts';
import { textLoss } from '../../src/training/text-loss.ts';
import { gpuTest } from '../graph/harness.ts';
import { Random } from '../reference/arrays.ts';
import { gpt, randomParameters, type Tensors } from '../reference/gpt.ts';

const CONFIG: GPTConfig = {
  vocab_size: 19,
  block_size: 7,
  n_layer: 2,
  n_head: 2,
  n_embd: 14,
  n_inner: 31,
  bias: true,
  tied: true,
  activation: 'gelu_tanh',
};

/** Window by window, in float64: every token but the first is predicted once. */
function expectedLoss(config: GPTConfig, params: Tensors, ids: Uint32Array): number {
  let total = 0;
  for (let at = 0; at < ids.length - 1; at += config.block_size) {
    const window = ids.slice(at, at + config.block_size + 1);
    const { losses } = gpt(config, params, window.slice(0, -1), window.slice(1), 1, false);
    total += losses.reduce((sum, loss) => sum + loss, 0);
  }
  return total / (ids.length - 1);
}

function flat(config: GPTConfig, params: Tensors): Float32Array<ArrayBuffer> {
  const layout = layoutOf(config);
  const weights = new Float32Array(layout.bytes / 4);
  for (const [name, data] of params) weights.set(data, layout.slot(name).offset / 4);
  return weights;
}

describe.each([CONFIG, { ...CONFIG, block_size: 32, bias: false, tied: false }])(
  'the loss of a text, in windows of $block_size',
  (config) => {
    const random = new Random(config.block_size);
    const params = randomParameters(config, random, 0.4);
    const T = config.block_size;
    // Shorter than a window, exactly one and two windows, one token more and less, and many with a short one at the end.
    const lengths = T < 10 ? [2, 5, T + 1, 2 * T, 2 * T + 1, 2 * T + 2, 1300] : [T + 1, 1300];
    gpuTest.for(lengths)('of %i tokens', async (length, { device }) => {
      const ids = random.tokens(length, config.vocab_size);
      const loss = await textLoss(device, config, flat(config, params), ids);
      expect(Math.abs(loss - expectedLoss(config, params, ids))).toBeLessThan(1e-5);
      expect(await textLoss(device, config, flat(config, params), ids)).toBe(loss);
    });
  },
);

gpuTest('one token leaves nothing to predict', async ({ device }) => {
  const weights = new Float32Array(layoutOf(CONFIG).bytes / 4);
  await expect(textLoss(device, CONFIG, weights, new Uint32Array(1))).rejects.toMatchObject({ code: 'short-text' });
});
