import type { PresetName, TrainingConfig } from '../model/config.ts';
import type { DatasetName, Failure, Phase, RunSummary } from '../worker/messages.ts';
import { brief, bytes, count, date, duration, loss } from './format.ts';

/** Every word of the page stands here, so that it can be read, and one day translated, in one place. */

export const TITLE = 'Inkling';
export const TAGLINE = 'Train a tiny GPT in your browser, and watch it learn to write.';
export const NOTHING_YET = '—';

export const ADAPTER = {
  waiting: 'Looking for a graphics processor …',
  missing: 'No graphics processor',
  software: 'software adapter: correct, but slow',
};

export const CONTROLS = {
  train: 'Train',
  pause: 'Pause',
  resume: 'Resume',
  stop: 'Stop',
  progress: 'Training progress',
  change: 'Change',
  progressText: (step: number, steps: number) => `step ${count(step)} of ${count(steps)}`,
  next: (text: string, preset: PresetName, steps: number) =>
    `Next run: ${text} · ${PRESETS[preset].name} · ${Number.isFinite(steps) ? count(steps) : NOTHING_YET} steps`,
  present: (phase: Phase, text: string, parameters: number) =>
    `${PHASES[phase]} · ${text} · ${count(parameters)} parameters`,
  nextFrom: (text: string, start: string, steps: number) =>
    `Next run: ${text} · from ${start} · ${Number.isFinite(steps) ? count(steps) : NOTHING_YET} steps`,
  preparing: (detail: string) => (detail === '' ? PHASES.preparing : `${PHASES.preparing}: ${detail}`),
};

export const PHASES: Record<Phase, string> = {
  idle: 'Not started',
  preparing: 'Preparing',
  running: 'Training',
  paused: 'Paused',
  stopped: 'Stopped',
  finished: 'Finished',
  failed: 'Ended by an error',
};

export const READINGS = {
  trainLoss: 'Training loss',
  trainLossHelp: 'on text it has seen',
  valLoss: 'Validation loss',
  valLossHelp: 'on text held back',
  accuracy: 'Accuracy',
  accuracyHelp: 'of problems held back',
  step: 'Step',
  stepHelp: (steps: number) => `of ${Number.isFinite(steps) ? count(steps) : NOTHING_YET}`,
  speed: 'Speed',
  speedHelp: 'tokens/s',
  timeLeft: 'Time left',
  timeLeftHelp: 'at this speed',
};

export const CHART = {
  picture: 'Curve of both losses. The same numbers stand in the table of figures.',
  train: 'training',
  trainHelp: 'each step faint, smoothed bold',
  val: 'validation',
  leftScale: 'loss, in nats',
  rightScale: 'as if choosing among',
  knowsNothing: (vocabulary: number) => `knows nothing: ln ${count(vocabulary)} = ${loss(Math.log(vocabulary), 2)}`,
  step: 'step',
};

export const FIGURES = {
  summary: 'Figures',
  caption: 'Losses at each evaluation in nats; the validation loss also in bits and as a number of choices',
  empty: 'The first evaluation has not been made yet.',
  step: 'Step',
  train: 'Training',
  val: 'Validation',
  among: 'As if among',
  accuracy: 'Accuracy',
  bits: 'Bits a character',
};

export const TEXT = {
  heading: 'Text',
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
  model: 'Model',
  suggested: 'suggested',
  sizes: (layers: number, width: number) => `${layers} layers, ${width} wide`,
  about: (parameters: number) => `about ${brief(parameters)} parameters`,
  context: (context: number) => `sees ${context} characters`,
  steps: 'Steps',
  seed: 'Seed',
  help: 'Changes apply to the next run. The same seed repeats a run exactly.',
};

