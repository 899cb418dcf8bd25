import { InklingError, toFailure } from '../gpu/errors.ts';
import { checkRunConfig, type RunConfig } from '../model/config.ts';
import type { RunStore } from '../storage/run-store.ts';
import { checkLength } from '../text/corpus.ts';
import { type TrainingState, weightsOf } from '../training/state.ts';
import type { Trainer } from '../training/trainer.ts';
import { answer } from './answer.ts';
import { Benchmarking } from './benchmarking.ts';
import { EventStream } from './event-stream.ts';
import { exportRun } from './exporter.ts';
import { Graphics } from './graphics.ts';
import { Inspection } from './inspection.ts';
import { Lab } from './lab.ts';
import { LibraryCommands } from './library-commands.ts';
import {
  type Beginning,
  createTrainer,
  LiveRun,
  preparation,
  productsOf,
  type RunPlan,
  type RunText,
} from './live-run.ts';
import type {
  AdapterDescription,
  ExportedFile,
  ExportFormat,
  GenerateRequest,
  Phase,
  Result,
  SessionCommands,
  SessionEvent,
  Start,
  StartDescription,
  TextDescription,
  TextSource,
} from './messages.ts';
import { Planning } from './planning.ts';
import { AdapterRates } from './rates.ts';
import { givenUp, Recovery } from './recovery.ts';
import type { RunKeeper } from './run-keeper.ts';
import { Shrinking } from './shrinking.ts';
import { SpareTime } from './spare-time.ts';
import { describeStart, readStartModel, type StartModel, startFrom } from './start.ts';
import { measureOf } from './text-measures.ts';
import { type LoadedText, loadText } from './texts.ts';
import { Writer } from './writer.ts';

/** How long `stop` waits for what the GPU has in hand before it answers. */
const STOP_ANSWER_MS = 100;
/** How often the reading of a text is told, in milliseconds. */
const READING_MS = 100;
/** A text of so many characters is measured in the time that it takes to read it. */
const SOON_MEASURED = 4_000_000;
/** Losses of the device in a row, with nothing saved between them, after which a run is given up. */
const MOST_LOSSES = 3;
/** How long a run that goes on after one may still be in the hands of the attempt before, in milliseconds. */
const LETTING_GO_MS = 15_000;

