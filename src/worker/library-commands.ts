import { InklingError } from '../gpu/errors.ts';
import type { RunStore } from '../storage/run-store.ts';
import { answer } from './answer.ts';
import type { RunText } from './live-run.ts';
import type { ExportedFile, ForkChange, KeptRun, Result, RunList, SessionEvent } from './messages.ts';
import { RunLibrary } from './run-library.ts';

/** Of no use to those who never ask. */
const archive = () => import('./run-archive.ts');

/** The commands of a session that only concern the runs that are kept, and none that is going on. */
export abstract class LibraryCommands {
  readonly #openStore: (() => Promise<RunStore>) | undefined;
  #library: Promise<RunLibrary> | undefined;

  /** `openStore` opens what keeps the runs: without it none is kept. */
  constructor(openStore: (() => Promise<RunStore>) | undefined) {
    this.#openStore = openStore;
  }

  /** The run that this session has in hand. */
  protected abstract get own(): string | undefined;
  /** The text that the next run would learn. */
  protected abstract get presentText(): RunText | undefined;
  protected abstract send(event: SessionEvent): void;

  protected get keepsRuns(): boolean {
    return this.#openStore !== undefined;
  }

  /** Throws `no-storage`. */
  protected library(): Promise<RunLibrary> {
    if (!this.#openStore) {
      return Promise.reject(new InklingError('no-storage', 'No runs are kept here.', 'Open the page in a browser.'));
    }
    if (!this.#library) {
      this.#library = this.#openStore().then((store) => new RunLibrary(store, (event) => this.send(event)));
      this.#library.catch(() => {
        this.#library = undefined; // the next asking may be luckier
      });
    }
    return this.#library;
  }

  listRuns(): Promise<Result<RunList>> {
    return this.#ask((library) => library.list(this.own));
  }

  showRun(id: string): Promise<Result<KeptRun>> {
    return this.#ask((library) => library.show(id, this.own));
  }

  forkRun(id: string, change: ForkChange): Promise<Result<string>> {
    return this.#ask((library) => library.fork(id, change));
  }

  renameRun(id: string, name: string): Promise<Result<null>> {
    return this.#ask((library) => library.rename(id, name));
  }

  exportRun(id: string): Promise<Result<ExportedFile>> {
    return this.#ask(async (library) => (await archive()).exportArchive(await library.whole(id)));
  }

  importRun(name: string, file: Blob): Promise<Result<string>> {
    return this.#ask(async (library) => {
      const { importArchive } = await archive();
      return library.keepWhole(await importArchive(name, file, this.presentText));
    });
  }

  deleteRun(id: string): Promise<Result<null>> {
    return this.#ask((library) => library.remove(id));
  }

  #ask<T>(work: (library: RunLibrary) => Promise<T>): Promise<Result<T>> {
    return answer(async () => work(await this.library()));
  }
}
