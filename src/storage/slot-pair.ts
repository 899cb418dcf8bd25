import { newestSlot, type SlotContent, type SlotFile, writeSlot } from './slots.ts';

/** Where the two files of a pair are. */
export interface SlotPlace {
  /** All bytes of a file; none where it does not exist. */
  read(index: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Opens a file for writing, making it if need be. */
  open(index: number): Promise<SlotFile & { close(): void }>;
}

/** Two slots written in turn: whatever happens to a write, what was there before it stays whole. One writer at a time. */
export class SlotPair {
  readonly #place: SlotPlace;
  #last: { generation: number; index: number } | undefined;

  constructor(place: SlotPlace) {
    this.#place = place;
  }

  /** The newest whole slot. */
  async read(): Promise<SlotContent | undefined> {
    const newest = await newestSlot([await this.#place.read(0), await this.#place.read(1)]);
    this.#last = newest;
    return newest;
  }

  /** Commits a payload as the newest, over the older slot. Throws what the file throws; then the newest is as before. */
  async write(payload: Uint8Array<ArrayBuffer>): Promise<void> {
    if (!this.#last) await this.read();
    const { generation, index } = this.#last ?? { generation: 0, index: 1 };
    const next = { generation: generation + 1, index: 1 - index };
    const file = await this.#place.open(next.index);
    try {
      await writeSlot(file, { generation: next.generation, payload });
    } finally {
      file.close();
    }
    this.#last = next;
  }
}
