import {
  type ConfigKey,
  configFaults,
  type Fault,
  lowerLearningRate,
  type PresetName,
  type RunConfig,
} from '../model/config.ts';
import { firstWords } from '../text/characters.ts';
import type {
  AdapterDescription,
  Choices,
  Failure,
  GenerateRequest,
  Phase,
  RunList,
  RunSummary,
  Sample,
  Start,
  StartDescription,
  StepNorms,
  TextDescription,
  TextStatistics,
  UnknownChoice,
} from '../worker/messages.ts';
import type { Mark } from './charts/series.ts';
import type { LinkedText } from './link.ts';
import type { PanelName } from './panel-names.ts';
import type { RecordingView } from './recording/recording.ts';
import type { RunHistory } from './run-history.ts';
import { configOf, NOTHING_CHOSEN, type Settings, settingsFrom } from './settings.ts';
import { MILESTONES, PRESETS, SETTINGS } from './strings.ts';

export { PANELS, type PanelName } from './panel-names.ts';
export type { Settings } from './settings.ts';

import { DEFAULT_PREFERENCES, type Preferences } from './preferences.ts';

/** Characters of the prompt that is offered, at most. */
const OPENING = 20;

export interface Evaluation {
  step: number;
  train: number;
  val: number;
  /** The share of held-out problems answered exactly, where the text is a task. */
  accuracy?: number | undefined;
}

/** What the next run starts from. */
export interface StartView {
  from: Start['from'];
  /** Name of the saved model that has been opened. */
  opened: string | null;
  /** What becomes of characters that the model does not know. */
  unknown: UnknownChoice | null;
  /** The model to start from, beside the present text. */
  described: StartDescription | null;
}

export type { Choices, Sample };

/** The run that is being watched: from its `started` on, or as it was last saved. */
export interface RunView {
  /** Under which it is kept; null where this browser keeps none. */
  id: string | null;
  name: string;
  /** Whether this page has it in hand, rather than shows what was saved of it. */
  live: boolean;
  /** The step that it is saved up to, or null. */
  savedStep: number | null;
  config: RunConfig;
  /** V, which fixes the loss that knows nothing. */
  vocabulary: number;
  parameters: number;
  gpuBytes: number;
  dispatches: number;
  /** What products read, or why that is not what was asked for; empty for a run that is not in hand. */
  precision: string;
  /** The token of each id; null where the model cannot be prompted. */
  characters: readonly string[] | null;
  /** The name of the text it learns from. */
  textName: string;
  /** What was counted in it, once that is known. */
  statistics: TextStatistics | null;
  /** Steps done. */
  step: number;
  /** The loss of the last step, in nats. */
  loss: number | null;
  tokensPerSecond: number;
  secondsLeft: number;
  history: RunHistory;
  evaluations: readonly Evaluation[];
  /** The evaluation after which the validation loss rose while the training loss fell on, or null. */
  overfittingSince: Evaluation | null;
  /** At most MOST_SAMPLES, spread over the run. */
  samples: readonly Sample[];
  /** How far some of the steps have moved each tensor. */
  norms: readonly StepNorms[];
  /** Where it stood still for a while, or was gone on with. */
  marks: readonly Mark[];
  /** The sample that is being written, so far. */
  writing: Sample | null;
}

/** A text from which `generate` goes on, other than a prompt: what stood before a character that a person has changed. */
export interface Begun {
  prompt: string;
  text: string;
  choices: Choices | null;
}

/** A request that goes on from what a person has begun to change. */
export interface Continuation {
  request: GenerateRequest;
  begun: Begun;
}

/** A kept run whose curves are laid over those of the run on show. */
export interface ComparedRun {
  id: string;
  name: string;
  /** The step that it was saved up to when its curves were read. */
  step: number;
  history: RunHistory;
  evaluations: readonly Evaluation[];
}

/** Runs that can be laid over each other: as many as there are inks. */
export const MOST_COMPARED = 5;

/** What `generate` is writing or has written. */
export interface Generation extends Begun {
  /** Characters of the text that it has gone on from; 0 for a text from a prompt alone. */
  begun: number;
  busy: boolean;
}

