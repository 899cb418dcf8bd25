import { InklingError } from '../gpu/errors.ts';

/** The number kinds that can be read and written, with the array that holds each. */
interface Arrays {
  F32: Float32Array<ArrayBuffer>;
  F64: Float64Array<ArrayBuffer>;
  I32: Int32Array<ArrayBuffer>;
  I64: BigInt64Array<ArrayBuffer>;
  U32: Uint32Array<ArrayBuffer>;
  U8: Uint8Array<ArrayBuffer>;
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

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A name from a file, cut so that it fits into a sentence. */
function quote(name: string): string {
  return `“${name.length > 80 ? `${name.slice(0, 80)}…` : name}”`;
}

/** Keys of all objects in a valid JSON text. JSON.parse keeps the last of two equal ones without a word. */
function countKeys(json: string): number {
  let keys = 0;
  for (let i = json.indexOf('"'); i !== -1; i = json.indexOf('"', i)) {
    for (i++; json[i] !== '"'; i++) if (json[i] === '\\') i++;
    for (i++; /\s/.test(json[i] ?? ''); ) i++;
    if (json[i] === ':') keys++;
  }
  return keys;
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let json: string;
  let header: unknown;
  try {
    json = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(json);
  } catch {
    refuse('its header is not JSON');
  }
  if (!isObject(header)) refuse('its header is no object');
  const keys = Object.values(header).reduce((sum: number, entry) => sum + (isObject(entry) ? count(entry) : 0), 0);
  if (countKeys(json) !== keys + count(header)) refuse('its header names something twice, or holds what it should not');
  return header;
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

/** NaN and infinity come from a run that diverged, or from a file that wants to harm. */
function allFinite({ dtype, data }: SafeTensor): boolean {
  if (dtype !== 'F32' && dtype !== 'F64') return true;
  for (const value of data) if (!Number.isFinite(value)) return false;
  return true;
}

/**
 * Reads a file that may be hostile. Tensors are views of `bytes` where the alignment allows it, copies elsewhere.
 *
 * Throws `bad-safetensors`, naming the fault: also for a dtype other than the six above, and for NaN or infinity.
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
