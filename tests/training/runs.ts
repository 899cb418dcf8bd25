import { expect } from 'vitest';
import type { Device } from '../../src/gpu/device.ts';
import { type GPTConfig, preset, type TrainingConfig } from '../../src/model/config.ts';
import { initialParameters, layoutOf } from '../../src/model/parameters.ts';
import { type StepRecord, Trainer, type TrainerListener, type TrainerOptions } from '../../src/training/trainer.ts';
import { Random } from '../reference/arrays.ts';
import type { Tensors } from '../reference/gpt.ts';

export const MODEL: GPTConfig = {
  vocab_size: 13,
  block_size: 9,
  n_layer: 2,
  n_head: 2,
  n_embd: 14,
  n_inner: 37,
  bias: true,
  tied: true,
  activation: 'gelu_tanh',
};

export const TRAINING: TrainingConfig = {
  ...preset('tiny').training,
  batch_size: 3,
  max_iters: 30,
  learning_rate: 1e-2,
  warmup_iters: 4,
  lr_decay_iters: 30,
  eval_interval: 10,
  eval_iters: 2,
  sample_interval: 0,
  seed: 5,
};

/** A text with something to learn in it: mostly a walk through the vocabulary, with random jumps. */
export function corpus(length: number, seed = 1): Uint32Array<ArrayBuffer> {
  const random = new Random(seed);
  const ids = new Uint32Array(length);
  for (let i = 1; i < length; i++) {
    ids[i] = random.uniform() < 0.8 ? (ids[i - 1]! + 1) % MODEL.vocab_size : random.below(MODEL.vocab_size);
  }
  return ids;
}

export const options = (
  training: Partial<TrainingConfig> = {},
  rest: Partial<TrainerOptions> = {},
): TrainerOptions => ({
  model: MODEL,
  training: { ...TRAINING, ...training },
  train: corpus(500),
  val: corpus(60, 2),
  measuring: true, // at rates that are high for f16
  ...rest,
});

export interface Evaluated {
  step: number;
  train_loss: number;
  val_loss: number;
}

export interface Run {
  records: StepRecord[];
  evaluations: Evaluated[];
  /** Steps of the evaluations that were the best so far. */
  improved: number[];
  state: Awaited<ReturnType<Trainer['snapshot']>>;
  finished: boolean;
}

/** Runs to the end, or to where `intervene` stops it. */
export async function run(
  device: Device,
  given: TrainerOptions,
  intervene: (trainer: Trainer, records: StepRecord[]) => void = () => {},
  listener: TrainerListener = {},
): Promise<Run> {
  const trainer = await Trainer.create(device, given);
  const records: StepRecord[] = [];
  const evaluations: Evaluated[] = [];
  const improved: number[] = [];
  const finished = await trainer.run({
    ...listener,
    steps: (batch) => {
      records.push(...batch);
      intervene(trainer, records);
    },
    evaluated: (step, train_loss, val_loss, best) => {
      evaluations.push({ step, train_loss, val_loss });
      if (best) improved.push(step);
    },
  });
  const state = await trainer.snapshot();
  trainer.destroy();
  return { records, evaluations, improved, state, finished };
}

/** A run that stands still after `made` of its steps, with the trainer's promise to go on. */
export async function begun(device: Device, made: number, change: Partial<TrainingConfig> = {}) {
  const trainer = await Trainer.create(device, options(change));
  let paused = false;
  const going = trainer.run({
    steps: (records) => {
      if (paused || records.at(-1)!.step < made) return;
      paused = true;
      trainer.control.pause();
    },
  });
  while (!paused) await new Promise((resolve) => setTimeout(resolve, 2));
  await device.gpu.queue.onSubmittedWorkDone();
  await new Promise((resolve) => setTimeout(resolve, 20));
  return { trainer, going };
}

export const losses = ({ records }: Run) => records.map(({ loss }) => loss);

/** Every loss of a run to its end. */
export async function lossesOf(trainer: Trainer): Promise<number[]> {
  const seen: number[] = [];
  await trainer.run({ steps: (records) => void seen.push(...records.map(({ loss }) => loss)) });
  return seen;
}

/** A flat buffer as tensors by name. */
export function named(flat: Float32Array): Map<string, Float32Array> {
  const slots = [...layoutOf(MODEL).slots.values()];
  return new Map(slots.map(({ name, offset, size }) => [name, flat.subarray(offset / 4, offset / 4 + size)]));
}

/** The weights before the first step, which the seed alone decides. */
export async function startOf(device: Device, given: TrainerOptions): Promise<Map<string, Float32Array>> {
  const trainer = await Trainer.create(device, given);
  const { buffers } = await trainer.snapshot();
  trainer.destroy();
  const parameters = buffers.get('parameters')!;
  expect(parameters).toEqual(await initialParameters(MODEL, layoutOf(MODEL), given.training.seed));
  return named(parameters);
}

export const inFloat64 = (tensors: ReadonlyMap<string, Float32Array>): Tensors =>
  new Map([...tensors].map(([name, data]) => [name, Float64Array.from(data)]));
