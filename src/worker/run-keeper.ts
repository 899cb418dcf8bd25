import { InklingError, toFailure } from '../gpu/errors.ts';
import type { RunRecord, RunState } from '../storage/database.ts';
import type { Hold } from '../storage/holds.ts';
import {
  divide,
  type Evaluation,
  joined,
  type Metrics,
  noMetrics,
  type Sample,
  type Speed,
} from '../storage/metrics.ts';
import type { RunStore } from '../storage/run-store.ts';
import type { TextStatistics } from '../text/statistics.ts';
import { type Checkpoint, encodeCheckpoint } from '../training/checkpoint.ts';
import type { TrainingState } from '../training/state.ts';
import type { StepNorms, StepRecord, Trainer } from '../training/trainer.ts';
import type { SessionEvent } from './messages.ts';

/** A run that is going on is saved this often, in milliseconds, besides at evaluations. */
const INTERVAL_MS = 30_000;
/** Evaluations that are not the best yet are saved no more often than this. */
const EVALUATION_MS = 5_000;

export interface KeeperOptions {
  store: RunStore;
  hold: Hold;
  record: RunRecord;
  /** What stays the same in all checkpoints of the run. */
  description: Omit<Checkpoint, 'state' | 'val_loss'>;
  /** Validation loss at the last evaluation. */
  val_loss: number | null;
  /** The step of the checkpoint that it goes on from; -1 for a new run. */
  committed: number;
  trainer: Trainer;
  send: (event: SessionEvent) => void;
}

/** A state to be written, and the validation loss that was the last one then. */
interface Snapshot {
  state: TrainingState;
  val_loss: number | null;
}

/**
 * Saves a run while it goes: its curve, its newest state and its best one. What a checkpoint vouches for is on the disk
 * before it: first the curve up to its step, then the checkpoint, then the record in the list. Never throws: a run whose
 * storage fails goes on, and the page is told.
 */
