import { InklingError } from '../gpu/errors.ts';
import {
  checkRunConfig,
  checkTrainingConfig,
  type ModelShape,
  OPTIMIZERS,
  type OptimizerName,
  PRESET_NAMES,
  type PresetName,
  preset,
  type RunConfig,
  SCHEDULES,
  type ScheduleName,
  type TrainingConfig,
  withOptimizer,
  withSteps,
} from '../model/config.ts';
import { UNKNOWN_CHOICES, type UnknownChoice } from '../text/adapt.ts';
import { type FlagKind, type Flags, UsageError } from './arguments.ts';
import { precisionOf, requireOneTuning, TUNING_FLAGS } from './tuning.ts';

/** The flags that make a configuration; the others say where things are. */
const CONFIGURATION = {
  preset: 'text',
  layers: 'count',
  heads: 'count',
  width: 'count',
  context: 'count',
  batch: 'count',
  steps: 'count',
  accumulate: 'count',
  optimizer: 'text',
  lr: 'real',
  schedule: 'text',
  warmup: 'count',
  'min-lr': 'real',
  cooldown: 'count',
  'lr-drops': 'count',
  beta1: 'real',
  beta2: 'real',
  eps: 'real',
  momentum: 'real',
  'no-nesterov': 'switch',
  'weight-decay': 'real',
  l2: 'real',
  clip: 'real',
  dropout: 'real',
  'label-smoothing': 'real',
  ema: 'real',
  'keep-zeros': 'switch',
  patience: 'count',
  seed: 'count',
  'eval-every': 'count',
} as const satisfies Record<string, FlagKind>;

export const TRAIN_FLAGS = {
  text: 'text',
  ...CONFIGURATION,
  out: 'text',
  resume: 'text',
  init: 'text',
  unknown: 'text',
  ...TUNING_FLAGS,
  json: 'switch',
  help: 'switch',
} as const satisfies Record<string, FlagKind>;

export type TrainFlags = Flags<typeof TRAIN_FLAGS>;

/** Refuses combinations and values that this version has no way to obey. */
export function checkTrainFlags(flags: TrainFlags): void {
  precisionOf('train', flags);
  requireOneTuning('train', flags);
  for (const [name, choices] of Object.entries(CHOICES) as [keyof typeof CHOICES, readonly string[]][]) {
    const value = flags[name];
    if (value !== undefined && !choices.includes(value)) {
      throw new UsageError(`train: there is no ${name} “${value}”.`, `Take one of ${choices.join(', ')}.`);
    }
  }
  if (flags.unknown !== undefined && !UNKNOWN_CHOICES.includes(flags.unknown as UnknownChoice)) {
    throw new UsageError(
      `train: --unknown takes ${UNKNOWN_CHOICES.join(' or ')}, not “${flags.unknown}”.`,
      'Add the characters to the model, or drop them from the text.',
    );
  }
  if (flags.unknown !== undefined && flags.init === undefined) {
    throw new UsageError(
      'train: --unknown says what becomes of characters that the weights of --init do not know.',
      'Give --init too, or leave --unknown out.',
    );
  }
  if (flags['keep-zeros'] && flags.init === undefined && flags.resume === undefined) {
    throw new UsageError(
      'train: --keep-zeros keeps at zero what shrink --prune has cut, and a new model has nothing of that kind.',
      'Give the pruned model with --init, or leave it out.',
    );
  }
  if (flags.resume !== undefined) {
    const given = [...Object.keys(CONFIGURATION), 'precision', 'tune', 'no-tune', 'init', 'out'].filter(
      (name) => name in flags,
    );
    if (given.length > 0) {
      throw new UsageError(
        `train: --resume goes on with the run as it was, so --${given[0]} cannot be given.`,
        'For a changed run that starts from these weights, use --init.',
      );
    }
  }
}

