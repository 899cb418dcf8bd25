import { InklingError } from '../gpu/errors.ts';
import { checkRunConfig, type RunConfig } from '../model/config.ts';
import type { RunRecord } from '../storage/database.ts';
import { type Hold, heldRuns, holdRun, whenFree } from '../storage/holds.ts';
import { divide, type Metrics } from '../storage/metrics.ts';
import { type CheckpointKind, KINDS, type RunStore, sha256 } from '../storage/run-store.ts';
import { isDatasetName } from '../text/datasets.ts';
import { CharacterTokenizer } from '../text/tokenizer.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../training/checkpoint.ts';
import { overfittingSince } from '../training/overfitting.ts';
import { patienceIsOut } from '../training/state.ts';
import type { Trainer } from '../training/trainer.ts';
import type { RunText } from './live-run.ts';
import type { ForkChange, KeptRun, RunList, SessionEvent } from './messages.ts';
import type { RunParts } from './run-archive.ts';
import { type KeeperOptions, RunKeeper } from './run-keeper.ts';
import { summaryOf, withChange } from './run-summary.ts';
import { packTokens, unpackTokens } from './tokens.ts';

/** A kept run, ready to go on: nobody else writes to it, and all that it needs is whole. */
export interface TakenRun {
  hold: Hold;
  record: RunRecord;
  checkpoint: Checkpoint;
  text: RunText;
  /** Its curve up to the checkpoint. */
  metrics: Metrics;
}

const HELD = new InklingError(
  'run-elsewhere',
  'This run is open in another tab, and one tab at a time can train it.',
  'Close it there, or fork it here: the fork goes on by itself.',
);

/** What a session may do with the runs that this browser keeps. */
export class RunLibrary {
  readonly #store: RunStore;
  readonly #send: (event: SessionEvent) => void;
  /** To the other tabs. */
  readonly #channel = new BroadcastChannel('inkling runs');

  /** Runs of other tabs whose end is waited for. */
  readonly #watched = new Set<string>();

  constructor(store: RunStore, send: (event: SessionEvent) => void) {
    this.#store = store;
    this.#send = send;
    this.#channel.onmessage = () => send({ kind: 'runs-changed' });
  }

