import { type RunConfig, tokensPerStep } from '../model/config.ts';
import type { CharacterTokenizer } from '../text/tokenizer.ts';
import type { TrainingState } from '../training/state.ts';
import type { Trainer } from '../training/trainer.ts';
import { type EventStream, RunClock } from './event-stream.ts';
import type { Metrics } from './messages.ts';
import type { RunKeeper } from './run-keeper.ts';
import type { Writer, WritingModel } from './writer.ts';

/** What a run is made of before it has a trainer. */
export interface Start {
  config: RunConfig;
  textName: string;
  tokenizer: CharacterTokenizer;
  ids: Uint32Array<ArrayBuffer>;
  /** Where it goes on from, and what it has told before. */
  state?: TrainingState;
  metrics?: Metrics;
  /** Whether it stands still at first. */
  paused?: boolean;
  /** Begins to save it; undefined where this browser keeps no runs. */
  keep: (trainer: Trainer) => Promise<RunKeeper | undefined>;
  /** Called when it does not start. */
  letGo?: () => void;
}

/** A model on the GPU, the run that trains it, and how to read what it writes. */
export class LiveRun implements WritingModel {
  readonly trainer: Trainer;
  readonly tokenizer: CharacterTokenizer;
  readonly keeper: RunKeeper | undefined;
  /** Resolves when nothing of it is on the GPU any more, and its end is saved. */
  ended: Promise<void> = Promise.resolve();
  readonly #config: RunConfig;
  readonly #clock: RunClock;
  readonly #events: EventStream;

  /** Tells that the run has started. */
  constructor(start: Start, trainer: Trainer, keeper: RunKeeper | undefined, events: EventStream) {
    const { config, textName, tokenizer, metrics } = start;
    this.trainer = trainer;
    this.tokenizer = tokenizer;
    this.keeper = keeper;
    this.#config = config;
    this.#clock = new RunClock(config.training.max_iters - trainer.step, tokensPerStep(config));
    this.#events = events;
    events.startRun(this.#clock);
    events.send({
      kind: 'started',
      run: keeper ? { id: keeper.id, name: keeper.name } : null,
      before: metrics ? { step: trainer.step, metrics } : null,
      config,
      text: textName,
      vocab_size: tokenizer.vocab_size,
      parameters: trainer.parameters,
      gpu_bytes: trainer.gpuBytes,
      dispatches: trainer.dispatchesPerStep,
    });
  }

  pause(): void {
    this.trainer.control.pause();
    this.#clock.pause();
  }

  resume(): void {
    this.#clock.resume();
    this.keeper?.resumed();
    this.trainer.control.resume();
  }

  /** Trains to the end (true) or until it is stopped (false), tells what happens and keeps it. Throws what the trainer does. */
  run(writer: Writer): Promise<boolean> {
    const { keeper } = this;
    const events = this.#events;
    return this.trainer.run({
      steps: (records) => {
        keeper?.steps(records);
        events.steps(records);
      },
      evaluated: (step, train_loss, val_loss, improved) => {
        keeper?.evaluated(step, train_loss, val_loss, improved);
        events.send({ kind: 'eval', step, train_loss, val_loss });
      },
      sampleDue: async (step) => {
        const text = await writer.sample(this, this.#config.training.seed + step);
        keeper?.sampled(step, text);
        events.send({ kind: 'sample', step, text });
      },
    });
  }
}
