import * as Comlink from 'comlink';
import type { Failure, Result, SessionCommands, SessionEvent } from '../worker/messages.ts';
import { FAILURES } from './strings.ts';

/** The session's commands as the page sees them: a worker that breaks is a failure like any other. */
export type Session = Omit<SessionCommands, 'listen'>;

/**
 * Starts the worker. Events come to `onEvent`; `onMissing` hears when the worker cannot be loaded, and so no command will
 * ever be answered.
 */
export function openSession(onEvent: (event: SessionEvent) => void, onMissing: (failure: Failure) => void): Session {
  const worker = new Worker(new URL('../worker/session.worker.ts', import.meta.url), { type: 'module' });
  const remote = Comlink.wrap<SessionCommands>(worker);
  let loaded = false;
  // The event of a script that cannot be fetched or parsed says nothing; that of an exception has a message.
  worker.addEventListener('error', (event) => {
    event.preventDefault();
    if (loaded) onEvent({ kind: 'error', failure: FAILURES.internal(event.message) });
    else onMissing(FAILURES.workerNotLoaded);
  });

  async function answer<T>(command: Promise<Result<T>>): Promise<Result<T>> {
    try {
      return await command;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { ok: false, failure: FAILURES.internal(message) };
    }
  }

  void remote.listen(Comlink.proxy(onEvent)).then(() => {
    loaded = true;
  });

  return {
    connect: () => answer(remote.connect()),
    loadText: (source) => answer(remote.loadText(source)),
    openModel: (name, file) => answer(remote.openModel(name, file)),
    describeStart: (from) => answer(remote.describeStart(from)),
    train: (config, start) => answer(remote.train(config, start)),
    pause: () => answer(remote.pause()),
    resume: () => answer(remote.resume()),
    stop: () => answer(remote.stop()),
    generate: (request) => answer(remote.generate(request)),
    cancelGeneration: () => answer(remote.cancelGeneration()),
  };
}
