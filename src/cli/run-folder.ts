import { mkdir, open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { importHuggingFace, MODEL_FILES } from '../formats/huggingface/import.ts';
import { InklingError, toFailure } from '../gpu/errors.ts';
import { type Checkpoint, encodeCheckpoint, startingCheckpoint } from '../training/checkpoint.ts';
import { readModelFile } from '../training/model-file.ts';
import { readBytes } from './open.ts';

const CHECKPOINT = 'checkpoint.safetensors';
/** The one before it, which is taken where that one is damaged. */
const PREVIOUS = 'checkpoint.previous.safetensors';

/** Refuses a folder that holds a run already. */
export async function requireNoRun(folder: string): Promise<void> {
  if ((await exists(join(folder, CHECKPOINT))) || (await exists(join(folder, PREVIOUS)))) {
    throw new InklingError(
      'run-exists',
      `${folder} holds a run already.`,
      `Choose another --out, or go on with --resume ${folder}.`,
    );
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Makes the folder of a run, if it is not there. */
export async function makeRunFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error) => {
    throw new InklingError('no-folder', `${folder} cannot be made: ${error.code}.`, 'Choose another --out.');
  });
}

/**
 * Writes a checkpoint beside the last one, and only when it is on the disk puts it in its place; the last one stays as the
 * previous one. A process that is killed at any moment leaves one of the two whole, and so does a machine that fails.
 */
export async function saveCheckpoint(folder: string, checkpoint: Checkpoint): Promise<void> {
  const path = join(folder, CHECKPOINT);
  try {
    await writeThrough(`${path}.new`, encodeCheckpoint(checkpoint));
    if (await exists(path)) await rename(path, join(folder, PREVIOUS));
    await rename(`${path}.new`, path);
    await flushFolder(folder);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error;
    throw new InklingError(
      'not-saved',
      `The checkpoint could not be written to ${folder}: ${code}.`,
      'Free some space or choose another --out.',
    );
  }
}

/** Writes a file and waits until the disk has it. */
async function writeThrough(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Waits until the disk has the new names. Windows has no such thing, and needs none. */
async function flushFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

/** Runs `read` and says of which file its failure tells. */
function naming<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof InklingError ? new InklingError(error.code, `${file}: ${error.message}`, error.hint) : error;
  }
}

async function importFolder(folder: string): Promise<Checkpoint> {
  const files = await Promise.all(
    MODEL_FILES.map(async (name) => [name, await readBytes(join(folder, name))] as const),
  );
  return naming(folder, () => startingCheckpoint(importHuggingFace(new Map(files))));
}

/**
 * Reads the checkpoint of a run's folder, or a checkpoint file. Where the newest one of a folder is missing or damaged, and
 * the previous one is whole, that is taken, and `remark` told. A Hugging Face GPT-2, a folder or a ZIP, is a run of no steps.
 *
 * Throws `no-file`, `bad-safetensors`, `bad-checkpoint`, `bad-zip`, `bad-model` or `bad-tokenizer`.
 */
export async function loadCheckpoint(path: string, remark: (line: string) => void): Promise<Checkpoint> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) return readCheckpoint(path);
  try {
    return await readCheckpoint(join(path, CHECKPOINT));
  } catch (error) {
    const previous = await readCheckpoint(join(path, PREVIOUS)).catch(() => undefined);
    if (!previous) {
      if (!(await exists(join(path, CHECKPOINT))) && (await exists(join(path, 'config.json'))))
        return importFolder(path);
      throw error;
    }
    const { message } = toFailure(error);
    remark(`${message} The checkpoint before it is taken, after step ${previous.state.step}.`);
    return previous;
  }
}

async function readCheckpoint(file: string): Promise<Checkpoint> {
  const bytes = await readBytes(file);
  return naming(file, () => readModelFile(bytes));
}
