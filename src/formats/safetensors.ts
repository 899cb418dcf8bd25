import { InklingError } from '../gpu/errors.ts';
import { crc32 } from './crc32.ts';
import { isObject, parseObject, quote } from './json.ts';

/** The number kinds that can be read and written, with the array that holds each: F16 and BF16 as their bits. */
interface Arrays {
  F32: Float32Array<ArrayBuffer>;
  F64: Float64Array<ArrayBuffer>;
  I32: Int32Array<ArrayBuffer>;
  I64: BigInt64Array<ArrayBuffer>;
  U32: Uint32Array<ArrayBuffer>;
  U8: Uint8Array<ArrayBuffer>;
  F16: Uint16Array<ArrayBuffer>;
  BF16: Uint16Array<ArrayBuffer>;
  BOOL: Uint8Array<ArrayBuffer>;
}

/** A tensor in row-major order; `data` has as many elements as the product of `shape`. */
export type SafeTensor = {
  [D in keyof Arrays]: { dtype: D; shape: readonly number[]; data: Arrays[D] };
}[keyof Arrays];

export interface SafeTensorsFile {
  /** The strings of `__metadata__`, without a prototype. */
  metadata: Record<string, string>;
  tensors: Map<string, SafeTensor>;
}

const ARRAYS = {
  F32: Float32Array,
  F64: Float64Array,
  I32: Int32Array,
  I64: BigInt64Array,
  U32: Uint32Array,
  U8: Uint8Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  BOOL: Uint8Array,
} as const;

/** The reference implementation's limit, in bytes: a header is read whole before anything in it is checked. */
const MOST_HEADER = 100_000_000;

/** The bytes of the header's length. */
const PREFIX = 8;

function refuse(fault: string): never {
  throw new InklingError(
    'bad-safetensors',
    `This is no sound safetensors file: ${fault}.`,
    'It is damaged or of another kind: take another copy.',
  );
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  try {
    return parseObject(bytes);
  } catch (error) {
    refuse(`its header ${(error as Error).message}`);
  }
}

function count(object: Record<string, unknown>): number {
  return Object.keys(object).length;
}

function parseMetadata(value: unknown): Record<string, string> {
  const metadata: Record<string, string> = Object.create(null);
  if (value === undefined) return metadata;
  if (!isObject(value)) refuse('its metadata is no object');
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') refuse(`its metadata ${quote(key)} is no string`);
    metadata[key] = text;
  }
  return metadata;
}

interface Entry {
  name: string;
  dtype: keyof Arrays;
  shape: number[];
  begin: number;
  end: number;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function parseEntry(name: string, value: unknown): Entry {
  const it = `its tensor ${quote(name)}`;
  if (!isObject(value) || count(value) !== 3) refuse(`${it} is not described by a dtype, a shape and offsets`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string') refuse(`${it} has no dtype`);
  if (!Object.hasOwn(ARRAYS, dtype)) refuse(`${it} has the dtype ${quote(dtype)}, which is not read here`);
  if (!Array.isArray(shape) || !shape.every(isCount)) refuse(`${it} has no sound shape`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) refuse(`${it} has no sound offsets`);
  const kind = dtype as keyof Arrays;
  const [begin, end] = offsets as [number, number];
  if (byteSize(shape, kind) !== end - begin) refuse(`${it} has a shape that does not fit its offsets`);
  return { name, dtype: kind, shape, begin, end };
}

/** Bytes of a tensor; not a number where the product is too large to be exact. */
function byteSize(shape: readonly number[], dtype: keyof Arrays): number {
  let bytes: number = ARRAYS[dtype].BYTES_PER_ELEMENT;
  for (const size of shape) {
    bytes *= size;
    if (!Number.isSafeInteger(bytes)) return Number.NaN;
  }
  return bytes;
}

function tensor({ dtype, shape }: Pick<Entry, 'dtype' | 'shape'>, bytes: Uint8Array<ArrayBuffer>): SafeTensor {
  const Numbers = ARRAYS[dtype];
  const aligned = bytes.byteOffset % Numbers.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
  const length = bytes.length / Numbers.BYTES_PER_ELEMENT;
  return { dtype, shape, data: new Numbers(aligned.buffer, aligned.byteOffset, length) } as SafeTensor;
}

/** The bits of an exponent, all of them set in NaN and infinity. */
const EXPONENT = { F16: 0x7c00, BF16: 0x7f80, F32: 0x7f800000 } as const;

/** NaN and infinity come from a run that diverged, or from a file that wants to harm. */
function allFinite({ dtype, data }: SafeTensor): boolean {
  if (dtype === 'F64') return data.every(Number.isFinite);
  if (dtype !== 'F16' && dtype !== 'BF16' && dtype !== 'F32') return true;
  const exponent = EXPONENT[dtype];
  // By the bits, and by index: four times as quick as to ask each number, of which a checkpoint has many.
  const all = dtype === 'F32' ? new Int32Array(data.buffer, data.byteOffset, data.length) : data;
  for (let i = 0; i < all.length; i++) if ((all[i]! & exponent) === exponent) return false;
  return true;
}

/** The value of an IEEE 754 half: sign, 5 bits of exponent, 10 of fraction. */
function halfToNumber(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  const size = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
  return bits & 0x8000 ? -size : size;
}

/** The numbers of an F32, F16 or BF16 tensor in single precision, which holds them all exactly; else undefined. */
export function toF32({ dtype, data }: SafeTensor): Float32Array<ArrayBuffer> | undefined {
  if (dtype === 'F32') return data;
  // the upper half of a single
  if (dtype === 'BF16') return new Float32Array(Uint32Array.from(data, (bits) => bits << 16).buffer);
  if (dtype === 'F16') return Float32Array.from(data, halfToNumber);
  return undefined;
}

/**
 * The CRC-32 of tensors, their names and shapes, and of `words`, in eight hexadecimal digits. Kept in a file's metadata, it
 * tells a damaged file from a sound one, which nothing else in it can where a weight has become another.
 */
export function checksum(tensors: ReadonlyMap<string, SafeTensor>, words: readonly string[]): string {
  const encoder = new TextEncoder();
  let crc = crc32(encoder.encode(JSON.stringify(words)));
  for (const name of [...tensors.keys()].sort()) {
    const { dtype, shape, data } = tensors.get(name)!;
    crc = crc32(encoder.encode(JSON.stringify([name, dtype, shape])), crc);
    crc = crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), crc);
  }
  return crc.toString(16).padStart(8, '0');
}

