import { InklingError } from '../gpu/errors.ts';

/** What a slot needs of a file: the synchronous part of FileSystemSyncAccessHandle. */
export interface SlotFile {
  getSize(): number;
  /** Bytes read. */
  read(into: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  /** Bytes written; fewer than asked for, or an exception, when the disk is full. */
  write(bytes: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  truncate(size: number): void;
  flush(): void;
}

/** What a slot holds. A higher generation is a later one. */
export interface SlotContent {
  generation: number;
  payload: Uint8Array<ArrayBuffer>;
}

/**
 * A slot is this header, then the payload, and nothing more. Numbers are little-endian.
 *
 *     0  magic "InkSlot\0"      16  generation (u64)      32  SHA-256 of the payload
 *     8  version (u32) and 0    24  payload's bytes (u64) 64  SHA-256 of the 64 bytes before
 */
const HEADER = 96;
const DIGESTED = 64;
const MAGIC = new TextEncoder().encode('InkSlot\0');
const VERSION = 1;

const digest = async (bytes: Uint8Array<ArrayBuffer>) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));

const same = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, i) => byte === b[i]);

async function headerFor({ generation, payload }: SlotContent): Promise<Uint8Array<ArrayBuffer>> {
  const header = new Uint8Array(HEADER);
  const view = new DataView(header.buffer);
  header.set(MAGIC);
  view.setUint32(8, VERSION, true);
  view.setBigUint64(16, BigInt(generation), true);
  view.setBigUint64(24, BigInt(payload.length), true);
  header.set(await digest(payload), 32);
  header.set(await digest(header.subarray(0, DIGESTED)), DIGESTED);
  return header;
}

/**
 * Reads the bytes of a slot's file. Nothing is believed before all of it verifies.
 *
 * Throws `bad-slot`, saying what does not hold. The payload is a view of `bytes`, aligned to 8 bytes where they are.
 */
export async function decodeSlot(bytes: Uint8Array<ArrayBuffer>): Promise<SlotContent> {
  if (bytes.length < HEADER) refuse('it is shorter than its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER);
  if (!same(bytes.subarray(0, MAGIC.length), MAGIC)) refuse('it does not begin as one');
  if (!same(await digest(bytes.subarray(0, DIGESTED)), bytes.subarray(DIGESTED, HEADER)))
    refuse('its header is damaged');
  const version = view.getUint32(8, true);
  if (version !== VERSION) refuse(`it has version ${version}, and this page knows version ${VERSION}`);
  if (view.getBigUint64(24, true) !== BigInt(bytes.length - HEADER)) refuse('it has another length than it says');
  const payload = bytes.subarray(HEADER);
  if (!same(await digest(payload), bytes.subarray(32, DIGESTED))) refuse('its data is damaged');
  return { generation: Number(view.getBigUint64(16, true)), payload };
}

function refuse(fault: string): never {
  throw new InklingError(
    'bad-slot',
    `This is no whole checkpoint: ${fault}.`,
    'The one saved before it is taken instead.',
  );
}

/**
 * Writes over whatever the file holds. Until the last flush has returned, the file does not verify: the payload is on the
 * disk before the header that vouches for it is written. The other slot of the pair is not touched.
 *
 * Throws what the file throws; `QuotaExceededError` also where it has taken fewer bytes than it was given.
 */
export async function writeSlot(file: SlotFile, content: SlotContent): Promise<void> {
  const header = await headerFor(content);
  // In place, without giving room back first: a slot of the same size as before needs no more of the disk.
  put(file, content.payload, HEADER);
  file.truncate(HEADER + content.payload.length);
  file.flush();
  put(file, header, 0);
  file.flush();
}

/** Bytes handed over at a time. */
const PIECE = 1 << 20;

function put(file: SlotFile, bytes: Uint8Array<ArrayBuffer>, at: number): void {
  for (let from = 0; from < bytes.length; ) {
    const written = file.write(bytes.subarray(from, from + PIECE), { at: at + from });
    if (written === 0) throw new DOMException('The disk is full.', 'QuotaExceededError');
    from += written;
  }
}

/** The whole file, or nothing where it is empty. */
export function readAll(file: SlotFile): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(file.getSize());
  const read = file.read(bytes, { at: 0 });
  return read === bytes.length ? bytes : bytes.slice(0, read);
}

/** The later one of a pair's whole slots, and its place; undefined where neither is whole. */
export async function newestSlot(
  files: readonly Uint8Array<ArrayBuffer>[],
): Promise<(SlotContent & { index: number }) | undefined> {
  let newest: (SlotContent & { index: number }) | undefined;
  for (const [index, bytes] of files.entries()) {
    const content = await decodeSlot(bytes).catch(damaged);
    if (content && (!newest || content.generation > newest.generation)) newest = { ...content, index };
  }
  return newest;
}

function damaged(error: unknown): undefined {
  if (error instanceof InklingError && error.code === 'bad-slot') return undefined;
  throw error;
}
