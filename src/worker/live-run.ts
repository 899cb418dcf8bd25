import type { Device } from '../gpu/device.ts';
import { InklingError } from '../gpu/errors.ts';
import { requireFits } from '../graph/program.ts';
import { traitsOf } from '../graph/traits.ts';
import { isChoice, type ProductChoices } from '../graph/tuner.ts';
import { type RunConfig, tokensPerStep } from '../model/config.ts';
import { splitCorpus, type TokenIds } from '../text/corpus.ts';
import { DATASETS } from '../text/datasets.ts';
import type { TextMeasure } from '../text/statistics.ts';
import type { CharacterTokenizer } from '../text/tokenizer.ts';
import { testProblems } from '../training/accuracy.ts';
import { requireCorpusFits } from '../training/batches.ts';
import type { Checkpoint } from '../training/checkpoint.ts';
import { estimateMemory, type MemoryEstimate } from '../training/memory.ts';
import { type Losses, overfittingSince } from '../training/overfitting.ts';
import type { TrainingState } from '../training/state.ts';
import type { Trainer, TrainerOptions } from '../training/trainer.ts';
import { type EventStream, RunClock } from './event-stream.ts';
import type { Metrics } from './messages.ts';
import type { RunKeeper } from './run-keeper.ts';
import { measureOf } from './text-measures.ts';
import type { LoadedText } from './texts.ts';
import { tuningMemory } from './tuning.ts';
import type { Writer, WritingModel } from './writer.ts';

/** The speed is kept this often, in milliseconds. */
const NOTE_MS = 1000;

/** A text as a run knows it. */
export type RunText = Omit<LoadedText, 'preview'>;

/** What the first weights of a run come from. */
export type Beginning = 'seed' | 'model';

/** What a run is made of before it has a trainer. */
export interface RunPlan {
  config: RunConfig;
  text: RunText;
  /** Where it goes on from. */
  state?: TrainingState | undefined;
  /** Validation loss at its last evaluation, where it goes on. */
  val_loss?: number | null;
  /** Whether its first weights come from the seed, or from another model; undefined where nobody knows any more. */
  begun: Beginning | undefined;
  /** The variants of the products that it is to take; else they are timed, where that pays. */
  products?: ProductChoices | undefined;
  /** What it has told before, where it goes on. */
  metrics?: Metrics;
  /** Whether it stands still at first. */
  paused?: boolean;
  /** Begins to save it; undefined where this browser keeps no runs. */
  keep: (trainer: Trainer) => Promise<RunKeeper | undefined>;
  /** Called when it does not start. */
  letGo?: () => void;
}

/** The variants that a link names. Throws `bad-link` where this version does not have them. */
export function productsOf(named: Readonly<Record<string, string>> | undefined): ProductChoices | undefined {
  if (named === undefined || isChoice(named)) return named;
  throw new InklingError(
    'bad-link',
    'The run of this link was computed by kernels that this version does not have, so its exact losses cannot be had.',
    'Press “Forget the link”, and Train makes the same run but for the last digits.',
  );
}

/** Throws `too-large`, in words, where a buffer of the run is larger than the adapter allows. */
export function requireMemory(device: Device, { largest }: MemoryEstimate, { ids, tokenizer }: RunText): void {
  requireCorpusFits(device, ids.length, tokenizer.vocab_size);
  requireFits(device, largest.bytes, largest.what);
}

/** What a trainer is made of. Throws `too-large` where this adapter cannot hold the run. */
export function trainerOptions(
  device: Device,
  { config, text, state, begun, products }: Pick<RunPlan, 'config' | 'text' | 'state' | 'products'> & Partial<RunPlan>,
): TrainerOptions {
  const { ids, tokenizer, dataset } = text;
  const model = { ...config.model, vocab_size: tokenizer.vocab_size };
  const task = dataset === null ? undefined : DATASETS[dataset].task;
  const problems = task && testProblems(task, tokenizer);
  const { training } = config;
  requireMemory(device, estimateMemory(model, training, ids.length, traitsOf(device)), text); // before anything is allocated
  const tuning = device.software ? undefined : { memory: tuningMemory }; // a processor takes long for it
  return {
    model,
    training,
    ...splitCorpus(ids),
    problems,
    ...(state && { state }),
    seeded: begun === 'seed',
    products,
    tuning,
  };
}

/** How often the preparation of a run is told, in milliseconds. */
const PREPARING_MS = 100;

/** Puts into words, for `tell`, what is being done before the first step. */
export function preparation(tell: (detail: string) => void): TrainerOptions['preparing'] {
  let told = 0;
  return (work, done, total) => {
    const now = performance.now();
    if (now - told < PREPARING_MS && done < total) return;
    told = now;
    tell(`${work === 'tuning' ? 'Timing kernels on this adapter' : 'Compiling kernels'}, ${done} of ${total}`);
  };
}

