import type { ModelShape, PresetName } from '../../model/config.ts';
import type { DatasetName } from '../../worker/messages.ts';
import { bytes, count, duration, rate } from '../format.ts';

export const TEXT = {
  heading: 'Data',
  about: 'The text that the model learns to write like. Its last tenth is held back, to measure by.',
  reading: 'Reading …',
  none: 'No text yet',
  facts: (characters: number, vocabulary: number) =>
    `${count(characters)} characters, ${count(vocabulary - 1)} of them different`,
  progress: (done: number, total: number | null) =>
    `Reading … ${bytes(done)}${total === null ? '' : ` of ${bytes(total)}`}`,
  nextRun: 'for the next run',
  choose: 'A text at hand',
  own: 'A text of your own',
  open: 'Open a file …',
  paste: 'Paste …',
  address: 'From the web …',
  addressHeading: 'A text from the web',
  addressLabel: 'Address',
  addressHelp:
    'The address of a plain text of at most 200 MB. Its server must let other pages read it, as raw.githubusercontent.com does.',
  fetch: 'Fetch this text',
  drop: 'Or drop a text file anywhere on the page. It never leaves this computer.',
  dropHere: 'Drop the text here',
  dropHelp: 'Inkling will learn to write like it.',
  pasteHeading: 'Paste a text',
  pasteLabel: 'Text to learn from',
  pasteHelp: 'A few thousand characters at least; the more, the better it writes.',
  use: 'Use this text',
  cancel: 'Cancel',
};

export const DATASETS: Record<DatasetName, { name: string; about: string }> = {
  'moby-dick': { name: 'Moby-Dick', about: 'Herman Melville’s novel of 1851, whole.' },
  names: { name: 'First names', about: 'About 8,400 English first names; the model invents new ones.' },
  addition: { name: 'Addition', about: 'Sums of two numbers below 100, as 37+5=42.' },
  sorting: { name: 'Sorting', about: 'Letters to be put into their order, as dbca>abcd.' },
  brackets: { name: 'Brackets', about: 'Open brackets to be closed, as ([]{:}).' },
  copying: { name: 'Copying', about: 'Letters to be written once more, as fbac|fbac.' },
  shakespeare: { name: 'Tiny Shakespeare', about: 'A million characters of plays, fetched from GitHub.' },
};

/** Whether a text comes from another host, which is asked only when a person says so. */
export const isFetched = (dataset: DatasetName): boolean => dataset === 'shakespeare';

export const START = {
  heading: 'Start from',
  new: 'A new model',
  run: 'The model on show',
  file: 'A saved model (open one first)',
  opened: (name: string) => `The saved model “${name}”`,
  open: 'Open a saved model …',
  sizes: (name: string, layers: number, width: number, context: number) =>
    `${name}: ${layers} layers, ${width} wide, sees ${context} characters. Its size is kept; steps and seed are those chosen here.`,
  unknown: (unknown: number, listed: string) =>
    `The model does not know ${count(unknown)} of the text’s characters: ${listed}.`,
  add: 'Add them to the model',
  drop: 'Leave them out of the text',
};

export const SETTINGS = {
  heading: 'Settings',
  nextRun: 'A run is going on, and nothing here can change it: what you choose is for the next one.',
  model: 'Model',
  training: 'Training',
  presets: 'Sizes to begin with',
  suggested: 'suggested',
  sizes: ({ n_layer, n_head, n_embd }: ModelShape) => `${n_layer} layers, ${n_head} heads, ${n_embd} wide`,
  own: ({ n_layer, n_embd }: ModelShape) => `${n_layer === 1 ? '1 layer' : `${n_layer} layers`}, ${n_embd} wide`,
  exactly: (parameters: number) => `${count(parameters)} parameters`,
  context: (context: number) => `sees ${context} characters`,
  more: (changed: number) => (changed === 0 ? 'More about the model' : `More about the model (${changed} changed)`),
  locked: (name: string) => `The model starts from “${name}”, and its size is that model’s.`,
  back: 'Back to this preset',
  shortText: (characters: number, context: number, needed: number) => ({
    message: `The text has ${count(characters)} characters, and a context of ${context} needs at least ${count(needed)}.`,
    hint: 'Choose a longer text, or a smaller context.',
  }),
  fault: (message: string) => `Train waits: ${message}`,
  linkHelp: 'The address of this page holds all settings, so that a link repeats the run.',
};

