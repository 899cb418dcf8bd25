import { expose, transfer } from 'comlink';
import { RunStore } from '../storage/run-store.ts';
import type { ExportFormat, SessionCommands } from './messages.ts';
import { Session } from './session.ts';

/** What the page finds in the worker. */
export interface SessionWorker extends SessionCommands {
  /** Name of the lock that the worker holds as long as it lives. */
  life(): Promise<string>;
}

/** Resolves when the lock is held. */
const life = new Promise<string>((resolve) => {
  const name = `inkling worker ${crypto.randomUUID()}`;
  void navigator.locks?.request(name, () => {
    resolve(name);
    return new Promise(() => {});
  });
});

/** A session whose files leave without being copied. */
class WorkerSession extends Session {
  override async exportModel(format: ExportFormat) {
    const result = await super.exportModel(format);
    return result.ok ? transfer(result, [result.value.bytes]) : result;
  }
}

const session = new WorkerSession(navigator.gpu, isSecureContext, RunStore.open);
expose(Object.assign(session, { life: () => life }) satisfies SessionWorker);
