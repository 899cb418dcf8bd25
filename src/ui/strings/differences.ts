import type { ConfigKey } from '../../model/config.ts';
import { count } from '../format.ts';
import { CHOICE_NAMES, OPTIONS } from './options.ts';

/** Told as a multiple where it is one. */
const AMOUNTS: Partial<Record<ConfigKey, string>> = {
  n_layer: 'layers',
  n_head: 'heads',
  n_embd: 'width',
  n_inner: 'hidden width',
  block_size: 'context',
  batch_size: 'batch',
  gradient_accumulation_steps: 'batches a step',
  max_iters: 'steps',
};

const SWITCHES: Partial<Record<ConfigKey, string>> = {
  bias: 'biases',
  tied: 'a tied head',
  nesterov: 'Nesterov’s momentum',
  keep_zeros: 'zeros kept',
};

const TIMES = ['', '', 'twice', 'three times', 'four times', 'five times', 'six times', 'seven times', 'eight times'];
const PARTS = [
  '',
  '',
  'half',
  'a third of',
  'a quarter of',
  'a fifth of',
  'a sixth of',
  'a seventh of',
  'an eighth of',
];

/** A setting as it is usually written: 0.001 as 1e-3. */
function setting(value: unknown): string {
  if (typeof value === 'string') return CHOICE_NAMES[value] ?? value;
  if (typeof value !== 'number') return 'none';
  if (value !== 0 && Math.abs(value) < 0.01) return value.toExponential();
  return Number.isInteger(value) ? count(value) : String(value);
}

/** What a run has otherwise than another one, in parts of a sentence. */
export const DIFFERENCES = {
  text: (text: string, former: string) => (text === former ? `another “${text}”` : `on ${text} instead of ${former}`),
  begun: { seed: 'a new model instead of a trained one', model: 'from a trained model instead of a new one' },
  size: (name: string, former: string) => `${name} instead of ${former}`,
  of(key: ConfigKey, value: unknown, former: unknown): string {
    const amount = AMOUNTS[key];
    if (amount !== undefined && typeof value === 'number' && typeof former === 'number') {
      if (TIMES[value / former]) return `${TIMES[value / former]} the ${amount}`;
      if (PARTS[former / value]) return `${PARTS[former / value]} the ${amount}`;
      return `${amount} ${setting(value)} instead of ${setting(former)}`;
    }
    const what = SWITCHES[key];
    if (what !== undefined) return value === true ? `with ${what}` : `without ${what}`;
    if (typeof value === 'string') return `${setting(value)} instead of ${setting(former)}`;
    const label = OPTIONS[key]?.label ?? key;
    return `${label.charAt(0).toLowerCase()}${label.slice(1)} ${setting(value)} instead of ${setting(former)}`;
  },
  sentence: (former: string, parts: readonly string[]) => {
    if (parts.length === 0) return `The same as “${former}”`;
    const more = parts.length > MOST ? ` and ${count(parts.length - MOST)} more` : '';
    return `Against “${former}”: ${parts.slice(0, MOST).join(', ')}${more}`;
  },
};

/** Differences that a sentence tells. */
const MOST = 5;
