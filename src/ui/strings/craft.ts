import { count } from '../format.ts';
import type { Theme } from '../preferences.ts';
import type { RecordingView } from '../recording/recording.ts';

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
