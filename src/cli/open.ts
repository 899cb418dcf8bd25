import { readFile } from 'node:fs/promises';
import { type Device, openDevice } from '../gpu/device.ts';
import { InklingError } from '../gpu/errors.ts';
import { openGPU } from './adapter.ts';
import type { Output } from './output.ts';

/** Opens the GPU and says so when it is only the processor. For `experimental` see `openGPU`. */
export async function openDeviceInNode(output: Output, options?: { experimental: boolean }): Promise<Device> {
  const device = await openDevice(await openGPU(options));
  output.remark(
    device.software
      ? `Using ${device.name}, a software adapter: the processor computes, correctly but slowly.`
      : `Using ${device.name}.`,
  );
  return device;
}

/** The adapter as results name it. */
export function adapterName({ name, software }: Device): string {
  return software ? `${name} (software)` : name;
}

/** A file's bytes. Throws `no-file` in words. */
export async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const bytes = await readFile(path);
    return new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Why a file cannot be read, in words. */
export function unreadable(path: string, error: unknown): InklingError {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  const reason =
    code === 'ENOENT'
      ? 'there is no such file'
      : code === 'EISDIR'
        ? 'it is a folder'
        : code === 'EACCES'
          ? 'it may not be read'
          : String(code);
  return new InklingError('no-file', `${path} cannot be read: ${reason}.`, 'Check the path.');
}