  /** The newest first, in an order that no save changes: nothing moves away under a hand. `own`: the run of this session. */
  async list(own: string | undefined): Promise<RunList> {
    const [records, held] = [await this.#store.list(), await heldRuns()];
    const runs = records.map((record) => summaryOf(record, held, own));
    for (const { id, open } of runs) if (open === 'elsewhere') this.#watch(id);
    return { runs: runs.sort((a, b) => b.created - a.created), bytes: await this.#store.usage() };
  }

  /** A run as it was last saved, whoever trains it. */
  async show(id: string, own: string | undefined): Promise<KeptRun> {
    const record = await this.#store.get(id);
    const { config, vocab_size, parameters } = record;
    const metrics = divide(await this.#store.metrics(id), record).told;
    const { statistics } = record;
    const summary = summaryOf(record, await heldRuns(), own);
    const overfitting_since = overfittingSince(metrics.evaluations);
    return { summary, config, vocab_size, parameters, metrics, overfitting_since, statistics };
  }

  /** Adds a new run, and begins to keep it. */
  async add(
    name: string,
    config: RunConfig,
    text: RunText,
    trainer: Trainer,
    begun?: RunRecord['begun'],
  ): Promise<RunKeeper> {
    const { vocab_size, vocabulary, documents } = text.tokenizer;
    const { bytes, bits } = packTokens(text.ids, vocab_size);
    const { products, precision } = trainer.computation;
    const now = Date.now();
    const identity = { name: text.name, sha256: text.sha256, documents };
    const record: RunRecord = {
      id: crypto.randomUUID(),
      name,
      created: now,
      saved: now,
      state: 'running',
      step: 0,
      evaluated: -1,
      sampled: 0,
      config,
      text: identity,
      corpus: { sha256: await sha256(bytes), bits, dataset: text.dataset },
      vocab_size,
      parameters: trainer.parameters,
      val_loss: null,
      best: null,
      fork: null,
      begun,
      computed: { on: trainer.adapter, products: products ?? {}, precision },
    };
    const hold = await holdRun(record.id);
    await this.#store.add(record, bytes);
    this.#changed();
    const model = { ...config.model, vocab_size };
    const description = { model, training: config.training, vocabulary, text: identity };
    return this.#keeper({ trainer, record, hold: hold!, description, val_loss: null, committed: -1 });
  }

  /** Begins once more to keep a run of which nothing was saved. `wait`: for whoever holds it, in milliseconds. */
  async keepAgain(id: string, { tokenizer }: RunText, trainer: Trainer, wait: number): Promise<RunKeeper> {
    const hold = await holdRun(id, wait);
    if (!hold) throw HELD;
    const record = await this.#store.get(id);
    await this.#store.cutMetrics(id, { step: 0, evaluated: -1, sampled: 0 });
    const { config, vocab_size, text } = record;
    const model = { ...config.model, vocab_size };
    const description = { model, training: config.training, vocabulary: tokenizer.vocabulary, text };
    return this.#keeper({ trainer, record, hold, description, val_loss: null, committed: -1 });
  }

  /** Goes on keeping a run. */
  keep({ record, hold, checkpoint }: TakenRun, trainer: Trainer): RunKeeper {
    const { state, val_loss, ...description } = checkpoint;
    return this.#keeper({ trainer, record, hold, description, val_loss, committed: state.step });
  }

  /**
   * Takes a run to go on with it, from its newest whole checkpoint. `wait`: for whoever holds it, in milliseconds.
   *
   * Throws `no-run`, `run-elsewhere`, `no-checkpoint`, `no-text-kept`, `other-text`.
   */
  async take(id: string, wait?: number): Promise<TakenRun> {
    const hold = await holdRun(id, wait);
    if (!hold) throw HELD;
    try {
      this.#store.reopen(id);
      const record = await this.#store.get(id);
      const checkpoint = await this.#checkpoint(record);
      const { bits, dataset } = record.corpus;
      const text: RunText = {
        ...record.text,
        tokenizer: CharacterTokenizer.ofVocabulary(checkpoint.vocabulary, checkpoint.text.documents),
        ids: unpackTokens(await this.#store.tokens(record), bits),
        dataset: dataset !== null && isDatasetName(dataset) ? dataset : null,
      };
      const metrics = await this.#store.cutMetrics(id, checkpoint.state);
      return { hold, record, checkpoint, text, metrics };
    } catch (error) {
      hold.release();
      throw error;
    }
  }

  /**
   * Copies a run as it was last saved, also one that another tab trains, under a name of its own. Returns its id.
   *
   * Throws `no-run`, `no-checkpoint`, `no-text-kept`, `bad-config`.
   */
  async fork(id: string, change: ForkChange): Promise<string> {
    const from = await this.#store.get(id);
    const checkpoint = change.from === 'best' ? await this.#best(from) : await this.#checkpoint(from);
    const training = withChange(checkpoint.training, change);
    checkRunConfig({ model: checkpoint.model, training });
    const { best } = checkpoint.state;
    // A run that has ended early has taken its best weights: a fork goes on from these, with new patience.
    const state =
      best !== null && patienceIsOut(checkpoint.training, checkpoint.state)
        ? { ...checkpoint.state, best: { ...best, step: checkpoint.state.evaluated } }
        : checkpoint.state;
    if (training.max_iters < state.step) {
      throw new InklingError(
        'bad-config',
        `The run is at step ${state.step} already, so its fork cannot end at ${training.max_iters}.`,
        `Give ${state.step} steps or more.`,
      );
    }
    const now = Date.now();
    const fork: RunRecord = {
      ...from,
      id: crypto.randomUUID(),
      name: change.name,
      config: { ...from.config, training },
      created: now,
      saved: now,
      state: 'stopped',
      step: state.step,
      evaluated: state.evaluated,
      sampled: state.sampled,
      best: state.best,
      val_loss: checkpoint.val_loss,
      fork: { id, name: from.name, step: state.step },
    };
    const kept = await this.#best(from).catch(() => null);
    return this.keepWhole({
      record: fork,
      tokens: await this.#store.tokens(from),
      checkpoint: { ...checkpoint, training, state },
      best: kept?.state.step === state.best?.step ? kept && { ...kept, training } : null,
      metrics: divide(await this.#store.metrics(id), state).told,
    });
  }

  /** All that is kept of a run, as it was last saved. Throws `no-run`, `no-checkpoint`, `no-text-kept`. */
  async whole(id: string): Promise<RunParts> {
    const record = await this.#store.get(id);
    const tokens = await this.#store.tokens(record);
    const checkpoint = await this.#checkpoint(record);
    const best = await this.#best(record).catch(() => null);
    return { record, tokens, checkpoint, best, metrics: divide(await this.#store.metrics(id), checkpoint.state).told };
  }

  /** Keeps a run that came from elsewhere; its parts have been checked. Returns its id. */
  async keepWhole({ record, tokens, checkpoint, best, metrics }: RunParts): Promise<string> {
    await this.#store.add(record, tokens);
    try {
      await this.#store.appendMetrics(record.id, metrics);
      await this.#store.write(record.id, 'latest', encodeCheckpoint(checkpoint));
      if (best !== null) await this.#store.write(record.id, 'best', encodeCheckpoint(best));
    } catch (error) {
      await this.#store.remove(record.id);
      throw error;
    }
    this.#changed();
    return record.id;
  }

  async rename(id: string, name: string): Promise<null> {
    await this.#store.change(id, { name });
    this.#changed();
    return null;
  }

  /** Throws `run-elsewhere` while a tab trains it. */
  async remove(id: string): Promise<null> {
    const hold = await holdRun(id);
    if (!hold) throw HELD;
    try {
      await this.#store.remove(id);
    } finally {
      hold.release();
    }
    this.#changed();
    return null;
  }

  #keeper(options: Omit<KeeperOptions, 'store' | 'send'>): RunKeeper {
    const send = (event: SessionEvent) => {
      this.#send(event);
      if (event.kind === 'checkpoint') this.#channel.postMessage(null);
    };
    return new RunKeeper({ ...options, store: this.#store, send });
  }

  /** Tells of the moment when another tab lets go of a run. */
  #watch(id: string): void {
    if (this.#watched.has(id)) return;
    this.#watched.add(id);
    void whenFree(id).then(() => {
      this.#watched.delete(id);
      this.#send({ kind: 'runs-changed' });
    });
  }

  /** Tells all tabs that the list has changed. */
  #changed(): void {
    this.#channel.postMessage(null);
    this.#send({ kind: 'runs-changed' });
  }

  /** The state of the lowest validation loss. Throws `no-checkpoint` where it is not kept. */
  async #best(record: RunRecord): Promise<Checkpoint> {
    if (await this.#store.read(record.id, 'best')) return this.#checkpoint(record, ['best']);
    throw new InklingError(
      'no-checkpoint',
      `The best state of “${record.name}” is not kept, only its last one.`,
      'Fork it from its last save.',
    );
  }

  /** The newest whole checkpoint that belongs to the record; the best one where the latest is damaged. */
  async #checkpoint(record: RunRecord, kinds: readonly CheckpointKind[] = KINDS): Promise<Checkpoint> {
    let fault: unknown;
    for (const kind of kinds) {
      try {
        const bytes = await this.#store.read(record.id, kind);
        const checkpoint = bytes && decodeCheckpoint(bytes);
        if (checkpoint && checkpoint.text.sha256 !== record.text.sha256) throw otherText(record);
        if (checkpoint) return checkpoint;
      } catch (error) {
        fault ??= error;
      }
    }
    throw (
      fault ??
      new InklingError(
        'no-checkpoint',
        `“${record.name}” was interrupted before it was saved for the first time.`,
        'Delete it, and start it again.',
      )
    );
  }
}

function otherText({ name, text }: RunRecord): InklingError {
  return new InklingError(
    'other-text',
    `The saved state of “${name}” comes from another text than “${text.name}”.`,
    'It does not go on, for that would mix the two. Start a new run.',
  );
}
