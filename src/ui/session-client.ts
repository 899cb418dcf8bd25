import * as Comlink from 'comlink';
import type { BenchmarkCommands } from '../worker/benchmarking.ts';
import type { InspectionCommands } from '../worker/inspection/messages.ts';
import type { LabCommands } from '../worker/lab.ts';
import type { Failure, Result, SessionCommands, SessionEvent } from '../worker/messages.ts';
import type { PlanningCommands } from '../worker/planning.ts';
import type { RateCommands } from '../worker/rates.ts';
import type { SessionWorker } from '../worker/session.worker.ts';
import address from '../worker/session.worker.ts?worker&url';
import type { ShrinkCommands } from '../worker/shrinking.ts';
import { OpenCommands } from './open-commands.ts';
import { scriptAddress } from './script-address.ts';
import { FAILURES } from './strings.ts';

/** The session's commands as the page sees them: a worker that breaks is a failure like any other. */
export type Session = Omit<SessionCommands, 'listen'>;

export interface SessionListener {
  event(event: SessionEvent): void;
  /** The worker cannot be loaded, and so no command will ever be answered. */
  missing(failure: Failure): void;
  /** The worker is gone, as when the browser ran out of memory; all commands in hand have failed. */
  died(): void;
}

/** Starts the worker. */
export function openSession(listener: SessionListener): Session {
  const worker = new Worker(scriptAddress(address), { type: 'module' });
  const remote = Comlink.wrap<SessionWorker>(worker);
  let loaded = false;
  // The event of a script that cannot be fetched or parsed says nothing; that of an exception has a message.
  worker.addEventListener('error', (event) => {
    event.preventDefault();
    if (loaded) listener.event({ kind: 'error', failure: FAILURES.internal(event.message) });
    else listener.missing(FAILURES.workerNotLoaded);
  });

  const open = new OpenCommands();
  void (async () => {
    await remote.listen(Comlink.proxy((event: SessionEvent) => listener.event(event)));
    loaded = true;
    // No event tells of a worker that was killed; but the lock that it holds as long as it lives comes free.
    if (navigator.locks === undefined) return;
    await navigator.locks.request(await remote.life(), () => {});
    open.fail(FAILURES.workerDied);
    worker.terminate();
    listener.died();
  })();

  /** Every method of a group of commands, asked of the worker; a listener among what is given is called from there. */
  const commands = <T extends object>(group: Comlink.Remote<T>): T =>
    new Proxy({} as T, {
      get: (_, name) => {
        // Lit asks each value whether it is a directive, and `await` whether it is a promise: it is neither.
        if (typeof name === 'symbol' || name.startsWith('_$') || name === 'then') return undefined;
        return (...given: unknown[]) => {
          const passed = given.map((one) => (typeof one === 'function' ? Comlink.proxy(one) : one));
          return open.answer(
            (group as never as Record<string, (...given: unknown[]) => Promise<Result<unknown>>>)[name]!(...passed),
          );
        };
      },
    });

  return Object.assign(Object.create(commands(remote)), {
    inspection: commands(remote.inspection as never as Comlink.Remote<InspectionCommands>),
    benchmarking: commands(remote.benchmarking as never as Comlink.Remote<BenchmarkCommands>),
    rates: commands(remote.rates as never as Comlink.Remote<RateCommands>),
    lab: commands(remote.lab as never as Comlink.Remote<LabCommands>),
    planning: commands(remote.planning as never as Comlink.Remote<PlanningCommands>),
    shrinking: commands(remote.shrinking as never as Comlink.Remote<ShrinkCommands>),
  });
}
