import { InklingError, toFailure } from '../gpu/errors.ts';
import { checkRunConfig, type RunConfig } from '../model/config.ts';
import type { RunStore } from '../storage/run-store.ts';
import { checkText, countCharacters, decodeText, splitCorpus } from '../text/corpus.ts';
import { loadMobyDick } from '../text/moby-dick.ts';
import { CharacterTokenizer } from '../text/tokenizer.ts';
import { Trainer } from '../training/trainer.ts';
import { answer } from './answer.ts';
import { EventStream } from './event-stream.ts';
import { Graphics } from './graphics.ts';
import { LiveRun, type Start } from './live-run.ts';
import type {
  AdapterDescription,
  ForkChange,
  GenerateRequest,
  KeptRun,
  Phase,
  Result,
  RunList,
  SessionCommands,
  SessionEvent,
  TextDescription,
  TextSource,
} from './messages.ts';
import { givenUp, Recovery } from './recovery.ts';
import type { RunKeeper } from './run-keeper.ts';
import { RunLibrary } from './run-library.ts';
import { Writer } from './writer.ts';

const PREVIEW_LENGTH = 400;
/** How long `stop` waits for what the GPU has in hand before it answers. */
const STOP_ANSWER_MS = 100;
/** Losses of the device in a row, with nothing saved between them, after which a run is given up. */
const MOST_LOSSES = 3;
/** How long a run that goes on after one may still be in the hands of the attempt before, in milliseconds. */
const LETTING_GO_MS = 15_000;

interface LoadedText {
  text: string;
  name: string;
  tokenizer: CharacterTokenizer;
}

/** Owns the device, the text and the run; obeys commands and tells what happens. Knows no page and no comlink. */
export class Session implements SessionCommands {
  readonly #events = new EventStream();
  readonly #graphics: Graphics;
  readonly #openStore: (() => Promise<RunStore>) | undefined;
  readonly #recovery = new Recovery();
  readonly #writer = new Writer((event) => this.#events.send(event));
  #library: Promise<RunLibrary> | undefined;
  #text: LoadedText | undefined;
  #run: LiveRun | undefined;
  #phase: Phase = 'idle';
  /** Counts attempts to start; a start that is no longer the newest gives up. */
  #attempt = 0;