export const ADVANCED = {
  summary: (changed: number) => (changed === 0 ? 'Advanced' : `Advanced (${count(changed)} changed)`),
  reset: 'Back to what is suggested',
  groups: {
    optimizer: 'Optimizer',
    rate: 'Learning rate',
    regularisation: 'Against learning by heart',
    batches: 'Batches and evaluation',
  },
  choices: {
    adamw: 'AdamW',
    adam: 'Adam',
    sgd: 'SGD',
    lion: 'Lion',
    muon: 'Muon',
    cosine: 'Cosine',
    linear: 'Linear',
    constant: 'Constant',
    step: 'Steps',
    exponential: 'Exponential',
    wsd: 'Stable, then decay',
  } as Record<string, string>,
  options: {
    optimizer: { label: 'Optimizer', help: 'How gradients move the weights. Each begins with settings that suit it.' },
    beta1: { label: 'Beta 1', help: 'How long the mean of past gradients remembers: nearer to 1 is longer.' },
    beta2: { label: 'Beta 2', help: 'The same for the mean of their squares; for Lion, for what it keeps.' },
    momentum: { label: 'Momentum', help: 'The share of the last step that is made again.' },
    nesterov: { label: 'Nesterov', help: 'Momentum looks one step ahead.' },
    grad_clip: { label: 'Clip gradients at', help: 'Longer gradients are shortened to this norm; 0 never does.' },
    schedule: { label: 'Schedule', help: 'How the learning rate falls after the warm-up.' },
    learning_rate: { label: 'Learning rate', help: 'The highest rate. Too high diverges, too low learns slowly.' },
    min_lr: { label: 'Lowest rate', help: 'Where the schedule ends.' },
    warmup_iters: { label: 'Warm-up steps', help: 'Steps over which the rate rises from nothing.' },
    cooldown_iters: { label: 'Decay steps', help: 'Steps of the fall at the end.' },
    lr_drops: { label: 'Drops', help: 'How many times the rate falls, each time by the same factor.' },
    weight_decay: { label: 'Weight decay', help: 'Shrinks the matrices a little each step, apart from the gradient.' },
    l2: { label: 'L2 penalty', help: 'Adds this times the weights to the gradient of the matrices.' },
    dropout: { label: 'Dropout', help: 'Share of the activations that each training step leaves out.' },
    label_smoothing: { label: 'Label smoothing', help: 'Share of the target that is spread over all characters.' },
    ema_decay: {
      label: 'Averaging',
      help: 'Evaluates and writes with a moving average of the weights that keeps this share each step; 0 is off.',
    },
    batch_size: { label: 'Batch', help: 'Sequences that are computed at once.' },
    gradient_accumulation_steps: {
      label: 'Batches a step',
      help: 'Gradients of so many batches make one step: a larger batch in the same memory.',
    },
    eval_interval: { label: 'Evaluate every', help: 'Steps between two evaluations.' },
    patience: {
      label: 'Patience',
      help: 'Ends after so many evaluations without a lower validation loss, on the best weights; 0 never does.',
    },
  } as Partial<Record<keyof TrainingConfig, { label: string; help: string }>>,
};

export const PRESETS: Record<PresetName, { name: string }> = {
  tiny: { name: 'Tiny' },
  small: { name: 'Small' },
  'nanogpt-cpu': { name: 'Medium' },
  'nanogpt-gpu': { name: 'Large' },
};

export const SAMPLE = {
  heading: 'Sample',
  empty: 'What the model writes will stand here. At first it is noise; then come letters, words, and lines.',
  waiting: (step: number) => `The first sample comes at step ${count(step)}.`,
  training: (step: number) => `Written at step ${count(step)}`,
  prompted: 'Written from your prompt',
  writing: 'Writing from your prompt …',
  newest: 'Show the newest sample',
  copy: 'Copy',
  copied: 'Copied',
  history: 'From noise to words',
  historyEmpty: 'Every sample of the run is kept, so that you can see how the writing changes.',
};

export const PROMPT = {
  heading: 'Ask it to write',
  label: 'Prompt',
  temperature: 'Temperature',
  temperatureHelp: '0 always takes the likeliest character; higher is bolder.',
  length: 'Characters',
  seed: 'Seed',
  more: 'More about the choice of characters',
  topK: 'Top-k',
  topKHelp: 'Only so many of the likeliest; 0 for all.',
  topP: 'Top-p',
  topPHelp: 'Only the likeliest that together have this probability.',
  penalty: 'Repetition penalty',
  penaltyHelp: 'Above 1, what was just written becomes less likely.',
  generate: 'Generate',
  cancel: 'Cancel',
  notYet: 'You can ask as soon as training has begun.',
};

