import { type Device, deviceLoss, openDevice } from '../gpu/device.ts';
import { InklingError, toFailure } from '../gpu/errors.ts';
import { checkRunConfig, type RunConfig, tokensPerStep } from '../model/config.ts';
import { checkLength, splitCorpus } from '../text/corpus.ts';
import { DATASETS } from '../text/datasets.ts';
import { testProblems } from '../training/accuracy.ts';
import { type TrainingState, weightsOf } from '../training/state.ts';
import { Trainer } from '../training/trainer.ts';
import { EventStream, RunClock } from './event-stream.ts';
import type {
  AdapterDescription,
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
import { describeStart, readStartModel, type StartModel, startFrom } from './start.ts';
import { type LoadedText, loadText } from './texts.ts';
import { Writer, type WritingModel } from './writer.ts';

/** How long `stop` waits for what the GPU has in hand before it answers. */
const STOP_ANSWER_MS = 100;
/** How often the reading of a text is told, in milliseconds. */
const READING_MS = 100;

/** A model on the GPU, the run that trains it, and how to read what it writes. */
interface Run extends WritingModel {
  config: RunConfig;
  clock: RunClock;
  /** Name of the text that it learns. */
  textName: string;
  /** Resolves when nothing of it is on the GPU any more. */
  ended: Promise<void>;
}

/** Owns the device, the text and the run; obeys commands and tells what happens. Knows no page and no comlink. */
export class Session implements SessionCommands {
  readonly #gpu: GPU | undefined;
  readonly #secure: boolean;
  readonly #events = new EventStream();
  /** The device, or the asking for it: never two at a time. */
  #device: Promise<Device> | undefined;
  #text: LoadedText | undefined;
  /** Ends the reading of a text that is no longer wanted. */
  #reading = new AbortController();
  /** The model that was opened to start from. */
  #opened: StartModel | undefined;
  #run: Run | undefined;
  #phase: Phase = 'idle';
  /** Counts attempts to start; a start that is no longer the newest gives up. */
  #attempt = 0;
  readonly #writer = new Writer((event) => this.#events.send(event));

  /** `gpu` is `navigator.gpu`, if there is one; `secure` is `isSecureContext`. */
  constructor(gpu: GPU | undefined, secure: boolean) {
    this.#gpu = gpu;
    this.#secure = secure;
  }

  listen(listener: (event: SessionEvent) => void): void {
    this.#events.listener = listener;
  }

  connect(): Promise<Result<AdapterDescription>> {
    return answer(async () => {
      const { name, software } = await this.#openDevice();
      return { name, software, preset: software ? 'tiny' : 'nanogpt-cpu' };
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

  train(wanted: RunConfig, start: Start = { from: 'new' }): Promise<Result<null>> {
    return answer(async () => {
      const config = start.from === 'new' ? wanted : { ...wanted, model: this.#startModel(start.from).model };
      checkRunConfig(config);
      const loaded = this.#text;
      if (!loaded) {
        throw new InklingError('no-text', 'There is no text to learn from yet.', 'Choose a text first.');
      }
      checkLength(loaded, config.model.block_size);
      const attempt = ++this.#attempt;
      await this.#endRun();
      const before = this.#phase;
      this.#tell('preparing', 'Compiling the kernels for this model');
      let trainer: Trainer;
      let text = loaded;
      try {
        let state: TrainingState | undefined;
        if (start.from !== 'new') {
          const model = { ...this.#startModel(start.from), parameters: await this.#weights(start.from) };
          ({ text, state } = startFrom(model, loaded, start.unknown, config.training));
          checkLength(text, config.model.block_size);
        }
        trainer = await this.#createTrainer(config, text, state);
      } catch (error) {
        if (attempt !== this.#attempt) {
          return null; // a stop, a newer start or the loss of the device has the word
        }
        this.#tell(before, '');
        throw error;
      }
      if (attempt !== this.#attempt) {
        trainer.destroy();
        return null;
      }
      this.#writer.cancel();
      this.#run?.trainer.destroy();
      this.#start(trainer, config, text);
      return null;
    });
  }

  pause(): Promise<Result<null>> {
    return answer(async () => {
      const control = this.#run?.trainer.control;
      if (this.#phase === 'running' && control && !control.stopped) {
        control.pause();
        this.#run?.clock.pause();
        this.#tell('paused', '');
      }
      return null;
    });
  }

  resume(): Promise<Result<null>> {
    return answer(async () => {
      if (this.#phase === 'paused') {
        this.#run?.clock.resume();
        this.#run?.trainer.control.resume();
        this.#tell('running', '');
      }
      return null;
    });
  }

  stop(): Promise<Result<null>> {
    return answer(async () => {
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

  #tell(phase: Phase, detail: string): void {
    this.#phase = phase;
    this.#events.send({ kind: 'status', phase, detail });
  }

  #openDevice(): Promise<Device> {
    if (!this.#device) {
      const asked = this.#askForDevice();
      this.#device = asked;
      asked.then(
        (device) => deviceLoss(device).then((loss) => this.#device === asked && this.#onDeviceLost(loss)),
        () => {
          this.#device = undefined; // the next asking may be luckier
        },
      );
    }
    return this.#device;
  }

  async #askForDevice(): Promise<Device> {
    if (!this.#secure) {
      throw new InklingError(
        'insecure-context',
        'This page was not loaded securely, and browsers give WebGPU to secure pages only.',
        'Open it by https://, or from localhost.',
      );
    }
    if (!this.#gpu) {
      throw new InklingError(
        'no-webgpu',
        'This browser has no WebGPU.',
        'Use a current Chrome, Edge, Firefox or Safari; on Linux, Chrome may need --enable-unsafe-webgpu.',
      );
    }
    const device = await openDevice(this.#gpu);
    device.gpu.addEventListener('uncapturederror', ({ error }) => {
      const failure = { code: 'internal', message: error.message, hint: 'Stop the run and start it again.' };
      this.#events.send({ kind: 'error', failure });
    });
    return device;
  }

  #onDeviceLost(loss: InklingError): void {
    this.#device = undefined; // the next run asks for a new one
    this.#run?.trainer.control.stop();
    this.#run = undefined;
    this.#attempt++;
    this.#writer.cancel();
    this.#events.send({ kind: 'error', failure: toFailure(loss) });
    this.#tell('failed', '');
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

  async #createTrainer(
    config: RunConfig,
    { ids, tokenizer, dataset }: LoadedText,
    state: TrainingState | undefined,
  ): Promise<Trainer> {
    const { train, val } = splitCorpus(ids);
    const model = { ...config.model, vocab_size: tokenizer.vocab_size };
    const task = dataset === null ? undefined : DATASETS[dataset].task;
    const problems = task && testProblems(task, tokenizer);
    const { training } = config;
    return Trainer.create(await this.#openDevice(), { model, training, train, val, problems, ...(state && { state }) });
  }

  #start(trainer: Trainer, config: RunConfig, { name, tokenizer }: LoadedText): void {
    const clock = new RunClock(config.training.max_iters, tokensPerStep(config));
    const run: Run = { trainer, tokenizer, config, clock, textName: name, ended: Promise.resolve() };
    this.#run = run;
    this.#events.startRun(clock);
    this.#events.send({
      kind: 'started',
      config,
      text: name,
      vocab_size: tokenizer.vocab_size,
      parameters: trainer.parameters,
      gpu_bytes: trainer.gpuBytes,
      dispatches: trainer.dispatchesPerStep,
    });
    this.#tell('running', '');
    run.ended = this.#follow(run);
  }

  /** Runs to the end and tells what happens; never throws. */
  async #follow(run: Run): Promise<void> {
    try {
      const finished = await run.trainer.run({
        steps: (records) => this.#events.steps(records),
        evaluated: (step, train_loss, val_loss, _improved, accuracy) =>
          this.#events.send({ kind: 'eval', step, train_loss, val_loss, accuracy }),
        sampleDue: async (step) => {
          const text = await this.#writer.sample(run, run.config.training.seed + step);
          this.#events.send({ kind: 'sample', step, text });
        },
      });
      if (run === this.#run) {
        this.#tell(finished ? 'finished' : 'stopped', '');
      }
    } catch (error) {
      if (run === this.#run) {
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
}

async function answer<T>(work: () => Promise<T>): Promise<Result<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, failure: toFailure(error) };
  }
}
