import { InklingError } from '../gpu/errors.ts';
import type { GPTConfig, TrainingConfig } from '../model/config.ts';
import { initialParameters, layoutOf } from '../model/parameters.ts';
import { unprovenInHalf } from './computation.ts';
import { freshState, type TrainingState } from './state.ts';
import type { Trainer } from './trainer.ts';

/** A trial ends as soon as so many milliseconds and steps have been timed, or later, with the step that is in hand. */
const ENOUGH_MS = 400;
const ENOUGH_STEPS = 4;
/** Nor does it go on for longer than this. */
const MOST_MS = 5000;

/** A few steps that are timed and thrown away. */
export interface Trial {
  /** Throws `superseded` where it was stopped before a step was timed, and what the trainer throws. */
  result: Promise<{ ms_per_step: number; steps: number }>;
  /** Ends it with the work that the GPU has in hand. */
  stop(): void;
}

/**
 * Times steps of a fresh run on the trainer that `create` makes. The first submit only warms up: kernels are compiled and
 * caches filled. Then whole submits are timed from arrival to arrival, as a run makes them. Evaluations and samples are
 * left out, and at a rate of 0 nothing can diverge.
 */
export function timeSteps(
  create: (training: TrainingConfig, state: TrainingState) => Promise<Trainer>,
  model: GPTConfig,
  wanted: TrainingConfig,
): Trial {
  // its schedule is longer than any trial, so that it ends by the clock alone
  const steps = Math.max(wanted.max_iters, 10_000);
  const still = { max_iters: steps, eval_interval: steps, sample_interval: 0, learning_rate: 0, min_lr: 0 };
  // at this rate f16 would always be taken
  const precision = unprovenInHalf(wanted) ? 'f32' : wanted.precision;
  const training = { ...wanted, ...still, precision };
  let trainer: Trainer | undefined;
  let stopped = false;
  const measure = async () => {
    const parameters = await initialParameters(model, layoutOf(model), training.seed);
    trainer = await create(training, freshState(training, parameters, 0));
    try {
      if (stopped) throw superseded();
      return await timed(trainer);
    } finally {
      trainer.destroy();
    }
  };
  return {
    result: measure(),
    stop: () => {
      stopped = true;
      trainer?.control.stop();
    },
  };
}

async function timed(trainer: Trainer): Promise<{ ms_per_step: number; steps: number }> {
  let first: { at: number; step: number } | undefined;
  let last: { at: number; step: number } | undefined;
  await trainer.run({
    steps: (records) => {
      last = { at: performance.now(), step: records.at(-1)!.step };
      first ??= last;
      const ms = last.at - first.at;
      const enough = ms >= ENOUGH_MS && last.step - first.step >= ENOUGH_STEPS;
      if (enough || (ms >= MOST_MS && last !== first)) trainer.control.stop();
    },
  });
  if (first === undefined || last === undefined || last === first) throw superseded();
  const steps = last.step - first.step;
  return { ms_per_step: (last.at - first.at) / steps, steps };
}

const superseded = () =>
  new InklingError('superseded', 'The speed was not measured: it was ended before a step was timed.');