export const EXPORT = {
  heading: 'Take it with you',
  formats: {
    checkpoint: { name: 'Checkpoint', help: 'to go on with here, or in a terminal: one safetensors file' },
    huggingface: { name: 'Hugging Face', help: 'a ZIP for transformers, ONNX and nanoGPT, with how to train further' },
    gguf: { name: 'GGUF', help: 'for llama.cpp and what is built on it' },
    csv: { name: 'Curve', help: 'the losses, as comma-separated values' },
  },
  notYet: 'There is something to take once a run is paused, stopped or finished.',
  private: 'The file is written on this computer and goes nowhere else.',
};

export const FOOTER = {
  privacy: 'Everything is computed on this machine. No text and no model is sent anywhere.',
  saved: (step: number) => `saved up to step ${count(step)}`,
  facts: (parameters: number, dispatches: number, gpuBytes: number) =>
    `${count(parameters)} parameters, ${count(dispatches)} GPU dispatches a step, ${bytes(gpuBytes)} of GPU memory`,
};

/** No button here bears the name of one that drives a run: Train, Pause, Resume, Stop. */
export const RUNS = {
  heading: 'Runs',
  none: 'Runs are kept in this browser while they train, so that they can go on after the page was closed.',
  usage: (runs: number, size: number) =>
    `${runs === 1 ? '1 run' : `${count(runs)} runs`}, ${bytes(size)}, kept in this browser`,
  name: (text: string, preset: PresetName) => `${text}, ${PRESETS[preset].name}`,
  state: ({ state, open }: RunSummary) => (open === 'elsewhere' ? 'open in another tab' : RUN_STATES[state]),
  facts: ({ saved, step, steps, val_loss }: RunSummary) =>
    [
      date(saved),
      `step ${count(step)} of ${count(steps)}`,
      ...(val_loss === null ? [] : [`validation loss ${loss(val_loss)}`]),
    ].join(' · '),
  forkOf: ({ name, step }: { name: string; step: number }) => `fork of ${name} at step ${count(step)}`,
  open: 'Open',
  goOn: 'Continue',
  show: 'Show',
  fork: 'Fork',
  rename: 'Rename',
  delete: 'Delete',
  of: (action: string, name: string) => `${action} ${name}`,
  offer: (name: string, step: number) => `“${name}” was interrupted at step ${count(step)}.`,
  offerButton: 'Continue this run',
  nameLabel: 'Name',
  stepsLabel: 'Steps in all',
  rateLabel: 'Learning rate',
  asBefore: 'as before',
  cancel: 'Cancel',
  renameHeading: 'Rename this run',
  forkHeading: 'Fork this run',
  forkHelp: (name: string, step: number) =>
    `A copy of “${name}” as it was saved at step ${count(step)}, which goes on by itself. The run itself stays as it is.`,
  forkName: (name: string, step: number) => `${name}, fork at step ${count(step)}`,
  deleteHeading: 'Delete this run?',
  deleteHelp: (name: string) => `“${name}”, its weights and its curve will be gone for good.`,
};

const RUN_STATES: Record<RunSummary['state'], string> = {
  running: 'training',
  paused: 'paused',
  interrupted: 'interrupted',
  stopped: 'stopped',
  finished: 'finished',
  failed: 'ended by an error',
};

export const NOTICE = {
  dismiss: 'Dismiss',
  tryAt: (learning_rate: number) => `Try again at a learning rate of ${learning_rate}`,
};

