import { describe, expect } from 'vitest';
import type { Device } from '../../src/gpu/device.ts';
import { mostTokens, PromptLook } from '../../src/training/inspection/prompt-look.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { expectClose, gpuTest } from '../graph/harness.ts';
import { relativeError } from '../reference/arrays.ts';
import { gpt } from '../reference/gpt.ts';
import { patternsOf } from './patterns.ts';
import { corpus, inFloat64, MODEL, named, options } from './runs.ts';

/** A run that has learnt a little, and stands still. */
async function trained(device: Device): Promise<Trainer> {
  const trainer = await Trainer.create(device, options({ max_iters: 12, lr_decay_iters: 12 }));
  await trainer.run({});
  return trainer;
}

describe('a look at a prompt', () => {
  gpuTest('agrees with the float64 reference, and attends to something', async ({ device }) => {
    const trainer = await trained(device);
    const params = inFloat64(named((await trainer.snapshot()).buffers.get('parameters')!));
    const look = await PromptLook.create(trainer.inside, MODEL.block_size);
    for (const length of [MODEL.block_size, 5, 2]) {
      const ids = [...corpus(length, 11)];
      const { attention, lens, losses } = await look.look(ids);
      const { n_layer, n_head, vocab_size: V } = MODEL;
      const expected = patternsOf(MODEL, params, ids);
      expect(attention.length).toBe(n_layer * n_head * length * length);
      expectClose(attention, expected, 1e-5, 'attention');
      for (let row = 0; row < n_layer * n_head * length; row++) {
        const pattern = attention.subarray(row * length, (row + 1) * length);
        const t = row % length;
        // neither zeros, as where the kernel that is read from keeps nothing, nor even weights: it looks somewhere
        expect(Math.abs(pattern.reduce((sum, p) => sum + p, 0) - 1)).toBeLessThan(1e-5);
        expect(pattern.subarray(t + 1).every((p) => p === 0)).toBe(true);
        expect(pattern.subarray(0, t + 1).every((p) => p > 0)).toBe(true);
      }
      const uneven = attention
        .subarray((length - 1) * length, length * length)
        .some((p) => Math.abs(p * length - 1) > 1e-4);
      expect(uneven).toBe(true);

      const y = [...ids.slice(1), 0];
      const model = gpt(MODEL, params, ids, y, 1, false);
      expectClose(losses, model.losses.slice(0, length - 1), 1e-5, 'losses');
      expect(lens).toHaveLength(n_layer + 1);
      // behind the last block stand the model's own predictions, and before it those of a model that ends there
      for (let layers = 0; layers <= n_layer; layers++) {
        const { logits } = gpt({ ...MODEL, n_layer: layers }, params, ids, y, 1, false);
        const rows = Array.from({ length }, (_, t) => {
          const row = logits.subarray(t * V, (t + 1) * V);
          const weights = row.map((x) => Math.exp(x - Math.max(...row)));
          return [...weights.map((w) => w / weights.reduce((a, b) => a + b))];
        });
        expectClose(lens[layers], rows.flat(), 1e-5, `lens ${layers}`);
      }
      expect(relativeError(lens[0]!, lens[n_layer]!)).toBeGreaterThan(1e-3);
    }
    look.destroy();
    trainer.destroy();
  });

  gpuTest('does not change a run that goes on meanwhile, and refuses one that is gone', async ({ device }) => {
    const undisturbed = await trained(device);
    const expected = await undisturbed.snapshot();
    undisturbed.destroy();
    const trainer = await Trainer.create(device, options({ max_iters: 12, lr_decay_iters: 12 }));
    const look = await PromptLook.create(trainer.inside, 5);
    const going = trainer.run({});
    let looks = 0;
    for (let over = false; !over; looks++) {
      await look.look([1, 2, 3, 4, 5]);
      over = await Promise.race([going, Promise.resolve(false)]);
    }
    expect(looks).toBeGreaterThan(1);
    expect(await trainer.snapshot()).toEqual(expected);
    trainer.destroy();
    await expect(look.look([1])).rejects.toMatchObject({ code: 'no-model' });
    look.destroy();
  });

  gpuTest('has bounds for a large model', ({ device }) => {
    expect(device).toBeDefined();
    expect(mostTokens(MODEL)).toBe(MODEL.block_size);
    const large = { ...MODEL, block_size: 1024, n_layer: 96, n_head: 128, vocab_size: 4097 };
    const most = mostTokens(large);
    expect(most).toBeGreaterThan(4);
    expect(96 * 128 * most * most).toBeLessThanOrEqual(2 ** 22);
    expect(97 * 4097 * most).toBeLessThanOrEqual(2 ** 22);
  });
});
