import type { SessionEvent } from '../../worker/messages.ts';
import { RECORDING } from '../strings.ts';
import type { View } from '../view.ts';

/** A recorded run that is played where none can be trained: what it was, and how far it is on show. */
export interface RecordingView {
  /** The day, as 2026-01-31. */
  recorded: string;
  adapter: string;
  /** How long the run took. */
  seconds: number;
  steps: number;
  step: number;
  playing: boolean;
  /** How much faster than it went. */
  speed: number;
}

export type RecordingCommand =
  | { kind: 'play' | 'halt' }
  | { kind: 'seek'; step: number }
  | { kind: 'speed'; times: number };

/** More of the recorded run, from its start if it is played `afresh`. */
export interface Recorded {
  kind: 'recorded';
  afresh: boolean;
  events: SessionEvent[];
  recording: RecordingView;
}

/** The view with more of the recorded run, which changes nothing but what is on show: no phase, and no live model. */
export function withRecording(
  view: View,
  { events, recording, afresh }: Recorded,
  reduce: (view: View, event: SessionEvent) => View,
): View {
  const { phase } = view;
  const { run, ...played } = events.reduce(reduce, afresh ? { ...view, run: null } : view);
  const milestone = recording.step < recording.steps ? RECORDING.playing : RECORDING.ended;
  return { ...played, phase, milestone, recording, run: run && { ...run, live: false, id: null } };
}
