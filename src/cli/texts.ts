import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, resolve } from 'node:path';
import { InklingError } from '../gpu/errors.ts';
import { isAddress, openAddress } from '../text/address.ts';
import { BUNDLED, type BundledFile, DATASET_NAMES, DATASETS, isDatasetName, openDataset } from '../text/datasets.ts';
import { type ByteSource, readCorpus, type TextCorpus } from '../text/read.ts';
import type { Task } from '../text/tasks.ts';
import { unreadable } from './open.ts';
import type { Output } from './output.ts';

/** The text that is learnt where none is asked for. */
export const DEFAULT_TEXT = 'moby-dick';

/** How much of a file is read at a time, in bytes. */
const CHUNK = 2 ** 20;
/** Larger texts are told of while they are read, in steps of so many bytes. */
const REMARK_BYTES = 25_000_000;

export interface Text extends TextCorpus {
  /** What names it again: a data set, an address, or an absolute path. */
  id: string;
  task?: Task | undefined;
}

async function openFile(path: string): Promise<ByteSource> {
  const found = await stat(path).catch((error) => {
    const { code, message } = unreadable(path, error);
    const hint = `Check the path, or take a text that has a name: ${DATASET_NAMES.join(', ')}.`;
    throw new InklingError(code, message, hint);
  });
  return { name: basename(path), ...(found.isFile() && { bytes: found.size }), chunks: read(path) };
}

async function* read(path: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK })) yield chunk as Uint8Array;
  } catch (error) {
    throw unreadable(path, error);
  }
}

function openBundled(file: BundledFile): Promise<ByteSource> {
  return openFile(createRequire(import.meta.url).resolve(BUNDLED[file]));
}

/**
 * Reads a data set by its name, a text by its address, or a file by its path.
 *
 * Throws `no-file`, `bad-address`, `not-fetched`, `bad-text`, `empty-text` or `too-many-characters`.
 */
export async function readText(what: string, output: Output): Promise<Text> {
  let told = 0;
  const progress = (done: number, total: number | undefined) => {
    if (done - told >= REMARK_BYTES) {
      told = done;
      const mb = (bytes: number) => Math.round(bytes / 1e6);
      output.remark(`Reading ${what}: ${mb(done)}${total === undefined ? '' : ` of ${mb(total)}`} MB.`);
    }
  };
  if (isDatasetName(what)) {
    const source = await openDataset(what, openBundled);
    return { ...(await readCorpus(source, progress)), id: what, task: DATASETS[what].task };
  }
  if (isAddress(what)) return { ...(await readCorpus(await openAddress(what), progress)), id: what };
  const path = resolve(what);
  return { ...(await readCorpus(await openFile(path), progress)), id: path };
}
