import * as Comlink from 'comlink';
import { expect, test } from 'vitest';
import type { Commands } from './opfs.worker.ts';

// On the real files of a real browser, in a worker, where their synchronous handles are.

test('a checkpoint whose writing is cut at any boundary of 4 KiB leaves the one before it whole', async () => {
  const worker = new Worker(new URL('./opfs.worker.ts', import.meta.url), { type: 'module' });
  const { cuts, lost } = await Comlink.wrap<Commands>(worker).cutWrites(200_000, 4096);
  worker.terminate();
  expect(lost).toEqual([]);
  expect(cuts).toBe(Math.ceil((200_000 + 96) / 4096));
  console.log(`checkpoint writes cut in OPFS: ${cuts}; whole checkpoints found: ${cuts - lost.length}`);
});
