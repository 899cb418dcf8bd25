import { expose } from 'comlink';
import { RunStore } from '../storage/run-store.ts';
import type { SessionCommands } from './messages.ts';
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

const session = new Session(navigator.gpu, isSecureContext, RunStore.open);
expose(Object.assign(session, { life: () => life }) satisfies SessionWorker);
