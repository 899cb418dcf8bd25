import { isObject } from '../formats/json.ts';
import { InklingError } from '../gpu/errors.ts';
import type { Evaluation, Metrics, Sample, Speed } from '../storage/metrics.ts';
import type { StepNorms, StepRecord } from '../training/trainer.ts';

/** As many as the longest run has steps. */
const MOST_ENTRIES = 1_000_000;
/** Numbers that one step or evaluation may tell, and characters of a sample. */
const MOST_NUMBERS = 2000;
const LONGEST_SAMPLE = 100_000;

function refuse(): never {
  throw new InklingError(
    'bad-run',
    'This is no sound run of Inkling: its curve is damaged.',
    'Take another copy, or export the run once more.',
  );
}

/** The curve in a file that anybody may have written: finite numbers under plain names, steps that rise. Throws `bad-run`. */
export function readMetrics(kept: Record<string, unknown>): Metrics {
  const { records, evaluations, samples, norms = [], speeds = [] } = kept; // older runs have no norms and no speeds
  return {
    records: entries(records).map((entry) => numbersIn<StepRecord>(entry, ['step', 'loss', 'lr', 'grad_norm'])),
    evaluations: entries(evaluations).map((entry) => numbersIn<Evaluation>(entry, ['step', 'train_loss', 'val_loss'])),
    samples: entries(samples).map(sampleIn),
    norms: entries(norms).map(normsIn),
    speeds: entries(speeds).map((entry) => numbersIn<Speed>(entry, ['step', 'tokens_per_s'])),
  };
}

/** Entries in the order of their steps, each step once. */
function entries(list: unknown): Record<string, unknown>[] {
  if (!Array.isArray(list) || list.length > MOST_ENTRIES) refuse();
  let last = -1;
  for (const entry of list) {
    if (!isObject(entry) || !Number.isSafeInteger(entry.step) || (entry.step as number) <= last) refuse();
    last = entry.step as number;
  }
  return list;
}

function numbersIn<T>(entry: Record<string, unknown>, needed: readonly (keyof T & string)[]): T {
  if (!needed.every((name) => Number.isFinite(entry[name]))) refuse();
  const told = Object.entries(entry).filter(([name, value]) => /^[a-z][a-z0-9_]{0,39}$/.test(name) && isNumbers(value));
  return Object.fromEntries(told) as T;
}

/** A number, or a list of them. */
function isNumbers(value: unknown): boolean {
  if (Array.isArray(value)) return value.length <= MOST_NUMBERS && value.every(Number.isFinite);
  return Number.isFinite(value);
}

function sampleIn({ step, text }: Record<string, unknown>): Sample {
  if (typeof text !== 'string' || text.length > LONGEST_SAMPLE) refuse();
  return { step: step as number, text };
}

function normsIn({ step, names, grad, update, weight, moved }: Record<string, unknown>): StepNorms {
  if (!Array.isArray(names) || names.length > MOST_NUMBERS) refuse();
  const sound = names.every((name) => typeof name === 'string' && name.length <= 100);
  const each = [grad, update, weight, ...(moved === null ? [] : [moved])];
  const numbers = each.every((list) => Array.isArray(list) && list.length === names.length && isNumbers(list));
  if (!sound || !numbers) refuse();
  return { step, names, grad, update, weight, moved } as StepNorms;
}
