import type { Failure } from '../gpu/errors.ts';
import type { GPTConfig, PresetName, RunConfig } from '../model/config.ts';
import type { Choices } from '../storage/choices.ts';
import type { Computed, RunState } from '../storage/database.ts';
import type { Metrics, Sample } from '../storage/metrics.ts';
import type { UnknownChoice } from '../text/adapt.ts';
import type { DatasetName } from '../text/datasets.ts';
import type { TextStatistics } from '../text/statistics.ts';
import type { StepNorms, StepRecord } from '../training/trainer.ts';
import type { BenchmarkCommands } from './benchmarking.ts';
import type { InspectionCommands } from './inspection/messages.ts';
import type { LabCommands } from './lab.ts';
import type { Measured, PlanningCommands, RunEstimate } from './planning.ts';
import type { RateCommands } from './rates.ts';
import type { ShrinkCommands } from './shrinking.ts';

export type {
  Choices,
  Computed,
  DatasetName,
  Failure,
  Measured,
  Metrics,
  RunEstimate,
  RunState,
  Sample,
  StepNorms,
  StepRecord,
  TextStatistics,
  UnknownChoice,
};

/** What crosses back from a command: a value, or the reason why there is none. Never an exception. */
export type Result<T> = { ok: true; value: T } | { ok: false; failure: Failure };

/** The GPU that answered. */
export interface AdapterDescription {
  /** One readable line, e.g. "NVIDIA H100" or "SwiftShader". */
  name: string;
  /** True for an adapter that computes on the processor: correct, but slow. */
  software: boolean;
  /** Whether training can compute with f16. */
  half: boolean;
  /** The preset that a first run takes here. */
  preset: PresetName;
}

/** Where a text comes from. A file crosses over without being read. */
export type TextSource =
  | { kind: 'dataset'; name: DatasetName }
  | { kind: 'file'; name: string; file: Blob }
  | { kind: 'address'; address: string }
  | { kind: 'paste'; text: string };

export interface TextDescription {
  /** The name that the page shows: a title or a file name. */
  name: string;
  /** The data set that it is, if it is one. */
  dataset: DatasetName | null;
  /** Of its bytes as they came, in hexadecimal. */
  sha256: string;
  /** Code points in the text, a separator of documents counting as one. */
  characters: number;
  /** V: distinct characters and `<|endoftext|>`. */
  vocab_size: number;
  /** The first few hundred characters. */
  preview: string;
  /** A prompt that suits it, where that is not how it begins: a problem without its answer, or nothing. */
  opening: string | null;
  /** What was counted in it; of a large text it comes later, as `measured`. */
  statistics?: TextStatistics | null;
}

/** What a run starts from: a new model, the one trained last, or the one that was opened. */
export type Start = { from: 'new' } | { from: 'run' | 'file'; unknown: UnknownChoice | null };

/** A model to start from, beside the present text. */
export interface StartDescription {
  /** The file's name, or that of the text it has learnt. */
  name: string;
  model: GPTConfig;
  /** Characters of the text that the model does not know, listed for a sentence. */
  unknown: { count: number; listed: string };
}

export interface GenerateRequest {
  prompt: string;
  /** Characters to write. */
  length: number;
  /** 0 takes the most probable character each time. */
  temperature: number;
  /** See `SamplingOptions`; left out, all characters may be drawn, and none is held back for being there already. */
  top_k?: number;
  top_p?: number;
  repetition_penalty?: number;
  seed: number;
  /** The text ends before the first of these that comes. */
  stop?: string[];
}

/** What other programs open; see `src/formats`. */
export type ExportFormat = 'checkpoint' | 'huggingface' | 'gguf' | PageFormat;

/** A page in one file that writes by itself, with so many bits a number of the model's matrices. */
export type PageFormat = 'html-8' | 'html-4' | 'html-32';

export interface ExportedFile {
  name: string;
  /** Transferred, not copied. */
  bytes: ArrayBuffer;
}

/** The session's life. `stopped` and `finished` keep the model, so that it can be prompted. */
export type Phase = 'idle' | 'preparing' | 'running' | 'paused' | 'stopped' | 'finished' | 'failed';

