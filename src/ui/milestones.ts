import type { Phase } from '../worker/messages.ts';
import { MILESTONES } from './strings.ts';
import { bestOf, isActive, type RunView, type View } from './view.ts';

/** What a change of phase is announced as; null where it is not. */
export function phaseMilestone(view: View, phase: Phase): string | null {
  const step = view.run?.step ?? 0;
  switch (phase) {
    case 'idle':
      return MILESTONES.ready;
    case 'paused':
      return MILESTONES.paused(step);
    case 'running':
      return view.phase === 'paused' ? MILESTONES.resumed(step) : null;
    case 'stopped':
      return MILESTONES.stopped(step);
    case 'finished':
      return finishedMilestone(view.run);
    case 'failed':
      return MILESTONES.failed;
    default:
      return null;
  }
}

function finishedMilestone(run: RunView | null): string {
  if (run === null) return MILESTONES.finished(0, undefined);
  const { max_iters, patience } = run.config.training;
  const best = bestOf(run.evaluations);
  if (patience > 0 && run.step < max_iters && best !== null) return MILESTONES.endedEarly(run.step, best);
  // with patience, the model is the best one
  return MILESTONES.finished(run.step, (patience > 0 ? best : run.evaluations.at(-1))?.val);
}

/** What is announced when the text of this name has been loaded. */
export function textMilestone(view: View, name: string): string {
  if (isActive(view.phase)) return MILESTONES.textForNextRun(name);
  if (view.adapter === null) return view.milestone;
  return view.text === null ? MILESTONES.ready : MILESTONES.textLoaded(name);
}
