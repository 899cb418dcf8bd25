import { expose, transfer } from 'comlink';
import { RunStore } from '../storage/run-store.ts';
import type { InspectionCommands } from './inspection/messages.ts';
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

  override async exportRun(id: string) {
    const result = await super.exportRun(id);
    return result.ok ? transfer(result, [result.value.bytes]) : result;
  }
}

/** The memory behind all numbers in a value. */
function buffersIn(value: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) return [value.buffer as ArrayBuffer];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(buffersIn);
}

/** A group of commands whose answers are given away, not copied: nothing of them may be kept. */
function giving<T extends object>(group: T): T {
  const command =
    (name: keyof T) =>
    async (...given: unknown[]) => {
      const result: unknown = await (group[name] as (...given: unknown[]) => Promise<unknown>)(...given);
      return transfer(result as object, [...new Set(buffersIn(result))]);
    };
  return new Proxy(group, { get: (_, name) => command(name as keyof T) });
}

const session = new WorkerSession(navigator.gpu, isSecureContext, RunStore.open);
const inspection = giving<InspectionCommands>(session.inspection);
expose(Object.assign(session, { life: () => life, inspection }) satisfies SessionWorker);
