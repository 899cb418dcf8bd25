import type { SlotPlace } from '../../src/storage/slot-pair.ts';
import type { SlotFile } from '../../src/storage/slots.ts';

export class Crash extends Error {}

const PAGE = 4096;

/** Two files in memory that can lose the rest of a write, as a machine does whose power goes. */
export class FaultyDisk implements SlotPlace {
  readonly files: Uint8Array<ArrayBuffer>[] = [new Uint8Array(0), new Uint8Array(0)];
  /** Bytes that can still be written before the power goes. */
  budget = Number.POSITIVE_INFINITY;
  /** Bytes written so far. */
  written = 0;
  /** Whether pages that were written but not flushed are lost at the crash: all, every other one, or none. */
  lost: 'none' | 'odd' | 'all' = 'none';
  /** What is on the disk for certain. */
  #flushed: Uint8Array<ArrayBuffer>[] = [new Uint8Array(0), new Uint8Array(0)];

  async read(index: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.files[index]!.slice();
  }

  async open(index: number): Promise<SlotFile & { close(): void }> {
    return {
      getSize: () => this.files[index]!.length,
      read: (into, { at }) => {
        const piece = this.files[index]!.subarray(at, at + into.length);
        into.set(piece);
        return piece.length;
      },
      write: (bytes, { at }) => {
        const taken = Math.min(bytes.length, this.budget - this.written);
        const file = new Uint8Array(Math.max(this.files[index]!.length, at + taken));
        file.set(this.files[index]!);
        file.set(bytes.subarray(0, taken), at);
        this.files[index] = file;
        this.written += taken;
        if (taken < bytes.length) this.#crash(index);
        return taken;
      },
      truncate: (size) => {
        const file = new Uint8Array(size);
        file.set(this.files[index]!.subarray(0, size));
        this.files[index] = file;
      },
      flush: () => {
        this.#flushed[index] = this.files[index]!.slice();
      },
      close: () => {},
    };
  }

  /** The power is back. */
  recover(): void {
    this.budget = Number.POSITIVE_INFINITY;
    this.#flushed = this.files.map((file) => file.slice());
  }

  #crash(index: number): never {
    const now = this.files[index]!;
    const before = this.#flushed[index]!;
    for (let page = 0; page * PAGE < now.length; page++) {
      if (this.lost === 'all' || (this.lost === 'odd' && page % 2 === 1)) {
        const [from, to] = [page * PAGE, Math.min((page + 1) * PAGE, now.length)];
        now.fill(0, from, to).set(before.subarray(from, to), from);
      }
    }
    throw new Crash();
  }
}