/**
 * Reads a file that may be hostile. Tensors are views of `bytes` where the alignment allows it, copies elsewhere.
 *
 * Throws `bad-safetensors`, naming the fault: also for a dtype other than those above, and for NaN or infinity.
 */
export function readSafetensors(bytes: Uint8Array<ArrayBuffer>): SafeTensorsFile {
  if (bytes.length < PREFIX) refuse('it is shorter than a header');
  const stated = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (stated > BigInt(Math.min(MOST_HEADER, bytes.length - PREFIX)))
    refuse('its header is longer than the file allows');
  const start = PREFIX + Number(stated);
  const { __metadata__, ...described } = parseHeader(bytes.subarray(PREFIX, start));

  const entries = Object.entries(described)
    .map(([name, value]) => parseEntry(name, value))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  const tensors = new Map<string, SafeTensor>();
  let end = 0;
  for (const entry of entries) {
    if (entry.begin !== end) refuse(`its tensor ${quote(entry.name)} does not begin where the one before it ends`);
    end = entry.end;
    if (start + end > bytes.length) refuse('it ends before its data does');
    const read = tensor(entry, bytes.subarray(start + entry.begin, start + end));
    if (!allFinite(read)) refuse(`its tensor ${quote(entry.name)} holds a number that is not finite`);
    tensors.set(entry.name, read);
  }
  if (start + end !== bytes.length) refuse('it goes on after its data');
  return { metadata: parseMetadata(__metadata__), tensors };
}

/**
 * Writes tensors as one file. Wide numbers come first, so that every tensor is aligned to its own numbers.
 *
 * Throws `not-finite` for NaN or infinity: a file with either could not be read again.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, SafeTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const width = (item: SafeTensor) => ARRAYS[item.dtype].BYTES_PER_ELEMENT;
  const ordered = [...tensors].sort(([, a], [, b]) => width(b) - width(a));
  const header: Record<string, unknown> = Object.create(null);
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  let size = 0;
  for (const [name, item] of ordered) {
    const bytes = item.data.byteLength;
    if (name === '__metadata__') throw new RangeError('A tensor cannot be called __metadata__.');
    if (byteSize(item.shape, item.dtype) !== bytes) throw new RangeError(`The shape of ${name} does not fit its data.`);
    if (!allFinite(item)) {
      throw new InklingError(
        'not-finite',
        `The tensor ${quote(name)} holds a number that is not finite, so it is not saved.`,
        'The run has diverged: start it again with a smaller learning rate.',
      );
    }
    header[name] = { dtype: item.dtype, shape: item.shape, data_offsets: [size, size + bytes] };
    size += bytes;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const start = Math.ceil((PREFIX + json.length) / 8) * 8;
  const file = new Uint8Array(start + size).fill(0x20, PREFIX, start);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - PREFIX), true);
  file.set(json, PREFIX);
  let offset = start;
  for (const [, { data }] of ordered) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return file;
}
