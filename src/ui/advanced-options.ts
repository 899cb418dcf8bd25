import { OPTIMIZERS, PRECISIONS, SCHEDULES, type TrainingConfig } from '../model/config.ts';

type Keys<T> = { [Key in keyof TrainingConfig]: TrainingConfig[Key] extends T ? Key : never }[keyof TrainingConfig];

/** One field: a number, a choice, or yes or no; `shown` where the optimizer, the schedule or the adapter looks at it. */
export type AdvancedOption = { shown?: (training: TrainingConfig, half: boolean) => boolean } & (
  | { kind: 'number'; key: Keys<number>; whole: boolean }
  | { kind: 'choice'; key: 'optimizer' | 'schedule' | 'precision'; choices: readonly string[] }
  | { kind: 'switch'; key: Keys<boolean> }
);

const real = (key: Keys<number>, shown?: AdvancedOption['shown']): AdvancedOption => ({
  kind: 'number',
  key,
  whole: false,
  ...(shown && { shown }),
});
const count = (key: Keys<number>, shown?: AdvancedOption['shown']): AdvancedOption => ({
  kind: 'number',
  key,
  whole: true,
  ...(shown && { shown }),
});

const hasMomentum = ({ optimizer }: TrainingConfig) => optimizer === 'sgd' || optimizer === 'muon';
const hasBetas = ({ optimizer }: TrainingConfig) => optimizer !== 'sgd';
const falls = ({ schedule }: TrainingConfig) => schedule !== 'constant';

/** The fields in the order of the page, by group. */
export const ADVANCED_OPTIONS = {
  optimizer: [
    { kind: 'choice', key: 'optimizer', choices: OPTIMIZERS },
    real('beta1', hasBetas),
    real('beta2', hasBetas),
    real('momentum', hasMomentum),
    { kind: 'switch', key: 'nesterov', shown: hasMomentum },
    real('grad_clip'),
  ],
  rate: [
    { kind: 'choice', key: 'schedule', choices: SCHEDULES },
    real('learning_rate'),
    real('min_lr', falls),
    count('warmup_iters'),
    count('cooldown_iters', ({ schedule }) => schedule === 'wsd'),
    count('lr_drops', ({ schedule }) => schedule === 'step'),
  ],
  regularisation: [
    real('weight_decay', ({ optimizer }) => optimizer !== 'adam'),
    real('l2'),
    real('dropout'),
    real('label_smoothing'),
    real('ema_decay'),
  ],
  batches: [count('batch_size'), count('gradient_accumulation_steps'), count('eval_interval'), count('patience')],
  computation: [{ kind: 'choice', key: 'precision', choices: PRECISIONS, shown: (_training, half) => half }],
} as const satisfies Record<string, readonly AdvancedOption[]>;

export type AdvancedGroup = keyof typeof ADVANCED_OPTIONS;

/** What another optimizer wants otherwise: chosen values of these go when the optimizer changes. */
export const SUITED_KEYS = ['learning_rate', 'min_lr', 'weight_decay', 'momentum', 'beta1', 'beta2'] as const;
