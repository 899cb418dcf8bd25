import { InklingError, toFailure } from '../gpu/errors.ts';
import { checkRunConfig, type RunConfig } from '../model/config.ts';
import type { RunStore } from '../storage/run-store.ts';
import { checkLength } from '../text/corpus.ts';
import type { Trainer } from '../training/trainer.ts';
import { answer } from './answer.ts';
import { Benchmarking } from './benchmarking.ts';
import { EventStream } from './event-stream.ts';
import { exportRun } from './exporter.ts';
import { Graphics } from './graphics.ts';
import { Inspection } from './inspection.ts';
import { planToGoOn } from './kept-plans.ts';
import { Lab } from './lab.ts';
import { LibraryCommands } from './library-commands.ts';
import { type Beginning, productsOf, type RunText } from './live-run.ts';
import type {
  AdapterDescription,
  ExportedFile,
  ExportFormat,
  GenerateRequest,
  Result,
  SessionCommands,
  SessionEvent,
  Start,
  StartDescription,
  TextDescription,
  TextSource,
} from './messages.ts';
import { Planning } from './planning.ts';
import { PresentText } from './present-text.ts';
import { AdapterRates } from './rates.ts';
import type { RunKeeper } from './run-keeper.ts';
import { RunLife } from './run-life.ts';
import { Shrinking } from './shrinking.ts';
import { SpareTime } from './spare-time.ts';
import { describeStart } from './start.ts';
import { StartModels } from './start-models.ts';
import { Writer } from './writer.ts';

/** Obeys commands and tells what happens, by the parts that own the device, the text and the run. Knows no page and no comlink. */
export class Session extends LibraryCommands implements SessionCommands {
  readonly inspection = new Inspection(() => this.#life.run);
  readonly rates: AdapterRates;
  readonly benchmarking: Benchmarking;
  readonly lab: Lab;
  readonly planning: Planning;
  readonly shrinking: Shrinking;
  readonly #events = new EventStream();
  readonly #text = new PresentText((event) => this.#events.send(event));
  readonly #starts = new StartModels(() => this.#life.run);
  readonly #writer = new Writer((event) => this.#events.send(event));
  readonly #graphics: Graphics;
  readonly #life: RunLife;

  /**
   * `gpu` is `navigator.gpu`, if there is one; `secure` is `isSecureContext`; `openStore` opens what keeps the runs:
   * without it none is kept.
   */
  constructor(gpu: GPU | undefined, secure: boolean, openStore?: () => Promise<RunStore>) {
    super(openStore);
    this.#graphics = new Graphics(
      gpu,
      secure,
      (loss) => void this.#life.deviceLost(loss),
      (failure) => this.#events.send({ kind: 'error', failure }),
    );
    this.#life = new RunLife({
      graphics: this.#graphics,
      events: this.#events,
      writer: this.#writer,
      library: () => this.library(),
      makeRoom: async () => {
        await Promise.all([this.lab.stop(), this.benchmarking.stop(), this.planning.end(), this.shrinking.stop()]);
        await spare.returned();
      },
    });
    const device = () => this.#graphics.open();
    const running = () => this.#life.phase === 'running' || this.#life.phase === 'preparing';
    const spare = new SpareTime(device, running);
    const text = () => this.#text.text;
    this.rates = new AdapterRates(spare);
    this.benchmarking = new Benchmarking(spare);
    this.lab = new Lab(spare, text);
    this.planning = new Planning(device, spare, text);
    this.shrinking = new Shrinking(spare, () => this.#life.run);
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
    return answer(() => this.#text.load(source));
  }

  openModel(name: string, file: Blob): Promise<Result<null>> {
    return this.#done(() => this.#starts.open(name, file));
  }

  describeStart(from: 'run' | 'file'): Promise<Result<StartDescription>> {
    return answer(async () => describeStart(this.#starts.describe(from), this.#text.text));
  }

  train(
    wanted: RunConfig,
    start: Start = { from: 'new' },
    name?: string,
    products?: Readonly<Record<string, string>>,
  ): Promise<Result<null>> {
    return this.#done(async () => {
      const config = start.from === 'new' ? wanted : { ...wanted, model: this.#starts.describe(start.from).model };
      checkRunConfig(config);
      const loaded = this.#text.text;
      if (!loaded) {
        throw new InklingError('no-text', 'There is no text to learn from yet.', 'Choose a text first.');
      }
      checkLength(loaded, config.model.block_size);
      await this.#life.begin(async () => {
        const { text, state } = await this.#starts.begin(start, loaded, config);
        const begun = start.from === 'new' ? 'seed' : 'model';
        let kept: RunKeeper | undefined;
        const keep = async (trainer: Trainer) => {
          kept = await this.#keepNew(name ?? text.name, config, text, trainer, begun);
          return kept;
        };
        // a run that was stopped before its first step is none that anybody could go on with
        const letGo = () => kept && void this.library().then((library) => library.remove(kept!.id).catch(() => {}));
        return { config, text, state, begun, products: productsOf(products), keep, letGo };
      });
    });
  }

  pause(): Promise<Result<null>> {
    return this.#done(async () => this.#life.pause());
  }

  resume(): Promise<Result<null>> {
    return this.#done(async () => this.#life.resume());
  }

  stop(): Promise<Result<null>> {
    return this.#done(() => this.#life.stop());
  }

  generate(request: GenerateRequest): Promise<Result<null>> {
    return this.#done(async () => {
      const { run } = this.#life;
      if (!run) {
        throw new InklingError('no-model', 'There is no model to write with yet.', 'Press Train first.');
      }
      await this.#writer.answer(run, request);
    });
  }

  cancelGeneration(): Promise<Result<null>> {
    return this.#done(async () => this.#writer.cancel());
  }

  exportModel(format: ExportFormat): Promise<Result<ExportedFile>> {
    return answer(async () => {
      const { run, phase } = this.#life;
      if (!run) {
        throw new InklingError('no-model', 'There is no model to take yet.', 'Press Train first.');
      }
      if (phase === 'running') {
        throw new InklingError('still-training', 'The model is still being trained.', 'Pause or stop the run first.');
      }
      return exportRun(run, format);
    });
  }

  save(): Promise<Result<null>> {
    return this.#done(() => this.#life.save());
  }

  resumeRun(id: string): Promise<Result<null>> {
    return this.#done(async () => {
      const library = await this.library();
      await this.#life.begin(() => planToGoOn(library, id));
    });
  }

  protected get own(): string | undefined {
    const keeper = this.#life.run?.keeper;
    return keeper?.open ? keeper.id : undefined;
  }

  protected get presentText(): RunText | undefined {
    return this.#text.text;
  }

  protected send(event: SessionEvent): void {
    if (event.kind === 'checkpoint') this.#life.saved();
    this.#events.send(event);
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

  /** The answer of a command that has no value; what it told the page gets there before. */
  #done(command: () => Promise<void>): Promise<Result<null>> {
    return answer(async () => {
      try {
        await command();
        return null;
      } finally {
        await this.#events.heard();
      }
    });
  }
}