export const MILESTONES = {
  opening: 'Opening the text and looking for a graphics processor.',
  ready: 'Ready. Press Train.',
  textLoaded: (name: string) => `“${name}” is loaded. Press Train.`,
  textForNextRun: (name: string) => `“${name}” is loaded, for the next run.`,
  preparing: 'Preparing the run.',
  started: 'Training has started.',
  firstEvaluation: (step: number, value: number) =>
    `First evaluation, at step ${count(step)}: validation loss ${loss(value)}.`,
  overfitting: (step: number) =>
    `The validation loss has risen since step ${count(step)} while the training loss falls: the model overfits.`,
  paused: (step: number) => `Paused at step ${count(step)}.`,
  resumed: (step: number) => `Training goes on from step ${count(step)}.`,
  stopped: (step: number) => `Stopped at step ${count(step)}. The model is kept: ask it to write.`,
  finished: (step: number, value: number | undefined) =>
    `Finished after ${count(step)} steps${value === undefined ? '' : `, validation loss ${loss(value)}`}. Ask it to write.`,
  endedEarly: (step: number, best: { step: number; val: number }) =>
    `Ended early at step ${count(step)}. The model is that of step ${count(best.step)}, validation loss ${loss(best.val)}. Ask it to write.`,
  failed: 'The run ended with an error.',
  recovering: (step: number) => `The graphics device was lost. Going on from step ${count(step)}.`,
  workerDied: 'The part of the page that trains has died. Starting it again.',
  forked: (name: string) => `“${name}” is in the list of runs.`,
  written: 'The text is written.',
};

/** What the present losses mean, in a sentence. `overfittingSince`: the evaluation after which the gap has opened. */
export function meaning(
  vocabulary: number | null,
  last: { train: number | null; val: number | null },
  overfittingSince: { step: number; val: number } | null,
): string {
  if (vocabulary === null) return 'The loss says how unsure the model is about each next character.';
  const from = `${count(vocabulary)}`;
  const value = last.val ?? last.train;
  if (value === null) {
    return `Knowing nothing, the model would guess each next character among ${from}.`;
  }
  if (!Number.isFinite(value)) return 'The loss is no longer a number: the run has diverged.';
  if (overfittingSince !== null) {
    return (
      `The validation loss was lower at step ${count(overfittingSince.step)} (${loss(overfittingSince.val)}), and the ` +
      'training loss still falls: the model overfits, it learns the text by heart.'
    );
  }
  const among = Math.exp(value);
  if (among >= vocabulary * 0.95) {
    return `The model still guesses each next character among about ${from}: it knows nothing yet.`;
  }
  return `The model now hesitates as if choosing each next character among ${choices(among)}, down from ${from}.`;
}

/** A number of equally likely choices, with as many digits as it deserves. */
export function choices(among: number): string {
  return among < 10 ? among.toFixed(1) : count(Math.round(among));
}

/** A share of one: 0.925 → "93 %". */
export function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

export function timeLeft(seconds: number): string {
  return Number.isFinite(seconds) && seconds >= 0 ? duration(seconds) : NOTHING_YET;
}

/** What only the page can know. The worker words all other failures itself. */
export const FAILURES = {
  noWorker: {
    code: 'no-worker',
    message: 'This browser cannot run a module in a Web Worker, where Inkling trains.',
    hint: 'Open the page in a current Chrome, Edge, Firefox or Safari.',
  },
  workerNotLoaded: {
    code: 'worker-not-loaded',
    message: 'The part of Inkling that trains could not be loaded.',
    hint: 'Reload the page. If it was served by “npm start”, see whether that command is still running.',
  },
  workerDied: {
    code: 'worker-died',
    message: 'The part of Inkling that trains has died, perhaps for want of memory.',
    hint: 'It has been started again. A run that is kept goes on from its last save.',
  },
  manyFiles: (files: number): Failure => ({
    code: 'many-files',
    message: `${count(files)} files were dropped, but Inkling learns one text at a time.`,
    hint: 'Drop one file, or join the files into one first.',
  }),
  noFile: {
    code: 'no-file',
    message: 'What was dropped is not a file.',
    hint: 'Drop a text file, or copy the text and use “Paste …”.',
  },
  internal: (message: string): Failure => ({
    code: 'internal',
    message: `Something unexpected happened: ${message}`,
    hint: 'Reload the page to begin afresh.',
  }),
} satisfies Record<string, Failure | ((value: never) => Failure)>;
