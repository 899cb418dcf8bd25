import * as Comlink from 'comlink';
import { expect } from 'vitest';
import { preset, type RunConfig } from '../../src/model/config.ts';
import { sha256 } from '../../src/storage/run-store.ts';
import { newestSlot } from '../../src/storage/slots.ts';
import type { SessionEvent } from '../../src/worker/messages.ts';
import type { FaultySession } from './faulty.worker.ts';

export const TEXT = 'A drop of ink may make a million think; it may also make a blot. '.repeat(60);

/** Interruptions of each kind; 20 for the full count. */
export const INTERRUPTIONS = Number(import.meta.env.INKLING_INTERRUPTIONS ?? 2);

/** A very small model, evaluated, sampled and so saved often. */
export function tinyRun(change: Partial<RunConfig['training']> = {}): RunConfig {
  const { model, training } = preset('tiny');
  return {
    model: { ...model, n_layer: 1, n_head: 1, n_embd: 8, n_inner: 16, block_size: 8 },
    training: {
      ...training,
      batch_size: 2,
      max_iters: 100 + 150 * INTERRUPTIONS,
      eval_interval: 40,
      eval_iters: 1,
      sample_interval: 400,
      ...change,
    },
  };
}

/** A session in a worker of its own, and all that it has told. */
export class Tab {
  readonly worker = new Worker(new URL('./faulty.worker.ts', import.meta.url), { type: 'module' });
  readonly session = Comlink.wrap<FaultySession>(this.worker);
  readonly events: SessionEvent[] = [];

  static async open(): Promise<Tab> {
    const tab = new Tab();
    await tab.session.listen(Comlink.proxy((event: SessionEvent) => void tab.events.push(event)));
    return tab;
  }

  of<Kind extends SessionEvent['kind']>(kind: Kind): Extract<SessionEvent, { kind: Kind }>[] {
    return this.events.filter((event) => event.kind === kind) as Extract<SessionEvent, { kind: Kind }>[];
  }

  get phase() {
    return this.of('status').at(-1)?.phase;
  }

  get step(): number {
    return this.of('step').at(-1)?.records.at(-1)?.step ?? this.of('started').at(-1)?.before?.step ?? 0;
  }

  /** The id under which the last run is kept. */
  get run(): string {
    return this.of('started').at(-1)!.run!.id;
  }

  async train(config: RunConfig): Promise<string> {
    expect(await this.session.loadText({ kind: 'paste', text: TEXT })).toMatchObject({ ok: true });
    expect(await this.session.train(config)).toEqual({ ok: true, value: null });
    return this.run;
  }

  async until(holds: () => boolean): Promise<void> {
    await expect.poll(holds, { timeout: 60_000, interval: 5 }).toBe(true);
  }

  /** Ends what goes on, and forgets all that was told: for the next test. Its kernels stay compiled. */
  async calm(): Promise<void> {
    await this.session.stop();
    await this.until(() => [undefined, 'idle', 'finished', 'stopped', 'failed'].includes(this.phase));
    this.events.length = 0;
  }

  close(): void {
    this.worker.terminate();
  }
}

/** The folder of a run's files. */
export async function folderOf(id: string): Promise<FileSystemDirectoryHandle> {
  const root = await (await navigator.storage.getDirectory()).getDirectoryHandle('inkling');
  return (await root.getDirectoryHandle('runs')).getDirectoryHandle(id);
}

export async function bytesOf(folder: FileSystemDirectoryHandle, name: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await (await folder.getFileHandle(name)).getFile()).arrayBuffer());
}

/**
 * All that two runs which are the same have in common: every loss, norm, sample and evaluation, and the bits of the last
 * state. How fast they went differs, and so does what is counted in a sample, which waits until the text has been counted.
 */
export async function traceOf(tab: Tab, id: string) {
  const kept = await tab.session.showRun(id);
  if (!kept.ok) throw new Error(kept.failure.message);
  const folder = await folderOf(id);
  const newest = await newestSlot([await bytesOf(folder, 'latest.0'), await bytesOf(folder, 'latest.1')]);
  const { records, evaluations, norms, samples } = kept.value.metrics;
  const written = samples.map(({ counted: _, ...sample }) => sample);
  return { state: await sha256(newest!.payload), records, evaluations, norms, samples: written };
}

/** A line of the table that the tests print. */
export function report(kind: string, interruptions: number, exact: number): void {
  console.log(
    `interruption: ${kind}; interrupted ${interruptions} times; exact resumes ${exact}; losses ${interruptions - exact}`,
  );
}