/** Refuses flags that the chosen optimizer or schedule does not look at. */
function checkEffect(flags: TrainFlags, { optimizer, schedule }: TrainingConfig): void {
  for (const [names, kind, effective] of EFFECTS) {
    const chosen = kind === 'optimizer' ? optimizer : schedule;
    const idle = names.find((name) => flags[name] !== undefined);
    if (idle && !effective.includes(chosen)) {
      throw new UsageError(
        `train: --${idle} has no effect with the ${kind} ${chosen}.`,
        `Leave it out, or take --${kind} ${effective.join(' or ')}.`,
      );
    }
  }
}

/** What flags ask for, on top of their preset or, without one, of `fallback`. Not checked yet. */
function applyFlags(flags: TrainFlags, fallback: PresetName): RunConfig {
  const base = preset((flags.preset as PresetName) ?? fallback);
  const width = flags.width ?? base.model.n_embd;
  const optimizer = withOptimizer(base.training, (flags.optimizer as OptimizerName) ?? base.training.optimizer);
  const training = withSteps(optimizer, flags.steps ?? optimizer.max_iters);
  const learning_rate = flags.lr ?? training.learning_rate;
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
      ...training,
      batch_size: flags.batch ?? training.batch_size,
      gradient_accumulation_steps: flags.accumulate ?? training.gradient_accumulation_steps,
      schedule: (flags.schedule as ScheduleName) ?? training.schedule,
      learning_rate,
      min_lr: flags['min-lr'] ?? learning_rate / 10,
      warmup_iters: flags.warmup ?? training.warmup_iters,
      cooldown_iters: flags.cooldown ?? training.cooldown_iters,
      lr_drops: flags['lr-drops'] ?? training.lr_drops,
      beta1: flags.beta1 ?? training.beta1,
      beta2: flags.beta2 ?? training.beta2,
      eps: flags.eps ?? training.eps,
      momentum: flags.momentum ?? training.momentum,
      nesterov: training.nesterov && !flags['no-nesterov'],
      weight_decay: flags['weight-decay'] ?? training.weight_decay,
      l2: flags.l2 ?? training.l2,
      grad_clip: flags.clip ?? training.grad_clip,
      dropout: flags.dropout ?? training.dropout,
      label_smoothing: flags['label-smoothing'] ?? training.label_smoothing,
      ema_decay: flags.ema ?? training.ema_decay,
      keep_zeros: flags['keep-zeros'] ?? false,
      patience: flags.patience ?? training.patience,
      eval_interval: flags['eval-every'] ?? training.eval_interval,
      sample_interval: 0,
      seed: flags.seed ?? training.seed,
      precision: precisionOf('train', flags),
    },
  };
}

/** Throws `bad-config` for what is wrong whatever the adapter, the text or the weights to start from may be. */
export function checkEarly(flags: TrainFlags): void {
  const { model, training } = applyFlags(flags, 'tiny');
  checkTrainingConfig(training);
  checkEffect(flags, training);
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

const CHOICES = { preset: PRESET_NAMES, optimizer: OPTIMIZERS, schedule: SCHEDULES } as const;

/** Flags that only some optimizers or schedules look at. */
const EFFECTS: [(keyof TrainFlags)[], 'optimizer' | 'schedule', string[]][] = [
  [['momentum', 'no-nesterov'], 'optimizer', ['sgd', 'muon']],
  [['beta1', 'beta2'], 'optimizer', ['adamw', 'adam', 'lion', 'muon']],
  [['eps'], 'optimizer', ['adamw', 'adam', 'muon']],
  [['min-lr'], 'schedule', SCHEDULES.filter((name) => name !== 'constant')],
  [['cooldown'], 'schedule', ['wsd']],
  [['lr-drops'], 'schedule', ['step']],
];

/** The flags that a model's weights decide. */
const SHAPE = [
  ['layers', 'n_layer'],
  ['heads', 'n_head'],
  ['width', 'n_embd'],
  ['context', 'block_size'],
] as const;