/** What the opened link asked for that is not, or cannot be, as it says. */
export interface LinkView {
  /** The text that it needs, until that is there. */
  text: LinkedText | null;
  /** The weights that its run started from. */
  start: string | null;
  /** Those of its parts that say nothing here. */
  unread: readonly string[];
}

/** All that the page shows. Replaced, never changed, but for `run.history`, which only grows. */
export interface View {
  panel: PanelName;
  adapter: AdapterDescription | null;
  /** Why there is no adapter; stays until there is one. */
  connectionFailure: Failure | null;
  text: TextDescription | null;
  readingText: boolean;
  /** How far a text has been read, in bytes. */
  reading: { done: number; total: number | null } | null;
  start: StartView;
  settings: Settings;
  /** Null where no link was opened. */
  link: LinkView | null;
  phase: Phase;
  /** What is being done while `preparing`. */
  detail: string;
  /** The phase to fall back to when a run is refused before it starts. */
  phaseBefore: Phase;
  run: RunView | null;
  /** The runs that this browser keeps; null before they are known, or where there can be none. */
  runs: RunList | null;
  compared: readonly ComparedRun[];
  generation: Generation | null;
  /** The step of the sample on show; null for the newest, whichever that is. */
  sampleStep: number | null;
  /** What stood there before the present request; comes back when that is refused. */
  generationBefore: Generation | null;
  /** Whether the model is being written to a file. */
  exporting: boolean;
  /** The latest thing that went wrong, until it is dismissed or the next thing goes well. */
  failure: Failure | null;
  milestone: string;
  /** Whether a new version of the page lies ready and has not been put off. */
  updateReady: boolean;
  preferences: Preferences;
  /** Whose run `run` is then: a recorded one, or null. */
  recording: RecordingView | null;
}

export function initialView(): View {
  return {
    panel: 'train',
    adapter: null,
    connectionFailure: null,
    text: null,
    readingText: false,
    reading: null,
    start: { from: 'new', opened: null, unknown: null, described: null },
    settings: NOTHING_CHOSEN,
    link: null,
    phase: 'idle',
    detail: '',
    phaseBefore: 'idle',
    run: null,
    runs: null,
    compared: [],
    generation: null,
    generationBefore: null,
    sampleStep: null,
    exporting: false,
    failure: null,
    milestone: MILESTONES.opening,
    updateReady: false,
    preferences: DEFAULT_PREFERENCES,
    recording: null,
  };
}

export function chosenPreset({ settings, adapter }: View): PresetName {
  return settings.preset ?? adapter?.preset ?? 'tiny';
}

/** How large the next model is, in a few words. */
export function sizeName(view: View): string {
  const name = chosenPreset(view);
  const own = Object.keys(settingsFrom(chosenConfig(view), name).shape).length > 0;
  return own ? SETTINGS.own(chosenConfig(view).model) : PRESETS[name].name;
}

/** The text that the opened link needs and that is not there, or null. */
export function neededText({ link, text }: View): LinkedText | null {
  const wanted = link?.text ?? null;
  const there =
    wanted === null || (wanted.dataset === null ? text?.sha256 === wanted.sha256 : text?.dataset === wanted.dataset);
  return there ? null : wanted;
}

/** The configuration that Train would start with; it may be unsound. A model to start from decides the shape. */
export function chosenConfig(view: View): RunConfig {
  const config = configOf(view.settings, chosenPreset(view));
  const { from, described } = view.start;
  if (from === 'new' || described === null) return config;
  const { vocab_size: _, ...model } = described.model;
  return { ...config, model };
}

/** All that keeps this configuration from being trained on the present text, in the order of the fields. */
export function faultsOf(view: View): Fault<ConfigKey>[] {
  const config = chosenConfig(view);
  const faults = [...configFaults(config)];
  const { block_size } = config.model;
  const needed = 10 * block_size + 1;
  const fits = view.text === null || view.text.characters >= needed;
  if (fits || faults.some(({ key }) => key === 'block_size')) return faults;
  return [{ key: 'block_size', ...SETTINGS.shortText(view.text!.characters, block_size, needed) }, ...faults];
}

