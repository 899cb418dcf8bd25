import { describe, expect } from 'vitest';
import { OPTIMIZERS, preset, withOptimizer } from '../../src/model/config.ts';
import { initialParameters, layoutOf } from '../../src/model/parameters.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/training/checkpoint.ts';
import { prunable, pruneWeights } from '../../src/training/pruning.ts';
import { freshState } from '../../src/training/state.ts';
import { gpuTest } from '../graph/harness.ts';
import { MODEL, options, run, TRAINING } from './runs.ts';

const layout = layoutOf(MODEL);
const start = await initialParameters(MODEL, layout, 5);
const pruned = pruneWeights(layout, start, 0.6, 'global');

/** What is zero in the matrices of the pruned weights, by place. */
const places = prunable(layout).flatMap(({ offset, size }) =>
  Array.from({ length: size }, (_, i) => offset / 4 + i).filter((at) => pruned[at] === 0),
);
const zeroOf = (flat: Float32Array) => places.filter((at) => Object.is(flat[at], 0));

describe('after pruning', () => {
  gpuTest.for(OPTIMIZERS)('%s leaves what is zero at zero, interrupted or not', async (optimizer, { device }) => {
    const suited = withOptimizer(preset('tiny').training, optimizer);
    const { beta1, beta2, momentum, weight_decay } = suited;
    const training = {
      ...TRAINING,
      ...{ optimizer, beta1, beta2, momentum, weight_decay },
      learning_rate: 5e-3,
      l2: 1e-3,
      max_iters: 8,
      lr_decay_iters: 8,
      eval_interval: 4,
      ema_decay: 0.9,
      patience: 5,
      keep_zeros: true,
    };
    const given = options(training, { state: freshState(training, pruned) });
    const whole = await run(device, given);
    expect(whole.state.step).toBe(8);
    for (const name of ['parameters', 'average', 'best', 'moment1']) {
      const buffer = whole.state.buffers.get(name)!;
      expect(zeroOf(buffer).length, name).toBe(places.length);
      expect(buffer.every((value, i) => value === pruned[i])).toBe(false);
    }

    const first = await run(device, given, (trainer, records) => {
      if (records.length >= 3) trainer.control.stop();
    });
    expect(first.finished).toBe(false);
    const text = { name: 'text', sha256: '' };
    const vocabulary = Array.from({ length: 13 }, (_, i) => String.fromCodePoint(97 + i));
    const described = { model: MODEL, training, vocabulary, text, val_loss: null };
    const { state } = decodeCheckpoint(encodeCheckpoint({ ...described, state: first.state }));
    const rest = await run(device, options(training, { state }));
    expect(rest.state).toEqual(whole.state);
  });

  gpuTest('without the mask nothing stays zero; where nothing is zero, the mask changes no bit', async ({ device }) => {
    const free = { max_iters: 4, lr_decay_iters: 4, eval_interval: 100 };
    const kept = { ...free, keep_zeros: true };
    const state = (weights: Float32Array<ArrayBuffer>, training: typeof free) =>
      freshState({ ...TRAINING, ...training }, weights);
    const plain = await run(device, options(free, { state: state(pruned, free) }));
    expect(zeroOf(plain.state.buffers.get('parameters')!).length).toBeLessThan(places.length / 10);
    const masked = await run(device, options(kept, { state: state(start, kept) }));
    const unmasked = await run(device, options(free, { state: state(start, free) }));
    expect(masked.records).toEqual(unmasked.records);
    expect(masked.state.buffers.get('parameters')).toEqual(unmasked.state.buffers.get('parameters'));
  });
});
