import { Inflate, type Zippable, zipSync } from 'fflate';
import { InklingError } from '../gpu/errors.ts';
import { crc32 } from './crc32.ts';
import { quote } from './json.ts';

/** The most that all files of an archive may unpack to, in bytes. */
const MOST_UNPACKED = 4_000_000_000;
const MOST_FILES = 10_000;
/** Weights pack to nine tenths, words to a third. What unpacks to more than this many times its size wants to harm. */
const MOST_RATIO = 100;
/** Packed bytes that are unpacked at a time, and so at most a thousand times as many before a check. */
const PIECE = 1 << 14;

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const DESCRIPTOR = 0x08074b50;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;

/** Bits of the flags that change nothing here: the compression level, sizes after the data, UTF-8 names. */
const KNOWN_FLAGS = 0x080e;
const SIZES_AFTER = 0x0008;

/** A file in the archive's directory. Sizes and offsets in bytes. */
interface Entry {
  name: string;
  flags: number;
  method: number;
  /** Date and time, as they stand in the archive. */
  stamp: number;
  crc: number;
  packed: number;
  unpacked: number;
  /** Where its local header begins. */
  offset: number;
}

function refuse(fault: string): never {
  throw new InklingError(
    'bad-zip',
    `This is no sound ZIP archive: ${fault}.`,
    'It is damaged or of another kind: take another copy.',
  );
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function decodeName(bytes: Uint8Array): string {
  let name: string;
  try {
    name = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    refuse('a file’s name in it is not UTF-8');
  }
  const inner = name.endsWith('/') ? name.slice(0, -1) : name;
  if (inner.split('/').some((part) => part === '' || part === '.' || part === '..') || /[\\:\0]/.test(name)) {
    refuse(`it holds ${quote(name)}, which is no name inside a folder`);
  }
  return name;
}

/** Where the directory's end record begins: the archive ends with it and its comment. */
function findEnd(bytes: Uint8Array): number {
  const data = view(bytes);
  const lowest = Math.max(0, bytes.length - END_BYTES - 0xffff);
  for (let at = bytes.length - END_BYTES; at >= lowest; at--) {
    if (data.getUint32(at, true) === END && at + END_BYTES + data.getUint16(at + 20, true) === bytes.length) return at;
  }
  refuse('it has no directory at its end');
}

function readDirectory(bytes: Uint8Array): { entries: Entry[]; start: number } {
  const data = view(bytes);
  const end = findEnd(bytes);
  const count = data.getUint16(end + 10, true);
  const size = data.getUint32(end + 12, true);
  const start = data.getUint32(end + 16, true);
  if (count === 0xffff || size === 0xffffffff || start === 0xffffffff) refuse('it is larger than 4 GB');
  if (data.getUint32(end + 4, true) !== 0 || data.getUint16(end + 8, true) !== count) refuse('it is a part of several');
  if (count > MOST_FILES) refuse(`it holds ${count} files`);
  if (start + size !== end) refuse('its directory does not lie where it says');
  const entries: Entry[] = [];
  const names = new Set<string>();
  let at = start;
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL_BYTES > end || data.getUint32(at, true) !== CENTRAL) refuse('its directory is damaged');
    const nameEnd = at + CENTRAL_BYTES + data.getUint16(at + 28, true);
    const next = nameEnd + data.getUint16(at + 30, true) + data.getUint16(at + 32, true);
    if (next > end) refuse('its directory is damaged');
    const name = decodeName(bytes.subarray(at + CENTRAL_BYTES, nameEnd));
    if (names.has(name)) refuse(`it holds ${quote(name)} twice`);
    if (data.getUint16(at + 34, true) !== 0) refuse('it is a part of several');
    names.add(name);
    entries.push({
      name,
      flags: data.getUint16(at + 8, true),
      method: data.getUint16(at + 10, true),
      stamp: data.getUint32(at + 12, true),
      crc: data.getUint32(at + 16, true),
      packed: data.getUint32(at + 20, true),
      unpacked: data.getUint32(at + 24, true),
      offset: data.getUint32(at + 42, true),
    });
    at = next;
  }
  if (at !== end) refuse('its directory is damaged');
  return { entries: entries.sort((a, b) => a.offset - b.offset), start };
}

