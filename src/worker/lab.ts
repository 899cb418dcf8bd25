import { InklingError } from '../gpu/errors.ts';
import { checkRunConfig, type RunConfig } from '../model/config.ts';
import type { TokenIds } from '../text/corpus.ts';
import { type Losses, overfittingSince } from '../training/overfitting.ts';
import { weightsOf } from '../training/state.ts';
import { Trainer } from '../training/trainer.ts';
import { answer } from './answer.ts';
import type { Result } from './messages.ts';
import type { SpareTime } from './spare-time.ts';
import type { LoadedText } from './texts.ts';

export type { Losses };

/** One run of the lab: on a piece of the present text, and never kept. */
export interface LabRun {
  config: RunConfig;
  /** The SHA-256 of the text, as it was described: no other one is taken for it. */
  text: string;
  /** Characters to learn, cut out of the middle of the text. */
  characters: number;
  /** Characters just before them that are held back: the same ones, however many are learnt. */
  heldBack: number;
}

export interface LabOutcome {
  parameters: number;
  evaluations: Losses[];
  /** The evaluation after which the validation loss rose while the training loss fell on, by its step, or null. */
  overfitting_since: number | null;
  /** Whether patience ended it, and its weights are those of the lowest validation loss. */
  endedEarly: boolean;
  /** ‖w‖ of the matrices, at the end. */
  norm: number;
}

/** Short runs on little text, to see what overfitting is and what helps. */
export interface LabCommands {
  /** Trains once, telling each evaluation with whether overfitting shows by then. Codes: `still-training`, `gpu-busy`,
   * `no-text`, `other-text`, `short-text`, `stopped`, and those of `Trainer`. */
  train(run: LabRun, told: (losses: Losses, since: number | null) => void): Promise<Result<LabOutcome>>;
  /** Ends that run, which then answers `stopped`. */
  stop(): Promise<Result<null>>;
}

/** The same cut for everybody who asks for it: validation first, then what is learnt. Throws `short-text`. */
export function cutText(ids: TokenIds, characters: number, heldBack: number): { train: TokenIds; val: TokenIds } {
  const needed = characters + heldBack;
  if (ids.length < needed) {
    const number = (value: number) => value.toLocaleString('en-US');
    throw new InklingError(
      'short-text',
      `This experiment needs ${number(needed)} characters, and the text has ${number(ids.length)}.`,
      'Choose a longer text under Train, or a smaller piece of it here.',
    );
  }
  // from the middle, where a book is neither title page nor index; earlier where the rest is too short
  const middle = Math.min(Math.floor(ids.length / 2), ids.length - characters);
  const start = Math.max(middle, heldBack);
  return { val: ids.subarray(start - heldBack, start), train: ids.subarray(start, start + characters) };
}

export class Lab implements LabCommands {
  readonly #spare: SpareTime;
  readonly #text: () => LoadedText | undefined;
  #trainer: Trainer | undefined;
  /** Counts the calls of `stop`. */
  #stops = 0;

  constructor(spare: SpareTime, text: () => LoadedText | undefined) {
    this.#spare = spare;
    this.#text = text;
  }

  train(run: LabRun, told: (losses: Losses, since: number | null) => void): Promise<Result<LabOutcome>> {
    const stops = this.#stops;
    return answer(() =>
      this.#spare.use(async (device) => {
        const text = this.#text();
        if (!text) {
          throw new InklingError('no-text', 'There is no text to learn from yet.', 'Choose a text under Train first.');
        }
        if (text.sha256 !== run.text) {
          throw new InklingError(
            'other-text',
            'The text has been changed since the experiment began, and its runs are to learn the same one.',
            'Run it again, on the present text.',
          );
        }
        checkRunConfig(run.config);
        const { model, training } = run.config;
        const trainer = await Trainer.create(device, {
          model: { ...model, vocab_size: text.tokenizer.vocab_size },
          training,
          ...cutText(text.ids, run.characters, run.heldBack),
        });
        this.#trainer = trainer;
        try {
          const evaluations: Losses[] = [];
          const done = trainer.run({
            evaluated: (step, train_loss, val_loss) => {
              evaluations.push({ step, train_loss, val_loss });
              told(evaluations.at(-1)!, overfittingSince(evaluations));
            },
          });
          if (stops !== this.#stops) trainer.control.stop(); // asked for while the kernels were compiled
          if (!(await done)) throw new InklingError('stopped', 'The experiment was ended.', 'Run it again.');
          return {
            parameters: trainer.parameters,
            evaluations,
            overfitting_since: overfittingSince(evaluations),
            endedEarly: trainer.endedEarly,
            norm: await matrixNorm(trainer),
          };
        } finally {
          this.#trainer = undefined;
          trainer.destroy();
        }
      }),
    );
  }

  stop(): Promise<Result<null>> {
    this.#stops++;
    this.#trainer?.control.stop();
    return Promise.resolve({ ok: true, value: null });
  }
}

/** The Euclidean norm of all elements that weight decay would shrink. */
async function matrixNorm(trainer: Trainer): Promise<number> {
  const weights = weightsOf(await trainer.snapshot());
  let sum = 0;
  for (let i = 0; i < trainer.layout.decayed; i++) sum += weights[i]! ** 2; // the gaps are zero
  return Math.sqrt(sum);
}
