import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InklingError } from '../gpu/errors.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../training/checkpoint.ts';
import { readBytes } from './open.ts';

const CHECKPOINT = 'checkpoint.safetensors';

/** Refuses a folder that holds a run already. */
export async function requireNoRun(folder: string): Promise<void> {
  const exists = await stat(join(folder, CHECKPOINT)).then(
    () => true,
    () => false,
  );
  if (exists) {
    throw new InklingError(
      'run-exists',
      `${folder} holds a run already.`,
      `Choose another --out, or go on with --resume ${folder}.`,
    );
  }
}

/** Makes the folder of a run, if it is not there. */
export async function makeRunFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error) => {
    throw new InklingError('no-folder', `${folder} cannot be made: ${error.code}.`, 'Choose another --out.');
  });
}

/** Writes a checkpoint beside the last one and then puts it in its place, so that a crash leaves one of the two whole. */
export async function saveCheckpoint(folder: string, checkpoint: Checkpoint): Promise<void> {
  const path = join(folder, CHECKPOINT);
  try {
    await writeFile(`${path}.new`, encodeCheckpoint(checkpoint));
    await rename(`${path}.new`, path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error;
    throw new InklingError(
      'not-saved',
      `The checkpoint could not be written to ${folder}: ${code}.`,
      'Free some space or choose another --out.',
    );
  }
}

/** Reads the checkpoint of a run's folder, or a checkpoint file. Throws `no-file`, `bad-safetensors` or `bad-checkpoint`. */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const file = isFolder ? join(path, CHECKPOINT) : path;
  const bytes = await readBytes(file);
  try {
    return decodeCheckpoint(bytes);
  } catch (error) {
    if (error instanceof InklingError) {
      throw new InklingError(error.code, `${file}: ${error.message}`, error.hint);
    }
    throw error;
  }
}
