import { InklingError, toFailure } from '../gpu/errors.ts';
import { Trainer } from '../training/trainer.ts';
import type { EventStream } from './event-stream.ts';
import type { Graphics } from './graphics.ts';
import { planAnew, planToGoOn } from './kept-plans.ts';
import { LiveRun, preparation, type RunPlan, trainerOptions } from './live-run.ts';
import type { Phase } from './messages.ts';
import { givenUp, Recovery } from './recovery.ts';
import type { RunKeeper } from './run-keeper.ts';
import type { RunLibrary } from './run-library.ts';
import type { Writer } from './writer.ts';

/** How long `stop` waits for what the GPU has in hand before it answers. */
const STOP_ANSWER_MS = 100;
/** Losses of the device in a row, with nothing saved between them, after which a run is given up. */
const MOST_LOSSES = 3;
/** How long a run that goes on after one may still be in the hands of the attempt before, in milliseconds. */
const LETTING_GO_MS = 15_000;

export interface RunLifeOptions {
  graphics: Graphics;
  events: EventStream;
  writer: Writer;
  /** What keeps the runs. */
  library: () => Promise<RunLibrary>;
  /** Ends whatever else computes on the GPU, and resolves when it has ended. */
  makeRoom: () => Promise<unknown>;
}

/** The one run and its life: it is prepared, runs, stands still, ends, and goes on after a lost device. */
export class RunLife {
  readonly #options: RunLifeOptions;
  readonly #recovery = new Recovery();
  #run: LiveRun | undefined;
  #phase: Phase = 'idle';
  /** Counts attempts to start; a start that is no longer the newest gives up. */
  #attempt = 0;

  constructor(options: RunLifeOptions) {
    this.#options = options;
  }

  /** The run in hand, whose model can be asked; it may have ended. */
  get run(): LiveRun | undefined {
    return this.#run;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Begins another run. `prepare` throws where it cannot be had, and so does this; then the former model stays. */
  begin(prepare: () => Promise<RunPlan>): Promise<void> {
    this.#recovery.end();
    return this.#launch(++this.#attempt, prepare);
  }

  pause(): void {
    const run = this.#run;
    if (this.#phase === 'running' && run && !run.trainer.control.stopped) {
      run.pause();
      this.#tell('paused', '');
      void run.keeper?.save('paused');
    }
  }

  resume(): void {
    if (this.#phase === 'paused') {
      void this.#options.makeRoom();
      this.#run?.resume();
      this.#tell('running', '');
    }
  }

  /** Resolves when the run has ended, or a moment after it was told to. */
  async stop(): Promise<void> {
    this.#recovery.end();
    if (this.#phase === 'preparing') {
      this.#attempt++;
      this.#tell(this.#run ? 'stopped' : 'idle', ''); // the former model is still there
    } else if (this.#phase === 'running' || this.#phase === 'paused') {
      await Promise.race([this.#end(), new Promise((resolve) => setTimeout(resolve, STOP_ANSWER_MS))]);
    }
  }

  /** Resolves when the run is on the disk as it is now. */
  async save(): Promise<void> {
    if (this.#phase === 'running' || this.#phase === 'paused') await this.#run?.keeper?.save();
  }

  /** A checkpoint of the run has been written. */
  saved(): void {
    this.#recovery.saved();
  }

  /** The device is gone, and the models on it. A run that was going on goes on from its last checkpoint on a new one. */
  async deviceLost(loss: InklingError): Promise<void> {
    const { graphics, writer } = this.#options;
    const attempt = ++this.#attempt;
    const run = this.#run;
    const phase = this.#phase;
    this.#run = undefined;
    writer.cancel();
    const again = this.#recovery.after(run?.keeper, phase);
    run?.trainer.control.stop();
    if (again === undefined || again.losses >= MOST_LOSSES) {
      await run?.keeper?.close('failed', false);
      this.#recovery.end();
      this.#fail(again ? givenUp(loss, again) : loss);
      return;
    }
    this.#options.events.send({ kind: 'recovering', step: again.step });
    const goesOn = again.anew ? 'starting the run anew' : 'going on from the last save';
    this.#tell('preparing', `The graphics device was lost; ${goesOn}`);
    await run?.keeper?.abandon();
    try {
      await graphics.reopen();
      if (attempt === this.#attempt) {
        await this.#launch(attempt, async () => {
          const library = await this.#options.library();
          const plan = again.anew
            ? planAnew(library, again.id, again.anew, LETTING_GO_MS)
            : await planToGoOn(library, again.id, LETTING_GO_MS);
          return { ...plan, paused: again.paused };
        });
      }
    } catch (error) {
      if (attempt === this.#attempt) this.#fail(error);
    }
  }

  #tell(phase: Phase, detail: string): void {
    this.#phase = phase;
    this.#options.events.send({ kind: 'status', phase, detail });
  }

  #fail(error: unknown): void {
    this.#options.events.send({ kind: 'error', failure: toFailure(error) });
    this.#tell('failed', '');
  }

  /** Ends the run that goes, and puts another one in its place, unless a newer attempt has begun by then. */
  async #launch(attempt: number, prepare: () => Promise<RunPlan>): Promise<void> {
    const { graphics, events, writer, makeRoom } = this.#options;
    await this.#end();
    const before = this.#phase;
    this.#tell('preparing', 'Compiling the kernels for this model');
    await makeRoom();
    let plan: RunPlan | undefined;
    let trainer: Trainer | undefined;
    let keeper: RunKeeper | undefined;
    try {
      plan = await prepare();
      const device = await graphics.open();
      const preparing = preparation((detail) => attempt === this.#attempt && this.#tell('preparing', detail));
      trainer = await Trainer.create(device, { ...trainerOptions(device, plan), preparing });
      if (attempt === this.#attempt) keeper = await plan.keep(trainer);
    } catch (error) {
      trainer?.destroy();
      plan?.letGo?.();
      if (attempt !== this.#attempt) return; // a stop, a newer start or the loss of the device has the word
      this.#tell(before === 'preparing' ? 'failed' : before, '');
      throw error;
    }
    if (attempt !== this.#attempt) {
      trainer.destroy();
      await keeper?.abandon();
      plan.letGo?.();
      return;
    }
    writer.cancel();
    this.#run?.trainer.destroy();
    const run = new LiveRun(plan, trainer, keeper, events);
    this.#run = run;
    this.#recovery.begun(plan);
    if (plan.paused) run.pause();
    this.#tell(plan.paused ? 'paused' : 'running', '');
    run.ended = this.#follow(run);
  }

  /** Runs to the end and tells how it ended; never throws. */
  async #follow(run: LiveRun): Promise<void> {
    const { graphics, writer } = this.#options;
    try {
      const end = (await run.run(writer)) ? 'finished' : 'stopped';
      if (run === this.#run) {
        await run.keeper?.close(end);
        if (run === this.#run) this.#tell(end, ''); // the device may have been lost meanwhile
      }
    } catch (error) {
      // Work on a device that is being lost may fail before the loss is told.
      if (!(error instanceof InklingError)) await graphics.lossSoon();
      if (run === this.#run) {
        // A run that diverged has stopped at its last good weights.
        await run.keeper?.close('failed', error instanceof InklingError && error.code === 'diverged');
        if (run === this.#run) this.#fail(error);
      }
    }
  }

  /** Stops the run, if one goes, and waits for it; its model stays. */
  async #end(): Promise<void> {
    this.#run?.trainer.control.stop();
    await this.#run?.ended;
  }
}