/** Owns the device, the text and the run; obeys commands and tells what happens. Knows no page and no comlink. */
export class Session extends LibraryCommands implements SessionCommands {
  readonly inspection = new Inspection(() => this.#run);
  readonly rates: AdapterRates;
  readonly benchmarking: Benchmarking;
  readonly lab: Lab;
  readonly planning: Planning;
  readonly shrinking: Shrinking;
  readonly #events = new EventStream();
  readonly #graphics: Graphics;
  readonly #recovery = new Recovery();
  readonly #writer = new Writer((event) => this.#events.send(event));
  #text: LoadedText | undefined;
  /** Ends the reading of a text that is no longer wanted. */
  #reading = new AbortController();
  /** The model that was opened to start from. */
  #opened: StartModel | undefined;
  #run: LiveRun | undefined;
  #phase: Phase = 'idle';
  /** Counts attempts to start; a start that is no longer the newest gives up. */
  #attempt = 0;

  /**
   * `gpu` is `navigator.gpu`, if there is one; `secure` is `isSecureContext`; `openStore` opens what keeps the runs:
   * without it none is kept.
   */
  constructor(gpu: GPU | undefined, secure: boolean, openStore?: () => Promise<RunStore>) {
    super(openStore);
    this.#graphics = new Graphics(
      gpu,
      secure,
      (loss) => void this.#onDeviceLost(loss),
      (failure) => this.#events.send({ kind: 'error', failure }),
    );
    const running = () => this.#phase === 'running' || this.#phase === 'preparing';
    const spare = new SpareTime(() => this.#graphics.open(), running);
    this.rates = new AdapterRates(spare);
    this.benchmarking = new Benchmarking(spare);
    this.lab = new Lab(spare, () => this.#text);
    this.planning = new Planning(
      () => this.#graphics.open(),
      spare,
      () => this.#text,
    );
    this.shrinking = new Shrinking(spare, () => this.#run);
  }

  listen(listener: (event: SessionEvent) => void): void {
    this.#events.listener = listener;
  }

  connect(): Promise<Result<AdapterDescription>> {
    return answer(async () => {
      const { name, software, half } = await this.#graphics.open();
      return { name, software, half, preset: software ? 'tiny' : 'nanogpt-cpu' };
    });
  }

  loadText(source: TextSource): Promise<Result<TextDescription>> {
    this.#reading.abort(new InklingError('superseded', 'Another text has been chosen meanwhile.'));
    const reading = new AbortController();
    this.#reading = reading;
    let told = performance.now();
    const progress = (done: number, total: number | undefined) => {
      if (performance.now() - told > READING_MS) {
        told = performance.now();
        this.#events.send({ kind: 'reading', done, total: total ?? null });
      }
    };
    return answer(async () => {
      const { text, description } = await loadText(source, progress, reading.signal);
      this.#text = text;
      const measure = measureOf(text);
      if (text.ids.length <= SOON_MEASURED) {
        const { statistics } = await measure;
        reading.signal.throwIfAborted(); // a text that was chosen while this one was counted has the word
        return { ...description, statistics };
      }
      void measure.then(({ statistics }) => {
        if (text === this.#text) this.#events.send({ kind: 'measured', of: 'text', statistics });
      });
      return description;
    });
  }

  openModel(name: string, file: Blob): Promise<Result<null>> {
    return answer(async () => {
      this.#opened = await readStartModel(name, file);
      return null;
    });
  }

  describeStart(from: 'run' | 'file'): Promise<Result<StartDescription>> {
    return answer(async () => describeStart(this.#startModel(from), this.#text));
  }

  train(
    wanted: RunConfig,
    start: Start = { from: 'new' },
    name?: string,
    products?: Readonly<Record<string, string>>,
  ): Promise<Result<null>> {
    return answer(async () => {
      const config = start.from === 'new' ? wanted : { ...wanted, model: this.#startModel(start.from).model };
      checkRunConfig(config);
      const loaded = this.#text;
      if (!loaded) {
        throw new InklingError('no-text', 'There is no text to learn from yet.', 'Choose a text first.');
      }
      checkLength(loaded, config.model.block_size);
      this.#recovery.end();
      await this.#launch(++this.#attempt, async () => {
        const { text, state } = await this.#begin(start, loaded, config);
        const begun = start.from === 'new' ? 'seed' : 'model';
        const keep = (trainer: Trainer) => this.#keepNew(name ?? text.name, config, text, trainer, begun);
        return { config, text, state, begun, products: productsOf(products), keep };
      });
      return null;
    });
  }

  pause(): Promise<Result<null>> {
    return answer(async () => {
      const run = this.#run;
      if (this.#phase === 'running' && run && !run.trainer.control.stopped) {
        run.pause();
        this.#tell('paused', '');
        void run.keeper?.save('paused');
      }
      return null;
    });
  }

  resume(): Promise<Result<null>> {
    return answer(async () => {
      if (this.#phase === 'paused') {
        void this.lab.stop();
        void this.benchmarking.stop();
        void this.planning.end();
        void this.shrinking.stop();
        this.#run?.resume();
        this.#tell('running', '');
      }
      return null;
    });
  }

  stop(): Promise<Result<null>> {
    return answer(async () => {
      this.#recovery.end();
      if (this.#phase === 'preparing') {
        this.#attempt++;
        this.#tell(this.#run ? 'stopped' : 'idle', ''); // the former model is still there
      } else if (this.#phase === 'running' || this.#phase === 'paused') {
        await Promise.race([this.#endRun(), new Promise((resolve) => setTimeout(resolve, STOP_ANSWER_MS))]);
      }
      return null;
    });
  }

  generate(request: GenerateRequest): Promise<Result<null>> {
    return answer(async () => {
      if (!this.#run) {
        throw new InklingError('no-model', 'There is no model to write with yet.', 'Press Train first.');
      }
      await this.#writer.answer(this.#run, request);
      return null;
    });
  }

  cancelGeneration(): Promise<Result<null>> {
    this.#writer.cancel();
    return Promise.resolve({ ok: true, value: null });
  }

  exportModel(format: ExportFormat): Promise<Result<ExportedFile>> {
    return answer(async () => {
      if (!this.#run) {
        throw new InklingError('no-model', 'There is no model to take yet.', 'Press Train first.');
      }
      if (this.#phase === 'running') {
        throw new InklingError('still-training', 'The model is still being trained.', 'Pause or stop the run first.');
      }
      return exportRun(this.#run, format);
    });
  }

  save(): Promise<Result<null>> {
    return answer(async () => {
      if (this.#phase === 'running' || this.#phase === 'paused') await this.#run?.keeper?.save();
      return null;
    });
  }

  resumeRun(id: string): Promise<Result<null>> {
    return answer(async () => {
      await this.library();
      this.#recovery.end();
      await this.#launch(++this.#attempt, () => this.#takeRun(id));
      return null;
    });
  }

  protected get own(): string | undefined {
    return this.#run?.keeper?.open ? this.#run.keeper.id : undefined;
  }

  protected get presentText(): RunText | undefined {
    return this.#text;
  }

  protected send(event: SessionEvent): void {
    if (event.kind === 'checkpoint') this.#recovery.saved();
    this.#events.send(event);
  }

  #tell(phase: Phase, detail: string): void {
    this.#phase = phase;
    this.#events.send({ kind: 'status', phase, detail });
  }

  /** Ends the run that goes, and begins another one. `prepare` throws where it cannot be had; then the former model stays. */
  async #launch(attempt: number, prepare: () => Promise<RunPlan>): Promise<void> {
    await this.#endRun();
    await Promise.all([this.lab.stop(), this.benchmarking.stop(), this.planning.end(), this.shrinking.stop()]);
    const before = this.#phase;
    this.#tell('preparing', 'Compiling the kernels for this model');
    let plan: RunPlan | undefined;
    let trainer: Trainer | undefined;
    let keeper: RunKeeper | undefined;
    try {
      plan = await prepare();
      trainer = await createTrainer(
        await this.#graphics.open(),
        plan,
        preparation((detail) => attempt === this.#attempt && this.#tell('preparing', detail)),
      );
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
    this.#writer.cancel();
    this.#run?.trainer.destroy();
    const run = new LiveRun(plan, trainer, keeper, this.#events);
    this.#run = run;
    this.#recovery.begun(plan);
    if (plan.paused) run.pause();
    this.#tell(plan.paused ? 'paused' : 'running', '');
    run.ended = this.#follow(run);
  }

  /** A model to start from, but for its weights, which may still be in training. */
  #startModel(from: 'run' | 'file'): Omit<StartModel, 'parameters'> {
    if (from === 'file' && this.#opened) return this.#opened;
    if (from === 'run' && this.#run) {
      const { config, tokenizer, textName } = this.#run;
      return { name: textName, model: { ...config.model, vocab_size: tokenizer.vocab_size }, tokenizer };
    }
    throw new InklingError('no-model', 'There is no model to start from yet.', 'Open one, or start with a new model.');
  }

  async #weights(from: 'run' | 'file'): Promise<Float32Array> {
    return from === 'file' ? this.#opened!.parameters : weightsOf(await this.#run!.trainer.snapshot());
  }

  /** The text of a new run in its model's ids, and the weights that it starts from, if it does not start from none. */
  async #begin(start: Start, loaded: LoadedText, { model, training }: RunConfig) {
    if (start.from === 'new') return { text: loaded, state: undefined };
    const from = { ...this.#startModel(start.from), parameters: await this.#weights(start.from) };
    const begun: { text: LoadedText; state: TrainingState } = startFrom(from, loaded, start.unknown, training);
    checkLength(begun.text, model.block_size);
    return begun;
  }

  /** A run whose storage fails goes on without; the page is told. */
  async #keepNew(
    name: string,
    config: RunConfig,
    text: RunText,
    trainer: Trainer,
    begun: Beginning,
  ): Promise<RunKeeper | undefined> {
    if (!this.keepsRuns) return undefined;
    try {
      return await (await this.library()).add(name, config, text, trainer, begun);
    } catch (error) {
      this.#events.send({ kind: 'error', failure: toFailure(error) });
      return undefined;
    }
  }

  /** A kept run, ready to go on. */
  async #takeRun(id: string, wait?: number): Promise<RunPlan> {
    const library = await this.library();
    const taken = await library.take(id, wait);
    const { record, checkpoint, text, metrics, hold } = taken;
    return {
      config: record.config,
      text,
      state: checkpoint.state,
      metrics,
      begun: record.begun,
      keep: async (trainer) => library.keep(taken, trainer),
      letGo: hold.release,
    };
  }

  /** A run of which nothing was saved, once more under the same name. */
  async #startAnew(id: string, plan: RunPlan): Promise<RunPlan> {
    const library = await this.library();
    return { ...plan, keep: (trainer) => library.keepAgain(id, plan.text, trainer, LETTING_GO_MS) };
  }

  /** Runs to the end and tells how it ended; never throws. */
  async #follow(run: LiveRun): Promise<void> {
    try {
      const end = (await run.run(this.#writer)) ? 'finished' : 'stopped';
      if (run === this.#run) {
        await run.keeper?.close(end);
        if (run === this.#run) this.#tell(end, ''); // the device may have been lost meanwhile
      }
    } catch (error) {
      // Work on a device that is being lost may fail before the loss is told.
      if (!(error instanceof InklingError)) await this.#graphics.lossSoon();
      if (run === this.#run) {
        // A run that diverged has stopped at its last good weights.
        await run.keeper?.close('failed', error instanceof InklingError && error.code === 'diverged');
        if (run !== this.#run) return;
        this.#events.send({ kind: 'error', failure: toFailure(error) });
        this.#tell('failed', '');
      }
    }
  }

  /** Stops the run, if one goes, and waits for it; its model stays. */
  async #endRun(): Promise<void> {
    this.#run?.trainer.control.stop();
    await this.#run?.ended;
  }

  /** The device is gone, and the models on it. A run that was going on goes on from its last checkpoint on a new one. */
  async #onDeviceLost(loss: InklingError): Promise<void> {
    const attempt = ++this.#attempt;
    const run = this.#run;
    const phase = this.#phase;
    this.#run = undefined;
    this.#writer.cancel();
    const again = this.#recovery.after(run?.keeper, phase);
    run?.trainer.control.stop();
    if (again === undefined || again.losses >= MOST_LOSSES) {
      await run?.keeper?.close('failed', false);
      this.#recovery.end();
      this.#events.send({ kind: 'error', failure: toFailure(again ? givenUp(loss, again) : loss) });
      this.#tell('failed', '');
      return;
    }
    this.#events.send({ kind: 'recovering', step: again.step });
    const goesOn = again.anew ? 'starting the run anew' : 'going on from the last save';
    this.#tell('preparing', `The graphics device was lost; ${goesOn}`);
    await run?.keeper?.abandon();
    try {
      await this.#graphics.reopen();
      if (attempt === this.#attempt) {
        await this.#launch(attempt, async () => ({
          ...(again.anew ? await this.#startAnew(again.id, again.anew) : await this.#takeRun(again.id, LETTING_GO_MS)),
          paused: again.paused,
        }));
      }
    } catch (error) {
      if (attempt === this.#attempt) {
        this.#events.send({ kind: 'error', failure: toFailure(error) });
        this.#tell('failed', '');
      }
    }
  }
}
