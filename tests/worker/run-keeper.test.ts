import { expect, test } from 'vitest';
import { preset } from '../../src/model/config.ts';
import { initialParameters, layoutOf } from '../../src/model/parameters.ts';
import { decodeCheckpoint } from '../../src/training/checkpoint.ts';
import { freshState, type TrainingState } from '../../src/training/state.ts';
import type { SessionEvent } from '../../src/worker/messages.ts';
import { type KeeperOptions, RunKeeper } from '../../src/worker/run-keeper.ts';

const { training } = preset('tiny');
const model = { ...preset('tiny').model, n_layer: 1, n_head: 1, n_embd: 8, n_inner: 16, block_size: 8, vocab_size: 3 };

test('the best state is written once there is room for it, though it came while there was none', async () => {
  const weights = await initialParameters(model, layoutOf(model), 1);
  let step = 1;
  const state = (): TrainingState => ({ ...freshState(training, weights), step, evaluated: step });
  let full = true;
  const written: [string, number][] = [];
  const told: SessionEvent[] = [];
  const store = {
    appendMetrics: async () => {},
    change: async () => {},
    write: async (_: string, kind: string, bytes: Uint8Array<ArrayBuffer>) => {
      if (full) throw new DOMException('no room', 'QuotaExceededError');
      written.push([kind, decodeCheckpoint(bytes).state.step]);
    },
  };
  const keeper = new RunKeeper({
    store,
    trainer: { snapshot: async () => state(), best: null },
    hold: { release: () => {} },
    record: { id: 'a', name: 'a' },
    description: {
      model,
      training,
      vocabulary: ['a', 'b', '<|endoftext|>'],
      text: { name: 'a', sha256: 'ab'.repeat(32) },
    },
    val_loss: null,
    committed: -1,
    send: (event: SessionEvent) => void told.push(event),
  } as never as KeeperOptions);
  keeper.evaluated({ step, train_loss: 1, val_loss: 1 }, true);
  await expect.poll(() => told).toMatchObject([{ kind: 'error', failure: { code: 'storage-full' } }]);
  expect(written).toEqual([]);

  full = false;
  step = 5;
  await keeper.save();
  expect(written).toEqual([
    ['latest', 5],
    ['best', 1],
  ]);
  step = 6;
  await keeper.close('stopped');
  expect(written.slice(2)).toEqual([['latest', 6]]);
});
