import type { RunPlan } from './live-run.ts';
import type { RunLibrary } from './run-library.ts';

/** A kept run, ready to go on. `wait`: for whoever holds it, in milliseconds. Throws as `RunLibrary.take`. */
export async function planToGoOn(library: RunLibrary, id: string, wait?: number): Promise<RunPlan> {
  const taken = await library.take(id, wait);
  const { record, checkpoint, text, metrics, hold } = taken;
  return {
    config: record.config,
    text,
    state: checkpoint.state,
    val_loss: checkpoint.val_loss,
    metrics,
    begun: record.begun,
    keep: async (trainer) => library.keep(taken, trainer),
    letGo: hold.release,
  };
}

/** A run of which nothing was saved, once more under the same name. `plan`: what it began with. */
export function planAnew(library: RunLibrary, id: string, plan: RunPlan, wait: number): RunPlan {
  return { ...plan, keep: (trainer) => library.keepAgain(id, plan.text, trainer, wait), letGo: () => {} };
}