/** A model on the GPU, the run that trains it, and how to read what it writes. */
export class LiveRun implements WritingModel {
  readonly trainer: Trainer;
  readonly tokenizer: CharacterTokenizer;
  readonly config: RunConfig;
  /** The text that it learns, in the model's ids. */
  readonly ids: TokenIds;
  /** Name of that text. */
  readonly textName: string;
  /** That text as a checkpoint names it. */
  readonly text: Checkpoint['text'];
  readonly begun: Beginning | undefined;
  /** Steps that it had made when it came to the GPU. */
  readonly firstStep: number;
  /** Validation loss of the weights as they were last evaluated, in nats. */
  val_loss: number | null;
  readonly keeper: RunKeeper | undefined;
  /** Resolves when nothing of it is on the GPU any more, and its end is saved. */
  ended: Promise<void> = Promise.resolve();
  readonly #clock: RunClock;
  readonly #events: EventStream;
  readonly #evaluations: Losses[];
  #notedAt = performance.now();
  /** The last step whose speed was kept. */
  #noted = 0;
  /** What its samples are measured by, once that has been read. */
  #measure: TextMeasure | undefined;

  /** Tells that the run has started. */
  constructor(
    { config, text, metrics, begun, val_loss = null }: RunPlan,
    trainer: Trainer,
    keeper: RunKeeper | undefined,
    events: EventStream,
  ) {
    this.trainer = trainer;
    this.tokenizer = text.tokenizer;
    this.config = config;
    this.begun = begun;
    this.val_loss = val_loss;
    this.firstStep = trainer.step;
    this.#noted = trainer.step; // there is no speed before a step of its own
    this.ids = text.ids;
    this.textName = text.name;
    this.text = { name: text.dataset ?? text.name, sha256: text.sha256, documents: text.tokenizer.documents };
    this.keeper = keeper;
    this.#clock = new RunClock(config.training.max_iters - trainer.step, tokensPerStep(config));
    this.#events = events;
    this.#evaluations = [...(metrics?.evaluations ?? [])];
    events.startRun(this.#clock);
    events.send({
      kind: 'started',
      run: keeper ? { id: keeper.id, name: keeper.name } : null,
      before: metrics
        ? { step: trainer.step, metrics, overfitting_since: overfittingSince(metrics.evaluations) }
        : null,
      config,
      text: text.name,
      vocab_size: text.tokenizer.vocab_size,
      vocabulary: text.tokenizer.vocabulary,
      parameters: trainer.parameters,
      gpu_bytes: trainer.gpuBytes,
      dispatches: trainer.dispatchesPerStep,
      precision: trainer.computation.precision,
      note: trainer.computation.note,
    });
    void measureOf(text).then((measure) => {
      this.#measure = measure;
      keeper?.measured(measure.statistics);
      if (!trainer.control.stopped) events.send({ kind: 'measured', of: 'run', statistics: measure.statistics });
    });
  }

  pause(): void {
    this.trainer.control.pause();
    this.#clock.pause();
  }

  resume(): void {
    this.#clock.resume();
    this.keeper?.resumed();
    this.trainer.control.resume();
  }

  /** Keeps the speed once a second, and at evaluations, which short runs have too. */
  #noteSpeed(step: number, evaluated = false): void {
    const now = performance.now();
    if (step <= this.#noted || (!evaluated && now - this.#notedAt < NOTE_MS)) return;
    this.#notedAt = now;
    this.#noted = step;
    this.keeper?.speed({ step, tokens_per_s: this.#clock.tokensPerSecond() });
  }

  /** Trains to the end (true) or until it is stopped (false), tells what happens and keeps it. Throws what the trainer does. */
  async run(writer: Writer): Promise<boolean> {
    const { keeper, trainer } = this;
    const events = this.#events;
    const finished = await trainer.run({
      steps: (records) => {
        keeper?.steps(records);
        events.steps(records);
        this.#noteSpeed(records.at(-1)!.step);
      },
      norms: (norms) => {
        keeper?.norms(norms);
        events.send({ kind: 'norms', norms });
      },
      evaluated: (step, train_loss, val_loss, improved, accuracy) => {
        this.val_loss = val_loss;
        this.#noteSpeed(step, true);
        keeper?.evaluated({ step, train_loss, val_loss, accuracy }, improved);
        this.#evaluations.push({ step, train_loss, val_loss });
        const overfitting_since = overfittingSince(this.#evaluations);
        events.send({ kind: 'eval', step, train_loss, val_loss, overfitting_since, accuracy });
      },
      sampleDue: async (step) => {
        const seed = (this.config.training.seed + step) >>> 0; // the largest is 2^32 - 1
        const sample = await writer.sample(this, step, seed, this.#measure);
        keeper?.sampled(sample);
        events.send({ kind: 'sample', ...sample });
      },
    });
    if (finished && trainer.best && this.config.training.patience > 0) this.val_loss = trainer.best.val_loss; // whose weights it has taken
    return finished;
  }
}