/** A run that this browser keeps, as a list shows it. */
export interface RunSummary {
  id: string;
  name: string;
  /** Name of the text that it learns. */
  text: string;
  /** Milliseconds since 1970. */
  created: number;
  saved: number;
  /** As it was last saved. */
  step: number;
  steps: number;
  val_loss: number | null;
  /** `interrupted`: it was going on, and no tab trains it any more. */
  state: RunState | 'interrupted';
  /** The tab that has it in hand, if one does. */
  open: 'here' | 'elsewhere' | null;
  /** What it was copied from, and at which step. */
  fork: { id: string; name: string; step: number } | null;
  /** Its lowest validation loss, where that has been measured. */
  best: { step: number; val_loss: number } | null;
  config: RunConfig;
  /** What else decides its losses: the text, where its first weights come from, and how it computes, where that is known. */
  origin: { dataset: DatasetName | null; sha256: string; begun: 'seed' | 'model'; computed: Computed | null };
}

export interface RunList {
  runs: RunSummary[];
  /** Bytes that all of them take. */
  bytes: number;
}

/** A kept run with its curve, as it was last saved. */
export interface KeptRun {
  summary: RunSummary;
  config: RunConfig;
  vocab_size: number;
  parameters: number;
  metrics: Metrics;
  /** As `eval` told it last. */
  overfitting_since: number | null;
  /** What was counted in its text; older runs lack it. */
  statistics?: TextStatistics | undefined;
}

/** What a fork has that its run has not. */
export interface ForkChange {
  name: string;
  /** Steps in all. */
  steps?: number;
  learning_rate?: number;
  /** Which of the saved states it goes on from: the last one, unless it says otherwise. */
  from?: 'latest' | 'best';
}

/** Everything the worker tells, batched to about ten messages a second. */
export type SessionEvent =
  /** How far a text has been read, in bytes; `total` null while unknown. */
  | { kind: 'reading'; done: number; total: number | null }
  /** `detail` says in words what is being done, while `preparing`. */
  | { kind: 'status'; phase: Phase; detail: string }
  /** A run has started: its whole configuration, the size of the model and where the curve starts. */
  | {
      kind: 'started';
      /** As it is kept; null where this browser keeps none. */
      run: { id: string; name: string } | null;
      /** What it has told before, when it goes on from a checkpoint; the steps come after it. */
      before: { step: number; metrics: Metrics; overfitting_since: number | null } | null;
      config: RunConfig;
      /** Name of the text that it learns. */
      text: string;
      vocab_size: number;
      /** The token of each id, `<|endoftext|>` the last; a recorded run lacks it. */
      vocabulary?: readonly string[];
      parameters: number;
      gpu_bytes: number;
      dispatches: number;
      /** What its matrix products read, and why that is not what was asked for; empty where it is. */
      precision: 'f32' | 'f16';
      note: string;
    }
  | { kind: 'step'; records: StepRecord[]; tokens_per_s: number; seconds_left: number }
  /** `overfitting_since`: the step of the evaluation after which the model has begun to overfit, or null. `accuracy`: the
   * share of held-out problems answered exactly, where the text is a task. */
  | {
      kind: 'eval';
      step: number;
      train_loss: number;
      val_loss: number;
      overfitting_since: number | null;
      accuracy?: number | undefined;
    }
  /** How far one step has moved each tensor; at evaluations, and a few times between. */
  | { kind: 'norms'; norms: StepNorms }
  /** A piece of the sample that is being written. */
  | { kind: 'sampling'; step: number; text: string; choices: Choices }
  /** A sample written during training, whole. */
  | ({ kind: 'sample' } & Sample)
  /** A piece of what `generate` writes; `done` with the last one. */
  | { kind: 'generated'; text: string; choices: Choices; done: boolean }
  /** What was counted in the text of the next run, or in that of the present one; comes some time after either. */
  | { kind: 'measured'; of: 'text' | 'run'; statistics: TextStatistics }
  /** The run is on the disk up to this step. */
  | { kind: 'checkpoint'; step: number }
  /** The device is lost; the run goes on from this step as soon as there is another one. */
  | { kind: 'recovering'; step: number }
  /** The list of kept runs, or one of them, has changed, in this tab or another one. */
  | { kind: 'runs-changed' }
  | { kind: 'error'; failure: Failure };

