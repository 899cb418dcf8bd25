import type { Failure, Phase } from '../../worker/messages.ts';
import { bytes, count, loss } from '../format.ts';
import type { PanelName } from '../view.ts';
import { NOTHING_YET } from './words.ts';

export const TITLE = 'Inkling';

export const TAGLINE = 'Train a tiny GPT in your browser, and watch it learn to write.';

export const PANELS_LABEL = 'Parts of the page';

/** The parts of the page. */
export const PANEL_NAMES: Record<PanelName, string> = {
  train: 'Train',
  parameters: 'Parameters',
  inside: 'Look inside',
  lab: 'Lab',
};

export const ADAPTER = {
  waiting: 'Looking for a graphics processor …',
  missing: 'No graphics processor',
  software: 'no GPU: correct, but slow',
};

export const CONTROLS = {
  train: 'Train',
  pause: 'Pause',
  resume: 'Resume',
  stop: 'Stop',
  progress: 'Training progress',
  change: 'Change',
  progressText: (step: number, steps: number) => `step ${count(step)} of ${count(steps)}`,
  next: (text: string, size: string, steps: number) =>
    `Next run: ${text} · ${size} · ${Number.isFinite(steps) ? count(steps) : NOTHING_YET} steps`,
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

export const FOOTER = {
  measure: 'Benchmark this adapter',
  closeMeasurement: 'Close the measurement',
  privacy: 'Everything is computed on this machine. No text and no model is sent anywhere.',
  saved: (step: number) => `saved up to step ${count(step)}`,
  facts: (run: { parameters: number; dispatches: number; gpuBytes: number; precision: string }) =>
    `${count(run.parameters)} parameters, ${count(run.dispatches)} GPU dispatches a step, ${bytes(run.gpuBytes)} of GPU memory${run.precision === 'f32' ? '' : run.precision === 'f16' ? ', matrix products in f16' : `. ${run.precision}`}`,
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
  textNeeded: 'The link names a text that has to be given here first.',
  imported: 'The imported run is on show, and in the list of runs.',
  exported: (name: string) => `The run is in the file ${name}, with the text that it learns.`,
  forked: (name: string) => `“${name}” is in the list of runs.`,
  written: 'The text is written.',
};

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
  partNotFetched: {
    code: 'part-not-fetched',
    message: 'A part of this page could not be fetched.',
    hint: 'See whether there is a network and choose it again, or reload the page: a run that is kept goes on from its last save.',
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