/** The packed bytes of a file, and where what belongs to it ends. Its local header must say what the directory says. */
function locate(bytes: Uint8Array, entry: Entry, limit: number): { packed: Uint8Array; end: number } {
  const it = `its file ${quote(entry.name)}`;
  const data = view(bytes);
  const at = entry.offset;
  if (at + LOCAL_BYTES > limit || data.getUint32(at, true) !== LOCAL) refuse(`${it} does not lie where it says`);
  const after = (entry.flags & SIZES_AFTER) !== 0;
  const same = (offset: number, value: number) => {
    const found = data.getUint32(at + offset, true);
    return found === value || (after && found === 0);
  };
  const nameEnd = at + LOCAL_BYTES + data.getUint16(at + 26, true);
  const begin = nameEnd + data.getUint16(at + 28, true);
  let end = begin + entry.packed;
  if (end > limit) refuse(`${it} reaches into what comes after it`);
  const agree =
    data.getUint16(at + 6, true) === entry.flags &&
    data.getUint16(at + 8, true) === entry.method &&
    data.getUint32(at + 10, true) === entry.stamp &&
    same(14, entry.crc) &&
    same(18, entry.packed) &&
    same(22, entry.unpacked) &&
    decodeName(bytes.subarray(at + LOCAL_BYTES, nameEnd)) === entry.name;
  if (!agree) refuse(`${it} is described in two ways`);
  const packed = bytes.subarray(begin, end);
  if (after) {
    const signed = end + 16 <= limit && data.getUint32(end, true) === DESCRIPTOR;
    const record = signed ? end + 4 : end;
    end = record + 12;
    const stated = end <= limit && [0, 4, 8].map((offset) => data.getUint32(record + offset, true));
    if (String(stated) !== String([entry.crc, entry.packed, entry.unpacked])) refuse(`${it} is described in two ways`);
  }
  return { packed, end };
}

/** Unpacks DEFLATE into exactly `size` bytes and stops as soon as there are more. */
function inflate(packed: Uint8Array, size: number, it: string): Uint8Array<ArrayBuffer> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  let ended = false;
  const stream = new Inflate((piece, final) => {
    length += piece.length;
    if (length > size) refuse(`${it} unpacks to more than it says`);
    pieces.push(piece);
    ended ||= final;
  });
  try {
    for (let at = 0; at < packed.length; at += PIECE) {
      stream.push(packed.subarray(at, at + PIECE), at + PIECE >= packed.length);
    }
  } catch (error) {
    if (error instanceof InklingError) throw error;
    refuse(`${it} is damaged`);
  }
  if (!ended || length !== size) refuse(`${it} is damaged`);
  const unpacked = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    unpacked.set(piece, at);
    at += piece.length;
  }
  return unpacked;
}

/** Whether some bytes begin as an archive does. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && view(bytes).getUint32(0, true) === LOCAL;
}

/**
 * Reads a ZIP archive that may be hostile: its files by name, in the order in which they lie. Stored files are views of
 * `bytes`. Every checksum is verified, and nothing may overlap, lie between or be said twice.
 *
 * Throws `bad-zip`, naming the fault: also for encryption, several parts, more than 4 GB and packing other than DEFLATE.
 */
export function readZip(bytes: Uint8Array<ArrayBuffer>): Map<string, Uint8Array<ArrayBuffer>> {
  if (bytes.length < END_BYTES) refuse('it is shorter than an empty one');
  const { entries, start } = readDirectory(bytes);
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  let total = 0;
  let end = 0;
  for (const [i, entry] of entries.entries()) {
    const it = `its file ${quote(entry.name)}`;
    if (entry.offset !== end) refuse(`${it} does not begin where the one before it ends`);
    if ((entry.flags & ~KNOWN_FLAGS) !== 0) refuse(`${it} is encrypted or written in a way that is not read here`);
    if (entry.method !== 0 && entry.method !== 8) refuse(`${it} is packed in a way that is not read here`);
    if (entry.method === 0 && entry.packed !== entry.unpacked) refuse(`${it} has two sizes`);
    total += entry.unpacked;
    if (total > MOST_UNPACKED || entry.unpacked > MOST_RATIO * entry.packed + PIECE) {
      refuse(`${it} would unpack to ${entry.unpacked.toLocaleString('en-US')} bytes`);
    }
    const located = locate(bytes, entry, entries[i + 1]?.offset ?? start);
    end = located.end;
    const packed = located.packed as Uint8Array<ArrayBuffer>;
    const content = entry.method === 0 ? packed : inflate(packed, entry.unpacked, it);
    if (crc32(content) !== entry.crc) refuse(`${it} is damaged`);
    if (!entry.name.endsWith('/')) files.set(entry.name, content);
    else if (content.length > 0) refuse(`its folder ${quote(entry.name)} has a content`);
  }
  if (end !== start) refuse('it holds something between its files and its directory');
  return files;
}

/** Names of files that are packed; the others are numbers, which hardly shrink. */
const PACKED = /\.(json|md|py|csv|txt)$/;

/** A ZIP archive of some files. The same files give the same bytes: it has no time in it. */
export function writeZip(files: ReadonlyMap<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  const mtime = new Date(1980, 0, 1);
  const zippable: Zippable = Object.create(null);
  for (const [name, bytes] of files) zippable[name] = [bytes, { level: PACKED.test(name) ? 6 : 0, mtime }];
  return zipSync(zippable);
}
