import { InklingError } from '../gpu/errors.ts';

/** What is wrong with one value of a configuration, in a sentence, and what to do about it. */
export interface Fault<Key extends string = string> {
  key: Key;
  message: string;
  hint: string;
}

/** The range of a number, both ends included; `word` says in plain English what its name means. */
export interface Limits {
  low: number;
  high: number;
  whole: boolean;
  word?: string;
}

export const whole = (low: number, high: number, word?: string): Limits => ({
  low,
  high,
  whole: true,
  ...(word !== undefined && { word }),
});
export const real = (low: number, high: number): Limits => ({ low, high, whole: false });

/** Faults of the numbers that a table gives limits for, in the order of the table. */
export function* numberFaults<Key extends string>(
  values: NoInfer<Record<Key, number>>,
  limits: Record<Key, Limits>,
): Generator<Fault<Key>> {
  for (const [key, { low, high, whole, word }] of Object.entries(limits) as [Key, Limits][]) {
    const value = values[key];
    const sound = whole ? Number.isInteger(value) : Number.isFinite(value);
    if (sound && value >= low && value <= high) continue;
    const name = word === undefined ? key : `${key} (${word})`;
    const kind = whole ? 'a whole number' : 'a number';
    yield {
      key,
      message: `${name} must be ${kind} from ${low} to ${high}, not ${value}.`,
      hint: `Choose another ${name}.`,
    };
  }
}

export function* choiceFault<Key extends string>(
  key: Key,
  value: string,
  choices: readonly string[],
): Generator<Fault<Key>> {
  if (choices.includes(value)) return;
  yield { key, message: `There is no ${key} “${value}”.`, hint: `Take one of ${choices.join(', ')}.` };
}

export function* switchFault<Key extends string>(key: Key, value: boolean): Generator<Fault<Key>> {
  if (typeof value === 'boolean') return;
  yield { key, message: `${key} must be true or false, not ${value}.`, hint: `Choose one of the two for ${key}.` };
}

/** Throws the first fault, if there is one, as `bad-config`. */
export function refuseFirst(faults: Iterable<Fault>): void {
  for (const { message, hint } of faults) throw new InklingError('bad-config', message, hint);
}
