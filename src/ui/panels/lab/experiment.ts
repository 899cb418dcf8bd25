import type { LabOutcome, Losses } from '../../../worker/lab.ts';
import type { Failure } from '../../../worker/messages.ts';
import type { Session } from '../../session-client.ts';
import { type LabSettings, labRun, SETTINGS, VARIANTS, type Variant } from './variants.ts';

/** A run of the experiment, as far as it has come. Columns grow in place. */
export interface LabResult {
  steps: number[];
  train: number[];
  val: number[];
  /** Null until it is through. */
  outcome: LabOutcome | null;
}

/** What the results belong to. */
interface Origin {
  session: Session;
  text: string;
  settings: LabSettings;
}

/**
 * The experiment: what is chosen, what goes on, and what has come out. It outlives the panel that shows it, which goes
 * when another part of the page is chosen. Tells of each change by a `change` event.
 */
export class Experiment extends EventTarget {
  settings = SETTINGS;
  chosen: ReadonlySet<Variant> = new Set(VARIANTS);
  results: ReadonlyMap<Variant, LabResult> = new Map();
  /** What is trained now. */
  running: Variant | null = null;
  /** Whether all that was asked for has been trained. */
  finished = false;
  failure: Failure | null = null;
  #origin: Origin | null = null;
  #stopping = false;

  /** Chooses other settings or remedies. What has come out stays until the next run. */
  choose(change: Partial<LabSettings>, chosen = this.chosen): void {
    this.settings = { ...this.settings, ...change };
    this.chosen = chosen;
    this.#tell();
  }

  /** Whether what has come out is of this text and these settings. */
  isCurrent(text: string): boolean {
    return this.#origin !== null && this.#origin.text === text && same(this.#origin.settings, this.settings);
  }

  /** Settings that the results on show are of. */
  get shown(): LabSettings {
    return this.#origin?.settings ?? this.settings;
  }

  /** Trains whatever is chosen and has not been trained, on the text of this SHA-256; the first failure ends it. */
  async run(session: Session, text: string): Promise<void> {
    if (this.running !== null) return;
    const { settings } = this;
    if (!this.isCurrent(text)) this.results = new Map();
    this.#origin = { session, text, settings };
    this.#stopping = false;
    this.finished = false;
    this.failure = null;
    for (const variant of VARIANTS) {
      const wanted = variant === 'plain' || this.chosen.has(variant); // there is nothing to compare without it
      if (!wanted || this.results.get(variant)?.outcome) continue;
      if (this.#stopping) break;
      const result: LabResult = { steps: [], train: [], val: [], outcome: null };
      this.results = new Map(
        VARIANTS.flatMap((one) => {
          const kept = one === variant ? result : this.results.get(one);
          return kept ? [[one, kept] as const] : [];
        }),
      );
      this.running = variant;
      this.#tell();
      const answer = await session.lab.train(
        labRun(variant, settings, text),
        ({ step, train_loss, val_loss }: Losses) => {
          result.steps.push(step);
          result.train.push(train_loss);
          result.val.push(val_loss);
          this.#tell();
        },
      );
      if (answer.ok) {
        result.outcome = answer.value;
      } else {
        if (answer.failure.code !== 'stopped') this.failure = answer.failure;
        if (result.steps.length === 0) this.results = new Map([...this.results].filter(([one]) => one !== variant));
        this.#stopping = true;
      }
      this.#tell();
    }
    this.running = null;
    this.finished = !this.#stopping;
    this.#tell();
  }

  end(): void {
    this.#stopping = true;
    void this.#origin?.session.lab.stop();
  }

  #tell(): void {
    this.dispatchEvent(new Event('change'));
  }
}

const same = (one: LabSettings, other: LabSettings) =>
  one.characters === other.characters && one.steps === other.steps && one.seed === other.seed;
