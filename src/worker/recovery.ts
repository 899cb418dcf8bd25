import { InklingError } from '../gpu/errors.ts';
import type { RunPlan } from './live-run.ts';
import type { Phase } from './messages.ts';
import type { RunKeeper } from './run-keeper.ts';

/** A run that a lost device has interrupted. */
export interface Interrupted {
  id: string;
  /** The step that it is saved up to. */
  step: number;
  /** Losses in a row without a later save between them. */
  losses: number;
  /** Whether it stood still. */
  paused: boolean;
  /** What it began with, where nothing of it was saved: it starts anew. */
  anew: RunPlan | undefined;
}

/** Remembers which run goes on after a lost device, and whether that leads anywhere. */
export class Recovery {
  #interrupted: Interrupted | undefined;
  #unsaved: RunPlan | undefined;

  /** A run has begun. */
  begun(plan: RunPlan): void {
    this.#unsaved = plan;
  }

  /** It is saved, and what it began with need not be remembered. */
  saved(): void {
    this.#unsaved = undefined;
  }

  /** The run to go on with after a loss in this phase; undefined where there is none. */
  after(keeper: RunKeeper | undefined, phase: Phase): Interrupted | undefined {
    const before = this.#interrupted;
    if (phase === 'preparing' && before) {
      this.#interrupted = { ...before, losses: before.losses + 1 };
    } else if ((phase === 'running' || phase === 'paused') && keeper && (keeper.committed >= 0 || this.#unsaved)) {
      const { id, committed } = keeper;
      const step = Math.max(0, committed);
      const stuck = before?.id === id && step <= before.step;
      const anew = committed < 0 ? this.#unsaved : undefined;
      this.#interrupted = { id, step, losses: stuck ? before.losses + 1 : 1, paused: phase === 'paused', anew };
    } else {
      this.#interrupted = undefined;
    }
    return this.#interrupted;
  }

  /** Another run, or an end that a person wanted, begins a new count. */
  end(): void {
    this.#interrupted = undefined;
  }
}

/** Why a run is given up. */
export function givenUp(loss: InklingError, { losses, step }: Interrupted): InklingError {
  return new InklingError(
    'device-lost',
    `${loss.message} That was ${losses} times in a row without a step saved in between, so the run has stopped at step ${step}.`,
    'It is kept: continue it from the list of runs after a restart of the browser, or train a smaller model or batch.',
  );
}
