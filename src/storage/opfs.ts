import type { SlotPlace } from './slot-pair.ts';
import { readAll, type SlotFile } from './slots.ts';

/** How long a file may still be held by a worker that has just died, in milliseconds. */
const RELEASE_MS = 3000;

/** The two files `NAME.0` and `NAME.1` of a folder in the origin's private file system. In a worker only. */
export function slotsIn(folder: FileSystemDirectoryHandle, name: string): SlotPlace {
  return {
    read: (index) => readFile(folder, `${name}.${index}`),
    open: (index) => openFile(folder, `${name}.${index}`),
  };
}

/** A file's bytes, also while another tab writes to it; none where there is no file, or where it changes meanwhile. */
export async function readFile(folder: FileSystemDirectoryHandle, name: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const file = await (await folder.getFileHandle(name)).getFile();
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    if (isNamed(error, 'NotFoundError') || isNamed(error, 'NotReadableError')) return new Uint8Array(0);
    throw error;
  }
}

/** A file for synchronous writing, made if it is not there. */
export async function openFile(folder: FileSystemDirectoryHandle, name: string): Promise<SlotFile & { close(): void }> {
  const handle = await folder.getFileHandle(name, { create: true });
  for (const end = performance.now() + RELEASE_MS; ; ) {
    try {
      return await handle.createSyncAccessHandle();
    } catch (error) {
      if (!isNamed(error, 'NoModificationAllowedError') || performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Writes a whole file, unless it holds these bytes already. */
export async function writeFile(
  folder: FileSystemDirectoryHandle,
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const file = await openFile(folder, name);
  try {
    const present = file.getSize() === bytes.length ? readAll(file) : undefined;
    if (present?.every((byte, i) => byte === bytes[i])) return;
    file.truncate(0);
    if (file.write(bytes, { at: 0 }) < bytes.length) throw new DOMException('The disk is full.', 'QuotaExceededError');
    file.flush();
  } catch (error) {
    file.truncate(0); // half a file would only take room
    throw error;
  } finally {
    file.close();
  }
}

/** Removes a file or a folder with all that is in it; does nothing where there is none. */
export async function removeEntry(folder: FileSystemDirectoryHandle, name: string): Promise<void> {
  try {
    await folder.removeEntry(name, { recursive: true });
  } catch (error) {
    if (!isNamed(error, 'NotFoundError')) throw error;
  }
}

/** Bytes of all files below a folder. */
export async function sizeOf(folder: FileSystemDirectoryHandle): Promise<number> {
  let bytes = 0;
  for await (const entry of folder.values()) {
    if (entry.kind === 'directory') {
      bytes += await sizeOf(entry as FileSystemDirectoryHandle);
    } else {
      bytes += (await (entry as FileSystemFileHandle).getFile()).size;
    }
  }
  return bytes;
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof DOMException && error.name === name;
}
