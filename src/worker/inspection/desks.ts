import type { LiveRun } from '../live-run.ts';
import { PromptDesk } from './prompt-desk.ts';
import { WalkDesk } from './walk-desk.ts';
import { WeightDesk } from './weight-desk.ts';

/** What is at hand while a run is looked at. */
export interface Desks {
  run: LiveRun;
  weights: WeightDesk;
  prompt: PromptDesk;
  walk: WalkDesk;
}

export function openDesks(run: LiveRun): Desks {
  return { run, weights: new WeightDesk(run), prompt: new PromptDesk(run), walk: new WalkDesk(run) };
}
