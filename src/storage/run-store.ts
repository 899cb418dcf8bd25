import { InklingError } from '../gpu/errors.ts';
import { RunDatabase, type RunRecord } from './database.ts';
import type { Metrics, Reach } from './metrics.ts';
import { readFile, removeEntry, sizeOf, slotsIn, writeFile } from './opfs.ts';
import { SlotPair } from './slot-pair.ts';

/** Each run keeps its newest state, and the one with the lowest validation loss. */
export const KINDS = ['latest', 'best'] as const;
export type CheckpointKind = (typeof KINDS)[number];

/** Held while texts and runs are added or removed, over all tabs. */
const SHELF_LOCK = 'inkling shelf';

/**
 * The runs that this browser keeps: weights and texts as files in the origin's private file system, the list and the
 * curves in IndexedDB. Checkpoints and texts are bytes here, and nothing else. In a worker only.
 *
 *     inkling/runs/ID/latest.0, latest.1, best.0, best.1      slots, see slots.ts
 *     inkling/texts/SHA256                                    tokens, shared by the runs that learn them
 */
export class RunStore {
  readonly #database: RunDatabase;
  readonly #root: FileSystemDirectoryHandle;
  readonly #runs: FileSystemDirectoryHandle;
  readonly #texts: FileSystemDirectoryHandle;
  readonly #pairs = new Map<string, Promise<SlotPair>>();

  private constructor(
    database: RunDatabase,
    root: FileSystemDirectoryHandle,
    runs: FileSystemDirectoryHandle,
    texts: FileSystemDirectoryHandle,
  ) {
    this.#database = database;
    this.#root = root;
    this.#runs = runs;
    this.#texts = texts;
  }

  /** Throws `no-storage` where the browser has none, or gives none to this page. */
  static async open(): Promise<RunStore> {
    try {
      const root = await (await navigator.storage.getDirectory()).getDirectoryHandle('inkling', { create: true });
      const folder = (name: string) => root.getDirectoryHandle(name, { create: true });
      const store = new RunStore(await RunDatabase.open(), root, await folder('runs'), await folder('texts'));
      await store.#sweep();
      return store;
    } catch (error) {
      throw new InklingError(
        'no-storage',
        `This browser keeps no files for the page, so the run lives only as long as its tab: ${error instanceof Error ? error.message : error}`,
        'Outside a private window, and with site data allowed, runs are kept.',
      );
    }
  }

  list(): Promise<RunRecord[]> {
    return this.#database.list();
  }

  /** Throws `no-run`. */
  async get(id: string): Promise<RunRecord> {
    const record = await this.#database.get(id);
    if (!record) throw new InklingError('no-run', 'This run is no longer kept.', 'Choose another one.');
    return record;
  }

  /** Adds a run with the tokens it learns from. */
  add(record: RunRecord, tokens: Uint8Array<ArrayBuffer>): Promise<void> {
    return navigator.locks.request(SHELF_LOCK, async () => {
      await writeFile(this.#texts, record.corpus.sha256, tokens);
      await this.#database.put(record);
    });
  }

  change(id: string, changes: Partial<RunRecord>): Promise<void> {
    return this.#database.change(id, changes);
  }

  /** The tokens that a run learns from. Throws `no-text-kept` where they are gone or have changed. */
  async tokens({ text, corpus }: RunRecord): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await readFile(this.#texts, corpus.sha256);
    if ((await sha256(bytes)) !== corpus.sha256) {
      throw new InklingError(
        'no-text-kept',
        `The text “${text.name}” that this run learns from is no longer kept as it was.`,
        'Without it the run cannot go on exactly. Delete the run, and start a new one.',
      );
    }
    return bytes;
  }

  /** The newest whole checkpoint of a kind. */
  async read(id: string, kind: CheckpointKind): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return (await (await this.#pair(id, kind)).read())?.payload;
  }

  /** Looks at the run's files anew: before a writer begins, since another tab may have written to them. */
  reopen(id: string): void {
    for (const kind of KINDS) this.#pairs.delete(`${id}/${kind}`);
  }

  /** Commits a checkpoint. When this throws, the one before it is still whole. */
  async write(id: string, kind: CheckpointKind, checkpoint: Uint8Array<ArrayBuffer>): Promise<void> {
    await (await this.#pair(id, kind)).write(checkpoint);
  }

  metrics(id: string): Promise<Metrics> {
    return this.#database.metrics(id);
  }

  appendMetrics(id: string, metrics: Metrics): Promise<void> {
    return this.#database.append(id, metrics);
  }

  cutMetrics(id: string, reach: Reach): Promise<Metrics> {
    return this.#database.cut(id, reach);
  }

  /** Deletes a run, and its text where no other run needs it. */
  remove(id: string): Promise<void> {
    return navigator.locks.request(SHELF_LOCK, async () => {
      const record = await this.#database.get(id);
      await this.#database.remove(id);
      this.reopen(id);
      await removeEntry(this.#runs, id);
      const others = await this.#database.list();
      if (record && !others.some(({ corpus }) => corpus.sha256 === record.corpus.sha256)) {
        await removeEntry(this.#texts, record.corpus.sha256);
      }
    });
  }

  /** Bytes of all checkpoints and texts. */
  usage(): Promise<number> {
    return sizeOf(this.#root);
  }

  #pair(id: string, kind: CheckpointKind): Promise<SlotPair> {
    const key = `${id}/${kind}`;
    let pair = this.#pairs.get(key);
    if (!pair) {
      const folder = this.#runs.getDirectoryHandle(id, { create: true });
      pair = folder.then((handle) => new SlotPair(slotsIn(handle, kind)));
      this.#pairs.set(key, pair);
      pair.catch(() => this.#pairs.delete(key)); // the next save may be luckier
    }
    return pair;
  }

  /** Removes files that no run in the list needs: a tab may have been closed while it deleted them. */
  #sweep(): Promise<void> {
    return navigator.locks.request(SHELF_LOCK, async () => {
      const records = await this.#database.list();
      const needed = new Set(records.flatMap(({ id, corpus }) => [id, corpus.sha256]));
      for (const folder of [this.#runs, this.#texts]) {
        for await (const name of folder.keys()) {
          if (!needed.has(name)) await removeEntry(folder, name).catch(() => {}); // in use: the next sweep takes it
        }
      }
    });
  }
}

/** In hexadecimal. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
