import { InklingError } from '../gpu/errors.ts';
import { weightsOf } from '../training/state.ts';
import { answer } from './answer.ts';
import type { Desks } from './inspection/desks.ts';
import type { InspectionCommands, TensorRequest } from './inspection/messages.ts';
import type { LiveRun } from './live-run.ts';
import type { Result } from './messages.ts';

/** Looks inside the model of a session, one look after the other. The run does not notice, and goes on meanwhile. */
export class Inspection implements InspectionCommands {
  readonly #run: () => LiveRun | undefined;
  #desks: Desks | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** `run`: the run that the session has in hand, whose model is looked at. */
  constructor(run: () => LiveRun | undefined) {
    this.#run = run;
  }

  weights() {
    return this.#look(async ({ run }) => weightsOf(await run.trainer.snapshot()));
  }

  movements() {
    return this.#look(({ weights }) => weights.movements());
  }

  tensor(request: TensorRequest) {
    return this.#look(({ weights }) => weights.tensor(request));
  }

  embeddingMap() {
    return this.#look(({ weights }) => weights.embeddingMap());
  }

  neighbours(id: number, count: number) {
    return this.#look(({ weights }) => weights.neighbours(id, count));
  }

  lookAt(text: string) {
    return this.#look(({ prompt }) => prompt.lookAt(text));
  }

  walk(sequence: number, afresh: boolean) {
    return this.#look(({ walk }) => walk.make(sequence, afresh));
  }

  walkPlace(place: number) {
    return this.#look(({ walk }) => walk.place(place));
  }

  walkBlock(layer: number, head: number, place: number) {
    return this.#look(({ walk }) => walk.block(layer, head, place));
  }

  walkUpdate(name: string, index: number) {
    return this.#look(({ walk }) => walk.update(name, index));
  }

  release(): Promise<Result<null>> {
    const released = this.#last.then(() => {
      this.#clear();
      return { ok: true as const, value: null };
    });
    this.#last = released;
    return released;
  }

  /** Waits for the look before. Throws `no-model` where there is none to look at. */
  #look<T>(work: (desks: Desks) => Promise<T>): Promise<Result<T>> {
    const looking = this.#last.then(() => answer(async () => work(await this.#open())));
    this.#last = looking;
    return looking;
  }

  async #open(): Promise<Desks> {
    const { openDesks } = await import('./inspection/desks.ts'); // of no use to those who never look
    const run = this.#run();
    if (this.#desks?.run !== run) this.#clear();
    if (!run) {
      throw new InklingError('no-model', 'There is no model to look at yet.', 'Press Train first.');
    }
    this.#desks ??= openDesks(run);
    return this.#desks;
  }

  #clear(): void {
    this.#desks?.prompt.destroy();
    this.#desks?.walk.destroy();
    this.#desks = undefined;
  }
}