export class RunKeeper {
  readonly id: string;
  readonly name: string;
  readonly #options: KeeperOptions;
  readonly #timer: ReturnType<typeof setInterval>;
  #val_loss: number | null;
  /** What has been told since the last commit. */
  #untold: Metrics = noMetrics();
  #latest: Snapshot | undefined;
  #best: Snapshot | undefined;
  #state: RunState = 'running';
  #writing: Promise<void> | undefined;
  #lastSave = performance.now();
  /** The step of the last checkpoint that was committed; -1 before the first. */
  #committed: number;
  /** Whether the last save failed, and the page has been told so. */
  #failing = false;
  #closed = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.id = options.record.id;
    this.name = options.record.name;
    this.#val_loss = options.val_loss;
    this.#committed = options.committed;
    this.#timer = setInterval(() => {
      if (this.#state === 'running') void this.save();
    }, INTERVAL_MS);
  }

  /** Whether the run is still in its hands. */
  get open(): boolean {
    return !this.#closed;
  }

  get committed(): number {
    return this.#committed;
  }

  steps(records: readonly StepRecord[]): void {
    for (const record of records) this.#untold.records.push(record);
  }

  evaluated(evaluation: Evaluation, improved: boolean): void {
    this.#untold.evaluations.push(evaluation);
    this.#val_loss = evaluation.val_loss;
    if (improved || performance.now() - this.#lastSave > EVALUATION_MS) void this.#take(improved);
  }

  sampled(sample: Sample): void {
    this.#untold.samples.push(sample);
  }

  /** What was counted in the run's text. */
  measured(statistics: TextStatistics): void {
    void this.#attempt(() => this.#options.store.change(this.id, { statistics }));
  }

  norms(norms: StepNorms): void {
    this.#untold.norms.push(norms);
  }

  speed(speed: Speed): void {
    this.#untold.speeds.push(speed);
  }

  /** The run goes on after a pause. */
  resumed(): void {
    this.#state = 'running';
  }

  /** Saves the state of this moment; resolves when it is on the disk, or has failed to get there. */
  save(state?: RunState): Promise<void> {
    if (state) this.#state = state;
    return this.#take(false);
  }

  /** Saves the end of the run and lets go of it. `readable`: whether its weights can still be had, and are sound. */
  async close(state: RunState, readable = true): Promise<void> {
    if (this.#closed) return;
    const { trainer, description, store, hold } = this.#options;
    clearInterval(this.#timer);
    this.#state = state;
    // With patience, the weights at the end are those of the best evaluation.
    if (state === 'finished' && description.training.patience > 0) this.#val_loss = trainer.best?.val_loss ?? null;
    if (readable) {
      await this.#take(false);
    } else {
      await this.#writing;
      await this.#attempt(() => this.#append({ told: this.#untold, rest: noMetrics() }));
      await this.#attempt(() => store.change(this.id, { state, saved: Date.now() }));
    }
    this.#closed = true;
    hold.release();
  }

  /** Saves no more, for the device is gone, and lets go of the run. */
  async abandon(): Promise<void> {
    clearInterval(this.#timer);
    this.#closed = true;
    await this.#writing;
    this.#options.hold.release();
  }

  async #take(best: boolean): Promise<void> {
    if (this.#closed) return;
    const val_loss = this.#val_loss;
    this.#lastSave = performance.now();
    let snapshot: Snapshot;
    try {
      snapshot = { state: await this.#options.trainer.snapshot(), val_loss };
    } catch (error) {
      // A lost device or a run that diverged is told by others.
      if (error instanceof InklingError && error.code === 'out-of-memory') this.#report(error);
      return;
    }
    if (this.#closed) return;
    if (best) this.#best = snapshot;
    if (snapshot.state.step >= (this.#latest?.state.step ?? 0)) this.#latest = snapshot;
    // Again where the writer had just looked for the last time.
    while (this.#latest || this.#writing) {
      this.#writing ??= this.#write().finally(() => {
        this.#writing = undefined;
      });
      await this.#writing;
    }
  }

  /** Writes until nothing newer waits: of states that come faster than the disk takes them, the last counts. */
  async #write(): Promise<void> {
    while (this.#latest) {
      const [latest, best] = [this.#latest, this.#best];
      this.#latest = undefined;
      this.#best = undefined;
      const committed = await this.#attempt(() => this.#commit(latest, best));
      if (!committed) this.#best ??= best; // it may be the best for long
    }
  }

  async #commit(latest: Snapshot, best: Snapshot | undefined): Promise<void> {
    const { store, send } = this.#options;
    const { step, evaluated, sampled } = latest.state;
    await this.#append(divide(this.#untold, latest.state));
    const bytes = this.#encode(latest);
    await store.write(this.id, 'latest', bytes);
    this.#committed = step;
    if (best) await store.write(this.id, 'best', best === latest ? bytes : this.#encode(best));
    await store.change(this.id, {
      step,
      evaluated,
      sampled,
      val_loss: latest.val_loss,
      best: latest.state.best,
      state: this.#state,
      saved: Date.now(),
    });
    this.#failing = false;
    send({ kind: 'checkpoint', step });
  }

  /** Appends to the kept curve what is `told`; when that fails it waits, with the rest, for the next time. */
  async #append({ told, rest }: { told: Metrics; rest: Metrics }): Promise<void> {
    this.#untold = rest;
    try {
      await this.#options.store.appendMetrics(this.id, told);
    } catch (error) {
      this.#untold = joined([told, this.#untold]);
      throw error;
    }
  }

  #encode({ state, val_loss }: Snapshot): Uint8Array<ArrayBuffer> {
    return encodeCheckpoint({ ...this.#options.description, val_loss, state });
  }

  /** Whether `work` was done; the page is told where it was not. */
  async #attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#report(error);
      return false;
    }
  }

  #report(error: unknown): void {
    if (this.#failing) return; // once is enough until it has worked again
    this.#failing = true;
    this.#options.send({ kind: 'error', failure: toFailure(notSaved(error, this.#committed)) });
  }
}

/** Why something could not be saved, in words. */
export function notSaved(error: unknown, committed: number): unknown {
  const kept = committed < 0 ? 'Nothing of the run is saved yet' : `The run is saved up to step ${committed}`;
  if (error instanceof InklingError) {
    return new InklingError(
      error.code,
      `${kept}; training goes on, but it could not be saved: ${error.message}`,
      error.hint,
    );
  }
  const full = error instanceof DOMException && error.name === 'QuotaExceededError';
  if (full) {
    return new InklingError(
      'storage-full',
      `The browser’s storage is full. ${kept}, and training goes on.`,
      'Delete runs that you no longer need, or free space on the disk; the run is saved again as soon as there is room.',
    );
  }
  return new InklingError(
    'not-saved',
    `${kept}; training goes on, but it could not be saved: ${error instanceof Error ? error.message : error}`,
    'If it happens again, reload the page and go on from the last save.',
  );
}
