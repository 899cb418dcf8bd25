import { fromBase64, toBase64 } from '../formats/base64.ts';
import { isObject } from '../formats/json.ts';
import { InklingError } from '../gpu/errors.ts';
import { type Choices, LIKELIEST, SHARES } from '../storage/choices.ts';
import { type Evaluation, type Metrics, oncePerStep, type Sample, type Speed } from '../storage/metrics.ts';
import type { StepNorms, StepRecord } from '../training/trainer.ts';

/** As many as the longest run has steps. */
const MOST_ENTRIES = 1_000_000;
/** Numbers that one step or evaluation may tell, and characters of a sample. */
const MOST_NUMBERS = 2000;
const LONGEST_SAMPLE = 100_000;
const LAST_CODE_POINT = 0x10ffff;

function refuse(): never {
  throw new InklingError(
    'bad-run',
    'This is no sound run of Inkling: its curve is damaged.',
    'Take another copy, or export the run once more.',
  );
}

/** What JSON can hold of a curve: how the characters of samples were chosen, as base64. */
export function writeMetrics({ samples, ...rest }: Metrics): object {
  const bytes = ({ buffer, byteOffset, byteLength }: Uint16Array | Uint32Array) =>
    toBase64(new Uint8Array(buffer, byteOffset, byteLength));
  const written = samples.map(({ choices, ...sample }) => {
    if (choices === undefined) return sample;
    const { shares, likeliest } = choices;
    const bits = 8 * likeliest.BYTES_PER_ELEMENT;
    return { ...sample, choices: { shares: bytes(shares), likeliest: bytes(likeliest), bits } };
  });
  return { samples: written, ...rest };
}

/** The curve in a file that anybody may have written: finite numbers under plain names, steps that rise. Throws `bad-run`. */
export function readMetrics(kept: Record<string, unknown>): Metrics {
  const { records, evaluations, samples, norms = [], speeds = [] } = kept; // older runs have no norms and no speeds
  return {
    records: entries(records).map((entry) => numbersIn<StepRecord>(entry, ['step', 'loss', 'lr', 'grad_norm'])),
    evaluations: entries(evaluations).map((entry) => numbersIn<Evaluation>(entry, ['step', 'train_loss', 'val_loss'])),
    samples: entries(samples).map(sampleIn),
    norms: entries(norms).map(normsIn),
    speeds: entries(speeds, true).map((entry) => numbersIn<Speed>(entry, ['step', 'tokens_per_s'])),
  };
}

/** Entries in the order of their steps, each step once. `doubles`: whether there may be several of a step, of which the last counts. */
function entries(list: unknown, doubles = false): Record<string, unknown>[] {
  if (!Array.isArray(list) || list.length > MOST_ENTRIES || !list.every(isEntry)) refuse();
  const once = doubles ? oncePerStep(list) : list;
  if (once.some(({ step }, i) => i > 0 && step <= once[i - 1]!.step)) refuse();
  return once;
}

function isEntry(entry: unknown): entry is { step: number } & Record<string, unknown> {
  return isObject(entry) && Number.isSafeInteger(entry.step) && (entry.step as number) >= 0;
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

function sampleIn({ step, text, choices, counted }: Record<string, unknown>): Sample {
  if (typeof text !== 'string' || text.length > LONGEST_SAMPLE) refuse();
  return {
    step: step as number,
    text,
    ...(choices !== undefined && { choices: choicesIn(choices, Array.from(text).length) }),
    ...(counted !== undefined && { counted: countedIn(counted) }),
  };
}

/** How each of the `characters` of a sample was chosen; left out where it does not fit them, as earlier versions wrote it. */
function choicesIn(value: unknown, characters: number): Choices | undefined {
  if (!isObject(value) || typeof value.shares !== 'string' || typeof value.likeliest !== 'string') return undefined;
  const [shares, likeliest] = [fromBase64(value.shares), fromBase64(value.likeliest)];
  const bytes = value.bits === 16 ? 2 : value.bits === 32 ? 4 : 0;
  if (shares?.length !== 2 * SHARES * characters || likeliest?.length !== bytes * LIKELIEST * characters)
    return undefined;
  const codes = bytes === 2 ? new Uint16Array(likeliest.buffer) : new Uint32Array(likeliest.buffer);
  if (!codes.every((code) => code <= LAST_CODE_POINT)) return undefined;
  return { shares: new Uint16Array(shares.buffer), likeliest: codes };
}

function countedIn(value: unknown): Sample['counted'] {
  if (!isObject(value)) refuse();
  const { words, known, characters, lineBreaks } = value;
  if (![words, known, characters, lineBreaks].every((count) => Number.isSafeInteger(count) && (count as number) >= 0)) {
    refuse();
  }
  return { words, known, characters, lineBreaks } as Sample['counted'];
}

function normsIn({ step, names, grad, update, weight, moved }: Record<string, unknown>): StepNorms {
  if (!Array.isArray(names) || names.length > MOST_NUMBERS) refuse();
  const sound = names.every((name) => typeof name === 'string' && name.length <= 100);
  const each = [grad, update, weight, ...(moved === null ? [] : [moved])];
  const numbers = each.every((list) => Array.isArray(list) && list.length === names.length && isNumbers(list));
  if (!sound || !numbers) refuse();
  return { step, names, grad, update, weight, moved } as StepNorms;
}
