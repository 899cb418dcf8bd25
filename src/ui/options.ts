import {
  ACTIVATIONS,
  type ConfigKey,
  type Limits,
  MODEL_LIMITS,
  type ModelShape,
  OPTIMIZERS,
  PRECISIONS,
  type RunConfig,
  SCHEDULES,
  TRAINING_LIMITS,
  type TrainingConfig,
} from '../model/config.ts';

/** One field: a number, a choice, or yes or no; `shown` where the rest of the configuration and the adapter look at it. */
export type Option = { key: ConfigKey; shown?: (config: RunConfig, half: boolean) => boolean } & (
  | { kind: 'number'; limits: Limits }
  | { kind: 'choice'; choices: readonly string[] }
  | { kind: 'switch' }
);

const LIMITS: Partial<Record<ConfigKey, Limits>> = { ...MODEL_LIMITS, ...TRAINING_LIMITS };

const number = (key: keyof typeof MODEL_LIMITS | keyof typeof TRAINING_LIMITS, shown?: Option['shown']): Option => ({
  kind: 'number',
  key,
  limits: LIMITS[key]!,
  ...(shown && { shown }),
});

const hasMomentum = ({ training: { optimizer } }: RunConfig) => optimizer === 'sgd' || optimizer === 'muon';
const hasBetas = ({ training: { optimizer } }: RunConfig) => optimizer !== 'sgd';
const falls = ({ training: { schedule } }: RunConfig) => schedule !== 'constant';

/** What every model has to be told. */
export const MODEL_FIELDS: readonly Option[] = [
  number('n_layer'),
  number('n_head'),
  number('n_embd'),
  number('block_size'),
];

export const MORE_MODEL_FIELDS: readonly Option[] = [
  number('n_inner'),
  { kind: 'choice', key: 'activation', choices: ACTIVATIONS },
  { kind: 'switch', key: 'bias' },
  { kind: 'switch', key: 'tied' },
];

export const TRAINING_FIELDS: readonly Option[] = [
  number('max_iters'),
  number('batch_size'),
  number('learning_rate'),
  number('dropout'),
  number('seed'),
];

/** The other fields of the training in the order of the page, by group. */
export const ADVANCED_FIELDS = {
  optimizer: [
    { kind: 'choice', key: 'optimizer', choices: OPTIMIZERS },
    number('beta1', hasBetas),
    number('beta2', hasBetas),
    number('eps', ({ training: { optimizer } }) => optimizer.startsWith('adam') || optimizer === 'muon'),
    number('momentum', hasMomentum),
    { kind: 'switch', key: 'nesterov', shown: hasMomentum },
    number('grad_clip'),
  ],
  rate: [
    { kind: 'choice', key: 'schedule', choices: SCHEDULES },
    number('min_lr', falls),
    number('lr_decay_iters', falls),
    number('warmup_iters'),
    number('cooldown_iters', ({ training: { schedule } }) => schedule === 'wsd'),
    number('lr_drops', ({ training: { schedule } }) => schedule === 'step'),
  ],
  regularisation: [
    number('weight_decay', ({ training: { optimizer } }) => optimizer !== 'adam'),
    number('l2'),
    number('label_smoothing'),
    number('ema_decay'),
    { kind: 'switch', key: 'keep_zeros', shown: ({ training: { keep_zeros } }) => keep_zeros },
  ],
  batches: [
    number('gradient_accumulation_steps'),
    number('eval_interval'),
    number('eval_iters'),
    number('sample_interval'),
    number('patience'),
  ],
  computation: [
    {
      kind: 'choice',
      key: 'precision',
      choices: PRECISIONS,
      shown: ({ training: { precision } }, half) => half || (precision ?? 'f32') !== 'f32',
    },
  ],
} as const satisfies Record<string, readonly Option[]>;

export type AdvancedGroup = keyof typeof ADVANCED_FIELDS;

/** The names of all of these fields. */
export const ADVANCED_KEYS: readonly ConfigKey[] = Object.values(ADVANCED_FIELDS).flatMap((fields: readonly Option[]) =>
  fields.map(({ key }) => key),
);

/** The value that a configuration has for an option. */
export function chosenOf({ model, training }: RunConfig, key: ConfigKey): number | boolean | string {
  return key in model ? model[key as keyof ModelShape] : training[key as keyof TrainingConfig];
}
