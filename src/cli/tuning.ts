import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Device } from '../gpu/device.ts';
import { isChoice, type ProductChoices, type Tuning, type TuningMemory } from '../graph/tuner.ts';
import { PRECISIONS, type PrecisionChoice } from '../model/config.ts';
import { UsageError } from './arguments.ts';

const FILE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'inkling', 'tuning.json');

async function all(): Promise<Record<string, unknown>> {
  try {
    return Object(JSON.parse(await readFile(FILE, 'utf8')));
  } catch {
    return {}; // none yet, or none that can be read
  }
}

/** Keeps the tuner's choices in the person's cache folder. A cache that cannot be written is no reason to stop. */
const memory: TuningMemory = {
  async recall(adapter): Promise<ProductChoices> {
    const known = (await all())[adapter];
    return isChoice(known) ? known : {};
  },
  async keep(adapter, choices) {
    try {
      await mkdir(dirname(FILE), { recursive: true });
      const temporary = `${FILE}.${process.pid}`;
      await writeFile(temporary, JSON.stringify({ ...(await all()), [adapter]: choices }, null, 1));
      await rename(temporary, FILE);
    } catch {
      // they are found again at the next start
    }
  },
};

export const TUNING_FLAGS = { tune: 'switch', 'no-tune': 'switch', precision: 'text' } as const;

/**
 * Whether to time kernels first, and how long: on a GPU briefly unless `--no-tune`; with `--tune` all of them, however long it
 * takes, and on a processor, too.
 */
export function tuningOf(flags: { tune?: boolean; 'no-tune'?: boolean }, device: Device): Tuning | undefined {
  if (flags['no-tune'] || (device.software && !flags.tune)) return undefined;
  return flags.tune ? { memory, budget_ms: Number.POSITIVE_INFINITY } : { memory };
}

/** Throws where tuning is both asked for and not wanted. */
export function requireOneTuning(command: string, flags: { tune?: boolean; 'no-tune'?: boolean }): void {
  if (flags.tune && flags['no-tune']) {
    throw new UsageError(`${command}: --tune and --no-tune say opposite things.`, 'Leave one of them out.');
  }
}

/** Throws on a precision that there is not. */
export function precisionOf(command: string, { precision = 'f32' }: { precision?: string }): PrecisionChoice {
  if (!PRECISIONS.includes(precision as PrecisionChoice)) {
    throw new UsageError(
      `${command}: there is no precision “${precision}”.`,
      'Take f32; f16, where the adapter has it; or auto, which takes what is quicker on this adapter.',
    );
  }
  return precision as PrecisionChoice;
}
