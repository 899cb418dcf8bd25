import type { PresetName, TrainingConfig } from '../../model/config.ts';
import type { DatasetName } from '../../worker/messages.ts';
import { brief, bytes, count } from '../format.ts';

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
    computation: 'Numbers',
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
    f32: '32 bits (f32)',
    f16: '16 bits (f16)',
    auto: 'What is quicker here',
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
    precision: {
      label: 'Precision',
      help: 'What matrix products read of weights and activations. With 16 bits they read half as much; sums, weights and gradients keep 32.',
    },
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
