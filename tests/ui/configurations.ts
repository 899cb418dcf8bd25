import fc from 'fast-check';
import {
  ACTIVATIONS,
  MODEL_LIMITS,
  OPTIMIZERS,
  PRECISIONS,
  PRESET_NAMES,
  preset,
  type RunConfig,
  SCHEDULES,
  TRAINING_LIMITS,
} from '../../src/model/config.ts';

/** Numbers in and around their limits, as somebody may type them. */
function numbers(limits: Record<string, { low: number; high: number; whole: boolean }>) {
  const arbitrary = ({ low, high, whole }: { low: number; high: number; whole: boolean }) =>
    whole
      ? fc.integer({ min: low - 1, max: Math.min(high + 1, 2 ** 31) })
      : fc.double({ min: low, max: high, noNaN: true });
  return Object.fromEntries(Object.entries(limits).map(([key, limit]) => [key, arbitrary(limit)]));
}

const model = fc.record({
  ...numbers(MODEL_LIMITS),
  bias: fc.boolean(),
  tied: fc.boolean(),
  activation: fc.constantFrom(...ACTIVATIONS),
});
const training = fc.record({
  ...numbers(TRAINING_LIMITS),
  nesterov: fc.boolean(),
  keep_zeros: fc.boolean(),
  precision: fc.constantFrom(...PRECISIONS),
  optimizer: fc.constantFrom(...OPTIMIZERS),
  schedule: fc.constantFrom(...SCHEDULES),
});
/** Any configuration: sound or not, near a preset or far from all of them. */
export const configs = fc
  .tuple(fc.constantFrom(...PRESET_NAMES), fc.record({ model, training }, { requiredKeys: [] }), fc.array(fc.nat(40)))
  .map(([name, change, kept]) => {
    const base = preset(name);
    const mix = (of: object, by: object | undefined, shift: number) => {
      const keys = Object.keys(by ?? {}).filter((_, i) => kept.includes(i + shift));
      return { ...of, ...Object.fromEntries(keys.map((key) => [key, (by as Record<string, unknown>)[key]])) };
    };
    return {
      model: mix(base.model, change.model, 0),
      training: mix(base.training, change.training, 9),
    } as never as RunConfig;
  });
