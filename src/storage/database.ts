import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import type { RunConfig } from '../model/config.ts';
import { divide, isEmpty, joined, type KeptMetrics, type Metrics, type Reach } from './metrics.ts';

export type RunState = 'running' | 'paused' | 'stopped' | 'finished' | 'failed';

/** How a run computes: the adapter that it began on, and the kernels that decide the last bits of its losses there. */
export interface Computed {
  /** Name of the adapter. */
  on: string;
  /** The variant of each matrix product; none where they were not timed. */
  products: Readonly<Record<string, string>>;
  precision: 'f32' | 'f16';
}

/** A run in the list of those that are kept: everything but its weights, its text and its curve. */
export interface RunRecord extends Reach {
  id: string;
  name: string;
  /** Milliseconds since 1970. */
  created: number;
  saved: number;
  /** What it was doing when it was last saved. */
  state: RunState;
  config: RunConfig;
  /** By name, and by the SHA-256 of its UTF-8 bytes in hexadecimal. */
  text: { name: string; sha256: string };
  /** Its tokens as they are kept: the SHA-256 of their bytes, bits a token, and the data set that they are, if one. */
  corpus: { sha256: string; bits: 8 | 16; dataset: string | null };
  vocab_size: number;
  parameters: number;
  /** At the last and at the best evaluation, in nats. */
  val_loss: number | null;
  best: { step: number; val_loss: number } | null;
  /** What was counted in its text (see `TextStatistics`); older runs lack it. */
  statistics?: { unigram: number; bigram: number; wordy: boolean; lineLength: number | null };
  /** The run that it was copied from, and at which step. */
  fork: { id: string; name: string; step: number } | null;
  /** What its first weights came from; those of the first version did not say. */
  begun?: 'seed' | 'model' | undefined;
  /** Runs of earlier versions lack it. */
  computed?: Computed | undefined;
}

interface Schema extends DBSchema {
  runs: { key: string; value: RunRecord };
  metrics: { key: [run: string, part: number]; value: KeptMetrics & { run: string; part: number } };
}

const NAME = 'inkling';
const VERSION = 1;

/** The list of runs and their curves, in IndexedDB. */
export class RunDatabase {
  readonly #db: IDBPDatabase<Schema>;

  private constructor(db: IDBPDatabase<Schema>) {
    this.#db = db;
  }

  static async open(): Promise<RunDatabase> {
    const db = await openDB<Schema>(NAME, VERSION, {
      upgrade(database) {
        database.createObjectStore('runs', { keyPath: 'id' });
        database.createObjectStore('metrics', { keyPath: ['run', 'part'] });
      },
      // a newer page in another tab wants to change the schema
      blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
    });
    return new RunDatabase(db);
  }

  list(): Promise<RunRecord[]> {
    return this.#db.getAll('runs');
  }

  get(id: string): Promise<RunRecord | undefined> {
    return this.#db.get('runs', id);
  }

  async put(record: RunRecord): Promise<void> {
    await this.#db.put('runs', record);
  }

  /** Changes some fields of a record; does nothing where it has been deleted meanwhile. */
  async change(id: string, changes: Partial<RunRecord>): Promise<void> {
    const { store, done } = this.#db.transaction('runs', 'readwrite');
    const record = await store.get(id);
    if (record) await store.put({ ...record, ...changes });
    await done;
  }

  async metrics(id: string): Promise<Metrics> {
    return joined(await this.#db.getAll('metrics', partsOf(id)));
  }

  /** Appends a chunk, and waits until it is on the disk. */
  async append(id: string, metrics: Metrics): Promise<void> {
    if (isEmpty(metrics)) return;
    const { store, done } = this.#db.transaction('metrics', 'readwrite', { durability: 'strict' });
    const last = await store.openKeyCursor(partsOf(id), 'prev');
    await store.put({ ...metrics, run: id, part: (last?.key[1] ?? 0) + 1 });
    await done;
  }

  /** Forgets what lies past `reach`, so that a run that goes on from there tells nothing twice. Returns what stays. */
  async cut(id: string, reach: Reach): Promise<Metrics> {
    const { store, done } = this.#db.transaction('metrics', 'readwrite', { durability: 'strict' });
    const metrics = divide(joined(await store.getAll(partsOf(id))), reach).told;
    await store.delete(partsOf(id));
    if (!isEmpty(metrics)) await store.put({ ...metrics, run: id, part: 1 });
    await done;
    return metrics;
  }

  async remove(id: string): Promise<void> {
    const transaction = this.#db.transaction(['runs', 'metrics'], 'readwrite');
    await transaction.objectStore('runs').delete(id);
    await transaction.objectStore('metrics').delete(partsOf(id));
    await transaction.done;
  }
}

/** All parts of a run: a list is greater than any number. */
const partsOf = (id: string) => IDBKeyRange.bound([id, 0], [id, Number.POSITIVE_INFINITY]);
