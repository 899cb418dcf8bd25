import type { RunSummary } from '../../worker/messages.ts';
import { bytes, count, date, loss } from '../format.ts';

/** No button here bears the name of one that drives a run: Train, Pause, Resume, Stop. */
export const RUNS = {
  heading: 'Runs',
  none: 'Runs are kept in this browser while they train, so that they can go on after the page was closed.',
  usage: (runs: number, size: number) =>
    `${runs === 1 ? '1 run' : `${count(runs)} runs`}, ${bytes(size)}, kept in this browser`,
  help: 'Open puts a model back on the GPU, where it can write, and Continue trains it on. Show brings back curves and samples alone; Fork trains a copy.',
  name: (text: string, size: string) => `${text}, ${size}`,
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
  compare: 'Compare',
  compareHelp: (most: number) => `Its losses are laid over those on show; up to ${most} at a time.`,
  fork: 'Fork',
  rename: 'Rename',
  linkOf: (name: string) => `Copy link to ${name}`,
  export: 'Export',
  delete: 'Delete',
  import: 'Import a run …',
  importHelp: 'A file that “Export” has written, here or elsewhere, or a checkpoint of a text that is chosen here.',
  of: (action: string, name: string) => `${action} ${name}`,
  offer: (name: string, step: number) => `“${name}” was interrupted at step ${count(step)}.`,
  offerButton: 'Continue this run',
  nameLabel: 'Name',
  stepsLabel: 'Steps in all',
  rateLabel: 'Learning rate',
  asBefore: 'as before',
  fromLabel: 'Goes on from',
  fromLatest: (step: number) => `its last save, at step ${count(step)}`,
  fromBest: (step: number, value: number) =>
    `its best evaluation, at step ${count(step)}, validation loss ${loss(value)}`,
  cancel: 'Cancel',
  renameHeading: 'Rename this run',
  forkHeading: 'Fork this run',
  forkHelp: (name: string) => `A copy of “${name}” that goes on by itself. The run itself stays as it is.`,
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