  /**
   * `gpu` is `navigator.gpu`, if there is one; `secure` is `isSecureContext`; `openStore` opens what keeps the runs:
   * without it none is kept.
   */
  constructor(gpu: GPU | undefined, secure: boolean, openStore?: () => Promise<RunStore>) {
    this.#graphics = new Graphics(
      gpu,
      secure,
      (loss) => void this.#onDeviceLost(loss),
      (failure) => this.#events.send({ kind: 'error', failure }),
    );
    this.#openStore = openStore;
  }

  listen(listener: (event: SessionEvent) => void): void {
    this.#events.listener = listener;
  }

  connect(): Promise<Result<AdapterDescription>> {
    return answer(async () => {
      const { name, software } = await this.#graphics.open();
      return { name, software, preset: software ? 'tiny' : 'nanogpt-cpu' };
    });
  }

  loadText(source: TextSource): Promise<Result<TextDescription>> {
    return answer(async () => {
      const { name, text } = await readSource(source);
      const tokenizer = CharacterTokenizer.from(text);
      checkText(text, tokenizer, 1);
      this.#text = { name, text, tokenizer };
      return {
        name,
        characters: countCharacters(text),
        vocab_size: tokenizer.vocab_size,
        preview: Array.from(text.slice(0, 2 * PREVIEW_LENGTH))
          .slice(0, PREVIEW_LENGTH)
          .join(''),
      };
    });
  }

  train(config: RunConfig, name?: string): Promise<Result<null>> {
    return answer(async () => {
      checkRunConfig(config);
      const loaded = this.#text;
      if (!loaded) {
        throw new InklingError('no-text', 'There is no text to learn from yet.', 'Choose a text first.');
      }
      const { text, tokenizer, name: textName } = loaded;
      checkText(text, tokenizer, config.model.block_size);
      const keep = (trainer: Trainer) => this.#keepNew(name ?? textName, config, loaded, trainer);
      this.#recovery.end();
      await this.#launch(++this.#attempt, async () => ({
        config,
        textName,
        tokenizer,
        ids: tokenizer.encode(text),
        keep,
      }));
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

  save(): Promise<Result<null>> {
    return answer(async () => {
      if (this.#phase === 'running' || this.#phase === 'paused') await this.#run?.keeper?.save();
      return null;
    });
  }

  listRuns(): Promise<Result<RunList>> {
    return this.#ask((library) => library.list(this.#own));
  }

  showRun(id: string): Promise<Result<KeptRun>> {
    return this.#ask((library) => library.show(id, this.#own));
  }

  resumeRun(id: string): Promise<Result<null>> {
    return answer(async () => {
      await this.#openLibrary();
      this.#recovery.end();
      await this.#launch(++this.#attempt, () => this.#takeRun(id));
      return null;
    });
  }

  forkRun(id: string, change: ForkChange): Promise<Result<string>> {
    return this.#ask((library) => library.fork(id, change));
  }

  renameRun(id: string, name: string): Promise<Result<null>> {
    return this.#ask((library) => library.rename(id, name));
  }

  deleteRun(id: string): Promise<Result<null>> {
    return this.#ask((library) => library.remove(id));
  }

  #ask<T>(work: (library: RunLibrary) => Promise<T>): Promise<Result<T>> {
    return answer(async () => work(await this.#openLibrary()));
  }

  /** The run that this session has in hand. */
  get #own(): string | undefined {
    return this.#run?.keeper?.open ? this.#run.keeper.id : undefined;
  }

  #tell(phase: Phase, detail: string): void {
    this.#phase = phase;
    this.#events.send({ kind: 'status', phase, detail });
  }

  #openLibrary(): Promise<RunLibrary> {
    if (!this.#openStore) {
      return Promise.reject(new InklingError('no-storage', 'No runs are kept here.', 'Open the page in a browser.'));
    }
    if (!this.#library) {
      this.#library = this.#openStore().then((store) => new RunLibrary(store, (event) => this.#events.send(event)));
      this.#library.catch(() => {
        this.#library = undefined;
      });
    }
    return this.#library;
  }

  /** Ends the run that goes, and begins another one. `prepare` throws where it cannot be had; then the former model stays. */
  async #launch(attempt: number, prepare: () => Promise<Start>): Promise<void> {
    await this.#endRun();
    const before = this.#phase;
    this.#tell('preparing', 'Compiling the kernels for this model');
    let start: Start | undefined;
    let trainer: Trainer | undefined;
    let keeper: RunKeeper | undefined;
    try {
      start = await prepare();
      trainer = await this.#createTrainer(start);
      keeper = await start.keep(trainer);
    } catch (error) {
      trainer?.destroy();
      start?.letGo?.();
      if (attempt !== this.#attempt) return; // a stop, a newer start or the loss of the device has the word
      this.#tell(before === 'preparing' ? 'failed' : before, '');
      throw error;
    }
    if (attempt !== this.#attempt) {
      trainer.destroy();
      await keeper?.abandon();
      return;
    }
    this.#writer.cancel();
    this.#run?.trainer.destroy();
    const run = new LiveRun(start, trainer, keeper, this.#events);
    this.#run = run;
    if (start.paused) run.pause();
    this.#tell(start.paused ? 'paused' : 'running', '');
    run.ended = this.#follow(run);
  }

  async #createTrainer({ config, tokenizer, ids, state }: Start): Promise<Trainer> {
    const { train, val } = splitCorpus(ids);
    const model = { ...config.model, vocab_size: tokenizer.vocab_size };
    const device = await this.#graphics.open();
    return Trainer.create(device, { model, training: config.training, train, val, ...(state && { state }) });
  }

  /** A run whose storage fails goes on without; the page is told. */
  async #keepNew(name: string, config: RunConfig, text: LoadedText, trainer: Trainer): Promise<RunKeeper | undefined> {
    if (!this.#openStore) return undefined;
    try {
      return await (await this.#openLibrary()).add(name, config, text, trainer);
    } catch (error) {
      this.#events.send({ kind: 'error', failure: toFailure(error) });
      return undefined;
    }
  }

  /** A kept run, ready to go on. */
  async #takeRun(id: string, wait?: number): Promise<Start> {
    const library = await this.#openLibrary();
    const taken = await library.take(id, wait);
    const { record, checkpoint, tokenizer, ids, metrics, hold } = taken;
    return {
      config: record.config,
      textName: record.text.name,
      tokenizer,
      ids,
      state: checkpoint.state,
      metrics,
      keep: async (trainer) => library.keep(taken, trainer),
      letGo: hold.release,
    };
  }

  /** Runs to the end and tells how it ended; never throws. */
  async #follow(run: LiveRun): Promise<void> {
    try {
      const end = (await run.run(this.#writer)) ? 'finished' : 'stopped';
      if (run === this.#run) {
        await run.keeper?.close(end);
        this.#tell(end, '');
      }
    } catch (error) {
      // Work on a device that is being lost may fail before the loss is told.
      if (!(error instanceof InklingError)) await this.#graphics.lossSoon();
      if (run === this.#run) {
        // A run that diverged has stopped at its last good weights.
        await run.keeper?.close('failed', error instanceof InklingError && error.code === 'diverged');
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
    this.#tell('preparing', 'The graphics device was lost; going on from the last save');
    await run?.keeper?.abandon();
    try {
      await this.#graphics.reopen();
      if (attempt === this.#attempt) {
        await this.#launch(attempt, async () => ({
          ...(await this.#takeRun(again.id, LETTING_GO_MS)),
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
async function readSource(source: TextSource): Promise<{ name: string; text: string }> {
  switch (source.kind) {
    case 'moby-dick':
      return { name: 'Moby-Dick', text: await loadMobyDick() };
    case 'file':
      return { name: source.name, text: decodeText(new Uint8Array(source.bytes), source.name) };
    case 'paste':
      return { name: 'Pasted text', text: source.text };
    default:
      return source satisfies never;
  }
}
