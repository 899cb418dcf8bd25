import { InklingError } from '../gpu/errors.ts';
import {
  checkRunConfig,
  checkTrainingConfig,
  type ModelShape,
  PRESET_NAMES,
  type PresetName,
  preset,
  type RunConfig,
  withSteps,
} from '../model/config.ts';
import { type FlagKind, type Flags, UsageError } from './arguments.ts';

/** The flags that make a configuration; the others say where things are. */
const CONFIGURATION = {
  preset: 'text',
  layers: 'count',
  heads: 'count',
  width: 'count',
  context: 'count',
  batch: 'count',
  steps: 'count',
  lr: 'real',
  dropout: 'real',
  'weight-decay': 'real',
  optimizer: 'text',
  seed: 'count',
  'eval-every': 'count',
} as const satisfies Record<string, FlagKind>;

export const TRAIN_FLAGS = {
  text: 'text',
  ...CONFIGURATION,
  out: 'text',
  resume: 'text',
  init: 'text',
  json: 'switch',
} as const satisfies Record<string, FlagKind>;

export type TrainFlags = Flags<typeof TRAIN_FLAGS>;

/** Refuses combinations and values that this version has no way to obey. */
export function checkTrainFlags(flags: TrainFlags): void {
  if (flags.dropout) {
    throw new UsageError('train: dropout is not there yet.', 'Leave --dropout out, or give 0.');
  }
  if (flags.optimizer !== undefined && flags.optimizer !== 'adamw') {
    throw new UsageError(`train: there is no optimizer “${flags.optimizer}”.`, 'Take --optimizer adamw.');
  }
  if (flags.preset !== undefined && !PRESET_NAMES.includes(flags.preset as PresetName)) {
    throw new UsageError(`train: there is no preset “${flags.preset}”.`, `Take one of ${PRESET_NAMES.join(', ')}.`);
  }
  if (flags.resume !== undefined) {
    const given = [...Object.keys(CONFIGURATION), 'init', 'out'].filter((name) => name in flags);
    if (given.length > 0) {
      throw new UsageError(
        `train: --resume goes on with the run as it was, so --${given[0]} cannot be given.`,
        'For a changed run that starts from these weights, use --init.',
      );
    }
  }
}

/** What flags ask for, on top of their preset or, without one, of `fallback`. Not checked yet. */
function applyFlags(flags: TrainFlags, fallback: PresetName): RunConfig {
  const base = preset((flags.preset as PresetName) ?? fallback);
  const width = flags.width ?? base.model.n_embd;
  const learning_rate = flags.lr ?? base.training.learning_rate;
  return {
    model: {
      ...base.model,
      n_layer: flags.layers ?? base.model.n_layer,
      n_head: flags.heads ?? base.model.n_head,
      n_embd: width,
      n_inner: 4 * width,
      block_size: flags.context ?? base.model.block_size,
    },
    training: {
      ...withSteps(base.training, flags.steps ?? base.training.max_iters),
      batch_size: flags.batch ?? base.training.batch_size,
      learning_rate,
      min_lr: learning_rate / 10,
      weight_decay: flags['weight-decay'] ?? base.training.weight_decay,
      eval_interval: flags['eval-every'] ?? base.training.eval_interval,
      sample_interval: 0,
      seed: flags.seed ?? base.training.seed,
    },
  };
}

/** Throws `bad-config` for what is wrong whatever the adapter, the text or the weights to start from may be. */
export function checkEarly(flags: TrainFlags): void {
  const { model, training } = applyFlags(flags, 'tiny');
  checkTrainingConfig(training);
  const complete = flags.preset !== undefined || (flags.width !== undefined && flags.heads !== undefined);
  if (complete && flags.init === undefined) {
    checkRunConfig({ model, training });
  }
}

/** The configuration of a run, with the shape of the weights it starts from, if there are any. Throws `bad-config`. */
export function configure(flags: TrainFlags, fallback: PresetName, weights?: ModelShape): RunConfig {
  const { model, training } = applyFlags(flags, fallback);
  if (weights) {
    for (const [flag, name] of SHAPE) {
      const wanted = flags[flag];
      if (wanted !== undefined && wanted !== weights[name]) {
        throw new InklingError(
          'bad-config',
          `The weights to start from have ${weights[name]} for --${flag}, not ${wanted}.`,
          `Leave --${flag} out.`,
        );
      }
    }
  }
  const config = { model: weights ?? model, training };
  checkRunConfig(config);
  return config;
}

/** The flags that a model's weights decide. */
const SHAPE = [
  ['layers', 'n_layer'],
  ['heads', 'n_head'],
  ['width', 'n_embd'],
  ['context', 'block_size'],
] as const;
