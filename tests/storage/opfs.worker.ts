import { expose } from 'comlink';
import { openFile, slotsIn } from '../../src/storage/opfs.ts';
import { SlotPair } from '../../src/storage/slot-pair.ts';

class Crash extends Error {}

/** A payload that is never the same twice. */
function payloadOf(length: number, seed: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => Math.imul(i + seed, 0x9e3779b1) >>> 24);
}

/**
 * Writes two checkpoints to real files of the origin's private file system, then cuts the writing of a third one after
 * each multiple of `every` bytes. Returns how many cuts were made, and after which of them the second was not found whole.
 */
async function cutWrites(length: number, every: number): Promise<{ cuts: number; lost: number[] }> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle('cuts', { create: true });
  const lost: number[] = [];
  let cuts = 0;
  for (let budget = 0; budget < length + 96; budget += every) {
    const name = `cut-${budget}`;
    const place = slotsIn(folder, name);
    await new SlotPair(place).write(payloadOf(length, 1));
    const second = payloadOf(length + 1000, 2);
    await new SlotPair(place).write(second);
    let left = budget;
    const failing = new SlotPair({
      read: place.read,
      open: async (index) => {
        const file = await openFile(folder, `${name}.${index}`);
        return {
          getSize: () => file.getSize(),
          read: (into, options) => file.read(into, options),
          truncate: (size) => file.truncate(size),
          flush: () => file.flush(),
          close: () => file.close(),
          write: (bytes, options) => {
            const taken = Math.min(left, bytes.length);
            if (taken > 0) file.write(bytes.subarray(0, taken), options);
            left -= taken;
            if (taken < bytes.length) throw new Crash();
            return taken;
          },
        };
      },
    });
    const outcome = await failing.write(payloadOf(length, 3)).then(
      () => 'written',
      (error) => error,
    );
    if (!(outcome instanceof Crash)) throw new Error(`not cut after ${budget} bytes: ${outcome}`);
    cuts++;
    const found = await new SlotPair(place).read();
    const whole = found?.generation === 2 && found.payload.every((byte, i) => byte === second[i]);
    if (!whole) lost.push(budget);
  }
  await root.removeEntry('cuts', { recursive: true });
  return { cuts, lost };
}

const commands = { cutWrites };
export type Commands = typeof commands;
expose(commands);