/** The learning rate to offer after a run that has diverged, or null: also where Train would begin with another text or model. */
export function lowerRate({ failure, run, text, start }: View): number | null {
  if (failure?.code !== 'diverged' || run === null || start.from !== 'new') return null;
  const same = run.textName === text?.name && run.vocabulary === text.vocab_size;
  return same ? lowerLearningRate(run.config.training) : null;
}

/** What Train would start from. */
export function chosenStart({ start: { from, unknown } }: View): Start {
  return from === 'new' ? { from } : { from, unknown };
}

/** The kernels' variants that the next run has to take: those of a link, where text and adapter are the link's too. */
export function chosenProducts(view: View): Readonly<Record<string, string>> | undefined {
  const { computed } = view.settings;
  return computed?.on === view.adapter?.name && neededText(view) === null ? computed?.products : undefined;
}

export const isActive = (phase: Phase): boolean => phase === 'preparing' || phase === 'running' || phase === 'paused';

/** What the first button does now. */
export const mainCommand = (phase: Phase): 'train' | 'pause' | 'resume' =>
  phase === 'paused' ? 'resume' : isActive(phase) ? 'pause' : 'train';

export const canTrain = (view: View): boolean =>
  view.adapter !== null && view.text !== null && !view.readingText && !isActive(view.phase);

/** Whether there is a model to prompt. */
export const canGenerate = ({ run, phase }: View): boolean =>
  run?.live === true && (phase === 'running' || phase === 'paused' || phase === 'stopped' || phase === 'finished');

/** The run that was going on when the page was last closed, where the page is free to go on with it. */
export const interruptedRun = ({ runs, phase }: View): RunSummary | null =>
  isActive(phase)
    ? null
    : (runs?.runs.filter(({ state }) => state === 'interrupted').sort((a, b) => b.saved - a.saved)[0] ?? null);

/** The same list for the same view: what is shown of it need not be made again. */
const once = <K extends object, T>(make: (key: K) => T) => {
  const made = new WeakMap<K, T>();
  return (key: K): T => {
    if (!made.has(key)) made.set(key, make(key));
    return made.get(key)!;
  };
};

const idsOf = once((compared: readonly ComparedRun[]): readonly string[] => compared.map(({ id }) => id));

export const comparedIds = ({ compared }: View): readonly string[] => idsOf(compared);

/** The runs that are laid over the one on show, which is not one of them. */
export const comparedWith = ({ compared, run }: View): readonly ComparedRun[] =>
  run?.id != null && idsOf(compared).includes(run.id) ? compared.filter(({ id }) => id !== run.id) : compared;

/** Between steps only: a file holds one moment of a run. */
export const canExport = (view: View): boolean => canGenerate(view) && view.phase !== 'running';

/** V of the run on show, or of the text that the next one would learn. */
export const shownVocabulary = ({ run, text }: View): number | null => run?.vocabulary ?? text?.vocab_size ?? null;

/** What was counted in the text of the run on show, or in that which the next one would learn. */
export function shownStatistics({ run, text }: View): TextStatistics | null {
  if (run === null) return text?.statistics ?? null;
  // an older run has not kept them; the data sets are the same by the same name
  const same = text !== null && text.dataset !== null && text.name === run.textName;
  return run.statistics ?? (same ? (text.statistics ?? null) : null);
}

/** The evaluation with the lowest validation loss, or null. */
export function bestOf(evaluations: readonly Evaluation[]): Evaluation | null {
  let best: Evaluation | null = null;
  for (const evaluation of evaluations) {
    if (best === null || evaluation.val < best.val) best = evaluation;
  }
  return best;
}

/** A prompt to begin with: the first words of the text's first full line, whose characters the model knows. */
export function openingOf(preview: string): string {
  const lines = preview.split('\n').map((line) => line.trim());
  const line = lines.find((candidate) => candidate.length >= 40) ?? lines.find((candidate) => candidate !== '') ?? '';
  return firstWords(line, OPENING);
}

/** At most `most` of the items: the first, the last, and evenly between. */
export function spread<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))]!);
}
