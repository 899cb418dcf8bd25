import { PARAMETERS } from '../graph/graph.ts';
import type { ProductChoices } from '../graph/tuner.ts';
import type { TrainingConfig } from '../model/config.ts';

/** Names of the buffers that a training step lives on, besides parameters and gradients. */
export const MOMENT1 = 'moment1';
export const MOMENT2 = 'moment2';
/** The moving average of the weights, and the weights of the lowest validation loss. */
export const AVERAGE = 'average';
export const BEST = 'best';
/** 1, or 0 for each weight that was zero at the start; looked at for matrices only. */
export const MASK = 'mask';
export const SCHEDULE = 'schedule';
export const PROGRESS = 'progress';
export const RECORDS = 'records';

/**
 * The flat buffers that a run of this configuration goes on from, by name, all in the layout of its parameters: what a
 * checkpoint holds, no more and no less.
 */
export function stateBuffers(config: TrainingConfig): readonly string[] {
  const { optimizer, momentum, ema_decay, patience, keep_zeros } = config;
  const moments = {
    adamw: [MOMENT1, MOMENT2],
    adam: [MOMENT1, MOMENT2],
    sgd: momentum > 0 ? [MOMENT1] : [],
    lion: [MOMENT1],
    muon: [MOMENT1, MOMENT2],
  }[optimizer];
  const copies = [...(ema_decay > 0 ? [AVERAGE] : []), ...(patience > 0 ? [BEST] : [])];
  return [PARAMETERS, ...moments, ...copies, ...(keep_zeros ? [MASK] : [])];
}

/** The flat buffer of the weights that evaluations and samples use. */
export function weightsBuffer({ ema_decay }: TrainingConfig): string {
  return ema_decay > 0 ? AVERAGE : PARAMETERS;
}

/** Everything that the next step depends on, apart from the configuration and the corpus. */
export interface TrainingState {
  /** Optimizer steps done. */
  step: number;
  /** The step after which the last evaluation was made; -1 before the first. */
  evaluated: number;
  /** The step after which the last sample was written; 0 before the first. */
  sampled: number;
  /** The lowest validation loss so far and the step after which it was measured; null before the first evaluation. */
  best: { step: number; val_loss: number } | null;
  /** The variants of the matrix products, which a run keeps to; absent until they have been chosen. */
  products?: ProductChoices;
  /** Where products read f16, which a run keeps to like its variants. */
  precision?: 'f16';
  /** Those of `stateBuffers`, in the layout of `layoutOf`. */
  buffers: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
}

/** A run before its first step, from given weights. `evaluated` 0 leaves out the evaluation before the first step. */
export function freshState(
  training: TrainingConfig,
  parameters: Float32Array<ArrayBuffer>,
  evaluated = -1,
): TrainingState {
  const buffers = new Map(stateBuffers(training).map((name) => [name, startOf(name, parameters)]));
  return { step: 0, evaluated, sampled: 0, best: null, buffers };
}

/** Whether so many evaluations in a row have not lowered the validation loss that the run is to end. */
export function patienceIsOut(
  { patience, eval_interval }: TrainingConfig,
  { evaluated, best }: Pick<TrainingState, 'evaluated' | 'best'>,
): boolean {
  return patience > 0 && best !== null && evaluated - best.step >= patience * eval_interval;
}

/** The weights that evaluation and samples use: the moving average where the run keeps one. */
export function weightsOf({ buffers }: TrainingState): Float32Array<ArrayBuffer> {
  return buffers.get(AVERAGE) ?? buffers.get(PARAMETERS)!;
}

/** Copies of the weights start as the weights, moments as zeros; a mask tells which weights are zero. */
function startOf(name: string, parameters: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  if (name === MASK) return parameters.map((weight) => (weight === 0 ? 0 : 1));
  return name === MOMENT1 || name === MOMENT2 ? new Float32Array(parameters.length) : parameters;
}