export const COUNTS = {
  parameters: 'Parameters',
  parametersHelp: (embedding: string) =>
    `Learned numbers, exactly; ${embedding} of them are the embedding: characters × width.`,
  memory: 'GPU memory',
  memoryUnknown: 'not counted yet',
  memoryHelp: ({ parameters, activations, corpus, writing }: Record<MemoryPart, number>) =>
    `${bytes(parameters)} for weights, gradients and moments, ${bytes(activations)} for activations, ${bytes(corpus)} for the text, ${bytes(writing)} to write with. The largest buffer of this adapter is compared, its free memory no page can know.`,
  time: '1,000 steps',
  unmeasured: 'not measured yet',
  measuring: 'measuring …',
  seconds: (ms: number) => duration(ms) /* 1,000 steps of so many milliseconds are as many seconds */,
  timeHelp: ({ ms, steps, from }: { ms: number; steps: number; from: 'trial' | 'run' }, all: number) =>
    from === 'run'
      ? `${rate(ms)} ms a step, as it was last measured on this adapter in a run. All ${count(all)}: ${duration((ms * all) / 1000)}.`
      : `${rate(ms)} ms a step, measured on this adapter over ${count(steps)} ${steps === 1 ? 'step' : 'steps'}. All ${count(all)}: ${duration((ms * all) / 1000)}, evaluations and samples not counted.`,
  timeUnmeasured: 'A few steps of this very configuration are made on this adapter, and thrown away.',
  busy: 'Measured when no run goes on: the two would slow each other down.',
  measure: 'Measure speed',
  cancel: 'End measuring',
};

type MemoryPart = 'parameters' | 'activations' | 'corpus' | 'writing';

export const ADVANCED = {
  summary: (changed: number) => (changed === 0 ? 'Advanced' : `Advanced (${count(changed)} changed)`),
  reset: 'Back to what is suggested',
  groups: {
    optimizer: 'Optimizer',
    rate: 'Learning rate',
    regularisation: 'Against learning by heart',
    batches: 'Batches and evaluation',
    computation: 'Numbers',
  },
};

export const LINK = {
  copy: 'Copy link',
  copied: 'Link copied',
  byHand: 'The link, to be copied',
  anotherModel: 'another model',
  needs: (name: string) => `The link that was opened is about the text “${name}”, which a link cannot carry.`,
  hash: (sha256: string) =>
    `Its SHA-256 begins with ${sha256.slice(0, 12)}. Open that file here, and the run is the same.`,
  other: (name: string, present: string) =>
    `The link that was opened is about the text “${name}”; with “${present}” the run is another one.`,
  needsFetch: (name: string) => `The link that was opened is about ${name}, which is fetched from GitHub.`,
  fetch: 'Fetch it',
  start: (name: string) =>
    `Its run started from the weights of “${name}”, which a link cannot carry: choose them under “Start from”.`,
  adapter: (there: string, here: string) =>
    `Its run was computed on ${there}. Here, on ${here}, losses may differ in their last digits.`,
  unread: (parts: readonly string[]) =>
    `${parts
      .map((part) => `“${part.length > 60 ? `${part.slice(0, 60)}…` : part}”`)
      .slice(0, 3)
      .join(
        ', ',
      )}${parts.length > 3 ? ` and ${parts.length - 3} more` : ''} in the link ${parts.length === 1 ? 'says' : 'say'} nothing here and ${parts.length === 1 ? 'was' : 'were'} left out.`,
  dismiss: 'Forget the link',
};

/** From seconds on a laptop to what wants a strong GPU. */
export const PRESETS: Record<PresetName, { name: string; about: string }> = {
  tiny: { name: 'Tiny', about: 'seconds on a laptop' },
  small: { name: 'Small', about: 'minutes on a laptop' },
  'nanogpt-cpu': { name: 'Medium', about: 'nanoGPT’s model for a processor' },
  'nanogpt-gpu': { name: 'Large', about: 'nanoGPT’s baby GPT, for a strong GPU' },
};
