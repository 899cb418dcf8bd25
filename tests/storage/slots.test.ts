import { describe, expect, test } from 'vitest';
import { SlotPair } from '../../src/storage/slot-pair.ts';
import { decodeSlot } from '../../src/storage/slots.ts';
import { Random } from '../reference/arrays.ts';
import { Crash, FaultyDisk } from './faulty-disk.ts';

const PAGE = 4096;

const random = new Random(4);
/** Never the same twice. */
function bytes(length: number): Uint8Array<ArrayBuffer> {
  const seed = random.below(2 ** 31);
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i + seed, 0x9e3779b1);
  return new Uint8Array(words.buffer).slice(0, length);
}

const same = (a: Uint8Array | undefined, b: Uint8Array | undefined) => Buffer.compare(a!, b!) === 0;

test('what is written is read again, by whoever opens the pair', async () => {
  const disk = new FaultyDisk();
  expect(await new SlotPair(disk).read()).toBeUndefined();
  const pair = new SlotPair(disk);
  for (let generation = 1; generation <= 5; generation++) {
    const payload = bytes(100 * generation * (generation % 2));
    await pair.write(payload);
    expect(await new SlotPair(disk).read()).toMatchObject({ generation, payload });
  }
  // a writer that comes anew goes on where the last one was
  const last = bytes(50);
  await new SlotPair(disk).write(last);
  expect(await pair.read()).toMatchObject({ generation: 6, payload: last });
});

describe('a write that is cut', () => {
  const sizes = [PAGE * 24 + 1234, PAGE * 24 + 1234, PAGE * 9, PAGE * 30 + 7];

  test.each(['none', 'odd', 'all'] as const)(
    'leaves the checkpoint before it whole; unflushed pages lost: %s',
    async (lost) => {
      let cuts = 0;
      for (let step = 1; step < sizes.length; step++) {
        // every boundary of 4 KiB, and the bytes round the header, which is written last
        const total = sizes[step]! + 96;
        const boundaries = Array.from({ length: Math.ceil(total / PAGE) }, (_, i) => i * PAGE);
        const header = [0, 1, 8, 16, 32, 63, 64, 65, 95].map((byte) => sizes[step]! + byte);
        for (const budget of [...boundaries, ...header]) {
          const disk = new FaultyDisk();
          const pair = new SlotPair(disk);
          const payloads = sizes.slice(0, step).map(bytes);
          for (const payload of payloads) await pair.write(payload);
          disk.recover();
          disk.lost = lost;
          disk.budget = disk.written + budget;
          await expect(pair.write(bytes(sizes[step]!))).rejects.toThrow(Crash);
          cuts++;
          const found = await new SlotPair(disk).read();
          expect(found?.generation, `cut after ${budget} bytes`).toBe(step);
          expect(same(found?.payload, payloads.at(-1))).toBe(true);
          // and the next one finds its place
          disk.recover();
          const next = bytes(1000);
          await new SlotPair(disk).write(next);
          expect(same((await new SlotPair(disk).read())?.payload, next)).toBe(true);
        }
      }
      console.log(
        `checkpoint writes cut: ${cuts}, each with unflushed pages lost (${lost}); whole checkpoints found: ${cuts}`,
      );
    },
  );
});

test('a disk that is full keeps what was there, and the writer can try again', async () => {
  const disk = new FaultyDisk();
  const pair = new SlotPair({
    read: (index) => disk.read(index),
    open: async (index) => {
      const file = await disk.open(index);
      return { ...file, write: (data, options) => (full ? 0 : file.write(data, options)) };
    },
  });
  let full = false;
  const first = bytes(5000);
  await pair.write(first);
  full = true;
  await expect(pair.write(bytes(6000))).rejects.toMatchObject({ name: 'QuotaExceededError' });
  expect((await new SlotPair(disk).read())?.payload).toEqual(first);
  full = false;
  const second = bytes(100);
  await pair.write(second);
  expect(await pair.read()).toMatchObject({ generation: 2, payload: second });
});

test('200 damaged slots are each refused with a message', async () => {
  const disk = new FaultyDisk();
  await new SlotPair(disk).write(bytes(20_000));
  const sound = disk.files[0]!;
  expect((await decodeSlot(sound)).generation).toBe(1);
  const damages: Record<string, (file: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>> = {
    'a bit turned': (file) => {
      const at = random.below(file.length);
      file[at] = file[at]! ^ (1 << random.below(8));
      return file;
    },
    'a bit of the header turned': (file) => {
      const at = random.below(96);
      file[at] = file[at]! ^ (1 << random.below(8));
      return file;
    },
    truncated: (file) => file.slice(0, random.below(file.length)),
    'longer than it says': (file) => {
      const longer = new Uint8Array(file.length + 1 + random.below(100));
      longer.set(file);
      return longer;
    },
    'a page of zeros': (file) => {
      const at = random.below(file.length - PAGE);
      return file.fill(0, at, at + PAGE);
    },
    'two pages exchanged': (file) => {
      const page = file.slice(0, PAGE);
      const other = PAGE * (1 + random.below(3));
      file.copyWithin(0, other, other + PAGE).set(page, other);
      return file;
    },
    'NaN in the data': (file) => {
      new DataView(file.buffer).setFloat32(96 + 4 * random.below((file.length - 96) / 4), Number.NaN, true);
      return file;
    },
    'an enormous length': (file) => {
      new DataView(file.buffer).setBigUint64(24, 2n ** 63n + BigInt(random.below(1000)), true);
      return file;
    },
  };
  const kinds = Object.entries(damages);
  const counts = new Map<string, number>();
  for (let i = 0; i < 200; i++) {
    const [kind, damage] = kinds[i % kinds.length]!;
    await expect(decodeSlot(damage(sound.slice())), kind).rejects.toMatchObject({
      code: 'bad-slot',
      message: expect.stringMatching(/^This is no whole checkpoint: .+\.$/),
    });
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  console.table(
    Object.fromEntries([...counts].map(([kind, refused]) => [kind, { tried: refused, refused, accepted: 0 }])),
  );
});