/** The commands the worker answers, wrapped by comlink on the page's side. */
export interface SessionCommands {
  readonly inspection: InspectionCommands;
  readonly rates: RateCommands;
  readonly benchmarking: BenchmarkCommands;
  readonly lab: LabCommands;
  readonly planning: PlanningCommands;
  readonly shrinking: ShrinkCommands;
  /** Registers the one listener (a comlink proxy). It has had all events of a command before that command is answered. */
  listen(listener: (event: SessionEvent) => void): void;
  /** Asks for an adapter and a device. The failure codes name each way WebGPU can be missing:
   * `insecure-context`, `no-webgpu`, `no-adapter`, `no-device`. */
  connect(): Promise<Result<AdapterDescription>>;
  /** Reads and checks a text; it is the text of the next run. A refused text leaves the previous one in place; a newer
   * one ends the reading of this one, which answers `superseded`. Codes: `bad-text`, `unreadable-file`, `bad-address`,
   * `not-fetched`, `empty-text`, `short-text`, `too-many-characters`. */
  loadText(source: TextSource): Promise<Result<TextDescription>>;
  /** Opens a checkpoint as a model to start from. */
  openModel(name: string, file: Blob): Promise<Result<null>>;
  /** Tells of a model to start from. */
  describeStart(from: 'run' | 'file'): Promise<Result<StartDescription>>;
  /** Starts a run; answers when the first step can be taken, or says why not. A model to start from decides the shape.
   * `name`: under which it is kept. `products`: the kernels' variants that another run was computed with on this adapter,
   * to repeat its bits; code `bad-link` where this version does not have them. */
  train(
    config: RunConfig,
    start?: Start,
    name?: string,
    products?: Readonly<Record<string, string>>,
  ): Promise<Result<null>>;
  /** These three answer within 200 ms. Nothing is submitted to the GPU after they have answered. */
  pause(): Promise<Result<null>>;
  resume(): Promise<Result<null>>;
  stop(): Promise<Result<null>>;
  /** Writes text with the present weights (also while paused); pieces come as `generated` events. Answers at the end. */
  generate(request: GenerateRequest): Promise<Result<null>>;
  cancelGeneration(): Promise<Result<null>>;
  /** The model as a file, between steps. Codes: `no-model`, `not-expressible`, `still-training`. */
  exportModel(format: ExportFormat): Promise<Result<ExportedFile>>;
  /** Saves the run as it is now: the page is about to be hidden or frozen. Answers when it is on the disk. */
  save(): Promise<Result<null>>;
  /** The runs that this browser keeps; all of these fail with `no-storage` where it keeps none. */
  listRuns(): Promise<Result<RunList>>;
  /** A run as it was last saved; it may be one that another tab trains. Code: `no-run`. */
  showRun(id: string): Promise<Result<KeptRun>>;
  /** Goes on with a run from its last checkpoint, as if it had never been interrupted; a finished one can be prompted.
   * Codes: `no-run`, `run-elsewhere`, `no-checkpoint`, `no-text-kept`, `other-text`, and those of `train`. */
  resumeRun(id: string): Promise<Result<null>>;
  /** Copies a run as it was last saved; answers with the id of the copy. */
  forkRun(id: string, change: ForkChange): Promise<Result<string>>;
  /** A whole run as one file: its states, its curve, its samples and the text that it learns. Codes: `no-run`,
   * `no-checkpoint`, `no-text-kept`. */
  exportRun(id: string): Promise<Result<ExportedFile>>;
  /** Keeps the run of such a file, or of a checkpoint whose text is the present one or at hand; answers with its id. Codes:
   * `unreadable-file`, `bad-run`, `no-run-file` (an archive of something else), `other-text`, those of a ZIP archive and of
   * a checkpoint. */
  importRun(name: string, file: Blob): Promise<Result<string>>;
  renameRun(id: string, name: string): Promise<Result<null>>;
  /** Code: `run-elsewhere`, also while this tab trains it. */
  deleteRun(id: string): Promise<Result<null>>;
}
