import { InklingError } from '../gpu/errors.ts';
import { weightsOf } from '../training/state.ts';
import { answer } from './answer.ts';
import type { LiveRun } from './live-run.ts';
import type { Result } from './messages.ts';

/** What the page may ask of the model that is on the GPU: its numbers, at one moment. */
export interface InspectionCommands {
  /** All learnable numbers, laid out as `ParameterLayout` says. Code: `no-model`. */
  weights(): Promise<Result<Float32Array>>;
}

/** Looks inside the model of a session. */
export class Inspection implements InspectionCommands {
  readonly #run: () => LiveRun | undefined;

  /** `run`: the run that the session has in hand, whose model is looked at. */
  constructor(run: () => LiveRun | undefined) {
    this.#run = run;
  }

  weights(): Promise<Result<Float32Array>> {
    return answer(async () => weightsOf(await this.#live().trainer.snapshot()));
  }

  #live(): LiveRun {
    const run = this.#run();
    if (!run) {
      throw new InklingError('no-model', 'There is no model to look at yet.', 'Press Train first.');
    }
    return run;
  }
}
