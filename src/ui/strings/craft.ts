import { count } from '../format.ts';
import type { Theme } from '../preferences.ts';
import type { RecordingView } from '../view.ts';

/** The header, help, and what the page is beyond its parts. */

export const UPDATE = {
  ready: 'A new version of Inkling is ready. Your runs stay as they are.',
  change: 'Reload with it',
  later: 'Not now',
};

/** A real run, played back where none can be trained. */
export const RECORDING = {
  heading: 'Meanwhile: a recorded run',
  offer: 'This browser cannot train. A real run has been recorded for it: see how its loss falls and what it writes.',
  what: ({ adapter, recorded, seconds }: RecordingView) =>
    `This is a recording, and nothing is computed now. The page’s smallest model learnt Moby-Dick on ${adapter} in ${seconds} s, on ${recorded}. Its losses and samples are as they were.`,
  play: 'Play the recording',
  halt: 'Halt the recording',
  again: 'Play it once more',
  step: 'Shown up to',
  stepText: (step: number, steps: number) => `step ${count(step)} of ${count(steps)}`,
  speed: 'Speed',
  times: (times: number) => (times === 1 ? 'as it went' : `${times} times as fast`),
  playing: 'A recorded run is played. Nothing is trained.',
  ended: 'The recording has ended.',
  noTraining: (why: string) => `Nothing can be trained here. ${why}`,
  notFetched: {
    code: 'not-fetched',
    message: 'The recorded run could not be fetched.',
    hint: 'See whether there is a network, and try again.',
  },
};

export const HEADER = {
  skip: 'Skip to the page’s main part',
  theme: 'Colours',
  themes: { system: 'System colours', light: 'Light', dark: 'Dark' } satisfies Record<Theme, string>,
  help: 'Help',
};

export const AWAKE = 'Keep the screen on while it trains';

export const HELP = {
  heading: 'How this page is used',
  steps: [
    'Press Train. A small language model starts with random numbers and reads the text over and over, a few lines at a time; nothing need be chosen before.',
    'Watch the loss fall. It says how surprised the model is by the next character; the upper line is the surprise of a model that knows nothing. The samples turn from noise to words.',
    'Pause or stop when you like. Then write a prompt, and let the model write on.',
    'Change one thing, the text, the size or an option, and train again: the runs are kept side by side.',
  ],
  keysHeading: 'Keys of this page',
  shortcuts: 'Single keys are commands',
  shortcutsHelp: 'Never while you type. Switch them off if a key is pressed by chance, as speech input may do.',
  singleKeys: [
    ['T', 'Train; then pause and resume'],
    ['S', 'Stop the run'],
    ['P', 'Go to the prompt'],
    ['C', 'Go to what the next run learns, and how'],
    ['R', 'Go to the runs that are kept'],
    ['1 2 3 4', 'Show one of the four parts of the page'],
    ['?', 'This help'],
  ],
  everywhereHeading: 'Keys of every page',
  keys: [
    ['Tab', 'To the next control; with Shift, to the one before'],
    ['← →', 'Among the parts of the page, and along sliders and charts'],
    ['Ctrl+Enter', 'In the prompt: let the model write'],
    ['Esc', 'Close what has opened'],
  ],
  keptHeading: 'Where everything stays',
  kept: 'Texts, models and runs stay in this browser and are sent nowhere. After the first visit the page also opens without a network, and browsers offer to install it.',
  close: 'Close',
} satisfies Record<string, string | readonly string[] | readonly (readonly [string, string])[]>;
