import {
  type ConfigKey,
  type ModelShape,
  PRESET_NAMES,
  type PresetName,
  preset,
  type RunConfig,
  type TrainingConfig,
  withOptimizer,
  withSteps,
} from '../model/config.ts';

/** Which kernels computed a run: they decide the last bits of its losses, on the adapter that they were timed on. */
export interface Computed {
  /** Name of the adapter. */
  on: string;
  /** The variant of each matrix product; none where they were not timed. */
  products: Readonly<Record<string, string>>;
}

/**
 * What a person has chosen, sound or not. `null`, and what is left out, follows the suggestion: the adapter's preset, its
 * steps and seed, what suits the optimizer.
 */
export interface Settings {
  preset: PresetName | null;
  steps: number | null;
  seed: number | null;
  /** Chosen options of the model. */
  shape: Partial<ModelShape>;
  /** Chosen options of the training. */
  advanced: Partial<TrainingConfig>;
  /** The run that a link repeats; null as soon as anything else is chosen. */
  computed: Computed | null;
}

export const NOTHING_CHOSEN: Settings = {
  preset: null,
  steps: null,
  seed: null,
  shape: {},
  advanced: {},
  computed: null,
};

/** The configuration that these settings make; it may be unsound. */
export function configOf({ preset: chosen, steps, seed, shape, advanced }: Settings, suggested: PresetName): RunConfig {
  const { model, training: usual } = preset(chosen ?? suggested);
  const training = withOptimizer(usual, advanced.optimizer ?? usual.optimizer);
  if (seed !== null) training.seed = seed;
  return {
    model: { ...model, n_inner: 4 * (shape.n_embd ?? model.n_embd), ...shape },
    training: { ...withRate(fitted(training, steps), advanced.learning_rate), ...advanced },
  };
}

/** A schedule that ends at the usual tenth of a chosen rate. */
function withRate(training: TrainingConfig, learning_rate: number | undefined): TrainingConfig {
  return learning_rate === undefined ? training : { ...training, learning_rate, min_lr: learning_rate / 10 };
}

function fitted(training: TrainingConfig, steps: number | null): TrainingConfig {
  if (steps === null) return training;
  // A short run should be evaluated and sampled a few times too.
  const interval = Math.max(1, Math.ceil(steps / 4));
  const eval_interval = Math.min(training.eval_interval, interval);
  const sample_interval = Math.min(training.sample_interval, interval);
  return { ...withSteps(training, steps), eval_interval, sample_interval };
}

/** The fewest choices that make a configuration. */
export function settingsOf(config: RunConfig): Settings {
  const ways = PRESET_NAMES.map((name) => settingsFrom(config, name));
  return ways.reduce((best, way) => (choicesIn(way).length < choicesIn(best).length ? way : best));
}

/** The choices that make a configuration out of a preset. */
export function settingsFrom({ model, training }: RunConfig, name: PresetName): Settings {
  const base = preset(name);
  const other = (value: number, usual: number) => (value === usual ? null : value);
  const shape: Partial<ModelShape> = {};
  const advanced: Partial<TrainingConfig> = {};
  const settings: Settings = {
    preset: name,
    steps: other(training.max_iters, base.training.max_iters),
    seed: other(training.seed, base.training.seed),
    shape,
    advanced,
    computed: null,
  };
  /** Chooses what the choices so far do not bring about. */
  const choose = <T extends object>(chosen: Partial<T>, wanted: T, keys: (keyof T)[], present: () => T) => {
    for (const key of keys) if (!Object.is(present()[key], wanted[key])) chosen[key] = wanted[key];
  };
  const keysOf = <T extends object>(of: T) => Object.keys(of) as (keyof T)[];
  // Others follow from these.
  choose(shape, model, ['n_embd', ...keysOf(base.model)], () => configOf(settings, name).model);
  const first: (keyof TrainingConfig)[] = ['optimizer', 'learning_rate'];
  choose(advanced, training, [...first, ...keysOf(base.training)], () => configOf(settings, name).training);
  return settings;
}

/** Names of what has been chosen on top of the preset. */
export function choicesIn({ steps, seed, shape, advanced }: Settings): ConfigKey[] {
  return [
    ...(Object.keys(shape) as ConfigKey[]),
    ...(steps === null ? [] : ['max_iters' as const]),
    ...(seed === null ? [] : ['seed' as const]),
    ...(Object.keys(advanced) as ConfigKey[]),
  ];
}

/** The settings with one value chosen, or as suggested where it is undefined. */
export function withChoice(settings: Settings, key: ConfigKey, value: unknown): Settings {
  if (key === 'max_iters') return { ...settings, steps: (value as number | undefined) ?? null };
  if (key === 'seed') return { ...settings, seed: (value as number | undefined) ?? null };
  const part = key in preset('tiny').model ? 'shape' : 'advanced';
  const chosen: Record<string, unknown> = { ...settings[part] };
  delete chosen[key];
  if (value !== undefined) chosen[key] = value;
  if (key === 'optimizer') for (const suited of SUITED_KEYS) delete chosen[suited];
  return { ...settings, [part]: chosen };
}

/** The settings with the chosen ones of these values as suggested again, and what was chosen to suit them. */
export function withSuggested(settings: Settings, keys: readonly ConfigKey[]): Settings {
  const chosen = choicesIn(settings).filter((key) => keys.includes(key));
  return chosen.reduce((rest, key) => withChoice(rest, key, undefined), settings);
}

/** What another optimizer wants otherwise: chosen values of these go when the optimizer changes. */
const SUITED_KEYS = ['learning_rate', 'min_lr', 'weight_decay', 'momentum', 'beta1', 'beta2'] as const;
