import type { Generator } from '../generation/generator.ts';
import type { Device } from '../gpu/device.ts';
import type { Arena, Program } from '../graph/program.ts';
import type { TrainingConfig } from '../model/config.ts';
import { exactMatch, type TokenProblem } from './accuracy.ts';
import { Unsound } from './diagnosis.ts';
import { meanLoss } from './evaluation.ts';
import type { TrainerListener } from './listener.ts';
import type { RunControl } from './run-control.ts';
import { BEST, patienceIsOut, type TrainingState, weightsBuffer } from './state.ts';

export interface EvaluatorOptions {
  device: Device;
  /** Holds the weights. */
  arena: Arena;
  training: TrainingConfig;
  /** A batch of each split, traced by `traceEvaluation`. */
  programs: { train: Program; val: Program };
  /** Answers the problems, where the text is a task. */
  sampler: Generator;
  problems: readonly TokenProblem[] | undefined;
  control: RunControl;
  /** What a run that goes on has found before. */
  state: Pick<TrainingState, 'evaluated' | 'best'> | undefined;
}

/** Evaluates a run, and remembers when it was best and with which weights. */
export class Evaluator {
  readonly #options: EvaluatorOptions;
  #evaluated: number;
  #best: TrainingState['best'];

  constructor(options: EvaluatorOptions) {
    this.#options = options;
    this.#evaluated = options.state?.evaluated ?? -1;
    this.#best = options.state?.best ?? null;
  }

  /** The step after which the last evaluation was made; -1 before the first. */
  get evaluated(): number {
    return this.#evaluated;
  }

  /** The lowest validation loss and its step; null before the first evaluation. */
  get best(): TrainingState['best'] {
    return this.#best;
  }

  /** Whether patience has run out: so many evaluations in a row have not lowered the validation loss. */
  get patienceIsOut(): boolean {
    return patienceIsOut(this.#options.training, { evaluated: this.#evaluated, best: this.#best });
  }

  /** Measures the weights after `step` steps and tells it. Throws `Stopped`, and `Unsound` where a loss is not finite. */
  async evaluate(step: number, listener: TrainerListener): Promise<void> {
    const { device, arena, training, programs, sampler, problems, control } = this.#options;
    const passed = () => control.passed();
    const mean = (program: Program) => meanLoss(device, arena, program, training.eval_iters, passed);
    const train_loss = await mean(programs.train);
    const val_loss = await mean(programs.val);
    const accuracy = problems && (await exactMatch(sampler, problems, passed));
    this.#evaluated = step;
    if (!Number.isFinite(train_loss) || !Number.isFinite(val_loss)) {
      throw new Unsound({ step: step + 1, loss: Number.NaN, grad_norm: Number.NaN });
    }
    const improved = val_loss < (this.#best?.val_loss ?? Number.POSITIVE_INFINITY);
    if (improved) {
      this.#best = { step, val_loss };
      if (training.patience > 0) {
        this.#copy(weightsBuffer(training), BEST);
      }
    }
    await listener.evaluated?.(step, train_loss, val_loss, improved, accuracy);
  }

  /** At the end of a run with patience, the model is the best that it has been. */
  takeBest(): void {
    const { training } = this.#options;
    if (training.patience > 0 && this.#best !== null) {
      this.#copy(BEST, weightsBuffer(training));
    }
  }

  #copy(from: string, to: string): void {
    const { device, arena } = this.#options;
    const encoder = device.gpu.createCommandEncoder();
    const source = arena.buffer(from);
    encoder.copyBufferToBuffer(source, 0, arena.buffer(to), 0, source.size);
    device.gpu.queue.submit([encoder.finish()]);
  }
}
