import { preset, type RunConfig } from '../../../model/config.ts';
import type { LabRun } from '../../../worker/lab.ts';

/** The runs of the overfitting lab: without a remedy, and with one each. */
export const VARIANTS = ['plain', 'decay', 'dropout', 'early', 'smaller', 'more'] as const;
export type Variant = (typeof VARIANTS)[number];

/** What is the same for all of them. */
export interface LabSettings {
  characters: number;
  steps: number;
  seed: number;
}

export const SETTINGS: LabSettings = { characters: 500, steps: 400, seed: 1337 };
/** Characters that can be chosen. */
export const SIZES = [500, 1000, 2000, 4000, 8000];
export const MOST_STEPS = 5000;
/** Characters held back. */
export const HELD_BACK = 2048;
/** Evaluations of a run, besides that before its first step; a short run has fewer, since each costs some steps' time. */
const EVALUATIONS = 20;

/** How strong the remedies are. */
const DECAY = 4;
const DROPOUT = 0.1;
const PATIENCE = 4;
const MORE = 8;
const SMALLER = { n_layer: 1, n_head: 1, n_embd: 16, n_inner: 64 };

/**
 * Two layers, 32 wide: about 60 numbers for each of 500 characters, and yet a step takes some milliseconds even on a
 * processor. The rate is held, so that learning by heart is not cut off by the schedule.
 */
function plain({ steps, seed }: LabSettings): RunConfig {
  const { model, training } = preset('tiny');
  const { block_size } = model;
  return {
    model,
    training: {
      ...training,
      max_iters: steps,
      lr_decay_iters: steps,
      warmup_iters: Math.min(20, steps),
      schedule: 'constant',
      weight_decay: 0,
      eval_interval: Math.max(10, Math.round(steps / EVALUATIONS)),
      eval_iters: Math.ceil(HELD_BACK / (training.batch_size * block_size)),
      sample_interval: 0,
      seed,
    },
  };
}

/** What the worker is to train for a variant, on the text of this SHA-256. */
export function labRun(variant: Variant, settings: LabSettings, text: string): LabRun {
  const { model, training } = plain(settings);
  const run = (
    change: Partial<LabRun['config']['training']>,
    sizes: Partial<LabRun['config']['model']> = {},
  ): LabRun => ({
    config: { model: { ...model, ...sizes }, training: { ...training, ...change } },
    text,
    characters: settings.characters,
    heldBack: HELD_BACK,
  });
  switch (variant) {
    case 'plain':
      return run({});
    case 'decay':
      return run({ weight_decay: DECAY });
    case 'dropout':
      return run({ dropout: DROPOUT });
    case 'early':
      return run({ patience: PATIENCE });
    case 'smaller':
      return run({}, SMALLER);
    case 'more':
      return { ...run({}), characters: MORE * settings.characters };
    default:
      return variant satisfies never;
  }
}

/** The strength of each remedy, as it is written. */
export const STRENGTHS: Record<Variant, string> = {
  plain: '',
  decay: `λ = ${DECAY}`,
  dropout: `p = ${DROPOUT}`,
  early: `n = ${PATIENCE}`,
  smaller: `L = ${SMALLER.n_layer}, C = ${SMALLER.n_embd}`,
  more: `× ${MORE}`,
};

/** The colour of each one's curves, a token of the page. */
export const COLOURS: Record<Variant, string> = {
  plain: '--series-1',
  decay: '--series-2',
  dropout: '--series-3',
  early: '--series-4',
  smaller: '--series-5',
  more: '--series-6',
};
