import { crc32 as zlibs } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc32 } from '../../src/formats/crc32.ts';
import { checksum, readSafetensors, type SafeTensor, toF32, writeSafetensors } from '../../src/formats/safetensors.ts';

const finite = { noNaN: true, noDefaultInfinity: true };
const numbers: { [D in SafeTensor['dtype']]: (length: number) => fc.Arbitrary<SafeTensor['data']> } = {
  F32: (length) => fc.float32Array({ minLength: length, maxLength: length, ...finite }),
  F64: (length) => fc.float64Array({ minLength: length, maxLength: length, ...finite }),
  I32: (length) => fc.int32Array({ minLength: length, maxLength: length }),
  I64: (length) => fc.bigInt64Array({ minLength: length, maxLength: length }),
  U32: (length) => fc.uint32Array({ minLength: length, maxLength: length }),
  U8: (length) => fc.uint8Array({ minLength: length, maxLength: length }),
  BOOL: (length) => fc.uint8Array({ minLength: length, maxLength: length, max: 1 }),
  F16: (length) => halves(length, 0x7c00),
  BF16: (length) => halves(length, 0x7f80),
};

/** Bits of numbers of 16 bits, finite ones: not all of the exponent is set. */
function halves(length: number, exponent: number) {
  const lowest = exponent & -exponent;
  const bits = fc.uint16Array({ minLength: length, maxLength: length });
  return bits.map((values) => values.map((value) => ((value & exponent) === exponent ? value & ~lowest : value)));
}

const anyTensor: fc.Arbitrary<SafeTensor> = fc
  .tuple(
    fc.constantFrom(...(Object.keys(numbers) as SafeTensor['dtype'][])),
    fc.array(fc.nat({ max: 4 }), { maxLength: 3 }),
  )
  .chain(([dtype, shape]) => {
    const length = shape.reduce((product, size) => product * size, 1);
    return numbers[dtype](length).map((data) => ({ dtype, shape, data }) as SafeTensor);
  });

const anyName = fc
  .oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', 'constructor', '', '1', 'a"b\\', 'é😀'))
  .filter((name) => name !== '__metadata__');
const anyFile = fc.record({
  tensors: fc.array(fc.tuple(anyName, anyTensor), { maxLength: 6 }).map((list) => new Map(list)),
  metadata: fc.dictionary(anyName, fc.string({ unit: 'binary' }), { maxKeys: 4 }),
});

/** A file put together by hand: the header as text or as an object, then the data. */
function file(header: unknown, data: number[] | number = 0, length?: bigint): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = typeof data === 'number' ? new Uint8Array(data) : Uint8Array.from(data);
  const all = new Uint8Array(8 + json.length + bytes.length);
  new DataView(all.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  all.set(json, 8);
  all.set(bytes, 8 + json.length);
  return all;
}

const entry = (dtype: string, shape: unknown, data_offsets: unknown) => ({ dtype, shape, data_offsets });

function byName(tensors: ReadonlyMap<string, SafeTensor>) {
  return [...tensors].sort(([a], [b]) => (a < b ? -1 : 1));
}

describe('a written file', () => {
  test('reads back as it was', () => {
    fc.assert(
      fc.property(anyFile, ({ tensors, metadata }) => {
        const read = readSafetensors(writeSafetensors(tensors, metadata));
        expect(byName(read.tensors)).toEqual(byName(tensors));
        expect({ ...read.metadata }).toEqual({ ...metadata });
        expect(Object.getPrototypeOf(read.metadata)).toBeNull();
      }),
      { numRuns: 300 },
    );
  });

  test('has the published layout', () => {
    const bytes = writeSafetensors(
      new Map<string, SafeTensor>([
        ['a', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) }],
        ['b', { dtype: 'F32', shape: [1, 1], data: Float32Array.of(1) }],
      ]),
      { format: 'pt' },
    );
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    expect(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))).toEqual({
      __metadata__: { format: 'pt' },
      b: entry('F32', [1, 1], [0, 4]),
      a: entry('U8', [3], [4, 7]),
    });
    expect([...bytes.subarray(8 + length)]).toEqual([0, 0, 0x80, 0x3f, 1, 2, 3]);
  });

  test('reads without a copy where it is aligned, and with one where it is not', () => {
    const bytes = writeSafetensors(new Map([['w', { dtype: 'F32', shape: [2], data: Float32Array.of(1.5, -2) }]]));
    expect(readSafetensors(bytes).tensors.get('w')!.data.buffer).toBe(bytes.buffer);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    const read = readSafetensors(shifted.subarray(1)).tensors.get('w')!;
    expect([...read.data]).toEqual([1.5, -2]);
    expect(read.data.buffer).not.toBe(shifted.buffer);
  });

  test('is widened exactly', () => {
    const half = { dtype: 'F16', shape: [7], data: Uint16Array.of(0x3c00, 0xc000, 1, 0x83ff, 0x7bff, 0x8000, 0x3555) };
    const values = [1, -2, 2 ** -24, -1023 * 2 ** -24, 65504, -0, 0.333251953125];
    expect([...toF32(half as SafeTensor)!]).toEqual(values);
    const brain = { dtype: 'BF16', shape: [4], data: Uint16Array.of(0x3f80, 0xc000, 0x0001, 0x7f7f) };
    expect([...toF32(brain as SafeTensor)!]).toEqual([1, -2, 2 ** -133, 255 * 2 ** 120]);
    expect(toF32({ dtype: 'I32', shape: [1], data: Int32Array.of(1) })).toBeUndefined();
  });

  test('has a checksum that notices each change', () => {
    const make = (value: number, name = 'w', shape = [2]) =>
      new Map<string, SafeTensor>([[name, { dtype: 'F32', shape, data: Float32Array.of(1, value) }]]);
    const all = [
      checksum(make(2), ['a', 'b']),
      checksum(make(2 + 2 ** -22), ['a', 'b']),
      checksum(make(2), ['ab']),
      checksum(make(2, 'v'), ['a', 'b']),
      checksum(make(2, 'w', [1, 2]), ['a', 'b']),
    ];
    expect(new Set(all).size).toBe(all.length);
    expect(checksum(make(2), ['a', 'b'])).toBe(all[0]);
    // the check value that the standard's publications give for these nine bytes
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  });

  test('the CRC is zlib’s, of bytes that begin anywhere and of two parts one after the other', () => {
    const bytes = fc.uint8Array({ minLength: 0, maxLength: 100 });
    fc.assert(
      fc.property(bytes, fc.nat(8), fc.nat(100), (all, from, at) => {
        const some = all.subarray(from);
        expect(crc32(some)).toBe(zlibs(some));
        expect(crc32(some.subarray(at), crc32(some.subarray(0, at)))).toBe(zlibs(some));
      }),
      { numRuns: 500 },
    );
  });

  test('never holds what could not be read again', () => {
    const write = (name: string, tensor: SafeTensor) => () => writeSafetensors(new Map([[name, tensor]]));
    const nan = { dtype: 'F32', shape: [2], data: Float32Array.of(1, Number.NaN) } as const;
    expect(write('w', nan)).toThrow(expect.objectContaining({ code: 'not-finite' }));
    expect(write('w', { dtype: 'F32', shape: [3], data: new Float32Array(2) })).toThrow(RangeError);
    expect(write('__metadata__', { dtype: 'U8', shape: [0], data: new Uint8Array(0) })).toThrow(RangeError);
  });
});

describe('a hostile file', () => {
  const one = entry('F32', [1], [0, 4]);
  test.each([
    ['shorter than a header', new Uint8Array(7)],
    ['longer than the file', file({}, 0, 3n)],
    ['longer than the file', file({}, 0, 0xffff_ffff_ffff_ffffn)],
    ['not JSON', file('{"a":')],
    ['not JSON', file('')],
    ['not JSON', file('[['.repeat(100_000))],
    ['no object', file('[]')],
    ['no object', file('null')],
    ['something twice', file('{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{}}')],
    ['something twice', file('{"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}')],
    ['something twice', file('{"__metadata__":{"k\\"" : "x","k\\u0022":"y"}}')],
    ['metadata is no object', file({ __metadata__: 'x' })],
    ['metadata “k” is no string', file({ __metadata__: { k: 1 } })],
    ['is not described', file({ a: 1 })],
    ['is not described', file({ a: { ...one, more: 1 } }, 4)],
    ['has no dtype', file({ a: { kind: 'F32', shape: [1], data_offsets: [0, 4] } }, 4)],
    ['the dtype “F8_E4M3”', file({ a: entry('F8_E4M3', [4], [0, 4]) }, 4)],
    ['the dtype “toString”', file({ a: entry('toString', [2], [0, 4]) }, 4)],
    ['no sound shape', file({ a: entry('F32', [-1], [0, 4]) }, 4)],
    ['no sound shape', file({ a: entry('F32', [0.5], [0, 2]) }, 2)],
    ['no sound shape', file({ a: entry('F32', 1, [0, 4]) }, 4)],
    ['no sound offsets', file({ a: entry('F32', [1], [0]) }, 4)],
    ['no sound offsets', file({ a: entry('F32', [1], [-4, 0]) }, 4)],
    ['does not fit its offsets', file({ a: entry('F32', [2], [0, 4]) }, 4)],
    ['does not fit its offsets', file({ a: entry('F32', [1], [4, 0]) }, 4)],
    ['does not fit its offsets', file({ a: entry('U8', [2 ** 32, 2 ** 32], [0, 0]) })],
    ['does not begin where', file({ a: entry('U8', [1], [1, 2]) }, 2)],
    ['does not begin where', file({ a: one, b: one }, 4)],
    ['does not begin where', file({ a: one, b: entry('F32', [1], [8, 12]) }, 12)],
    ['ends before its data', file({ a: one }, 3)],
    ['goes on after its data', file({ a: one }, 5)],
    ['goes on after its data', file({}, 1)],
    ['not finite', file({ a: one }, [0, 0, 0xc0, 0x7f])],
    ['not finite', file({ a: one }, [0, 0, 0x80, 0xff])],
    ['not finite', file({ a: entry('F16', [1], [0, 2]) }, [0, 0x7c])],
    ['not finite', file({ a: entry('BF16', [1], [0, 2]) }, [0xc0, 0xff])],
  ])('is refused: %s', (fault, bytes) => {
    expect(() => readSafetensors(bytes)).toThrow(
      expect.objectContaining({ code: 'bad-safetensors', message: expect.stringContaining(fault) }),
    );
  });

  test('changes no prototype', () => {
    const { tensors, metadata } = readSafetensors(
      file('{"__metadata__":{"__proto__":"x"},"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1),
    );
    expect([...tensors.keys()]).toEqual(['__proto__']);
    expect(Object.keys(metadata)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>).dtype).toBeUndefined();
  });

  test('is refused in one sentence, or read into what can be written and read again', () => {
    const sound = writeSafetensors(
      new Map<string, SafeTensor>([
        ['wte.weight', { dtype: 'F32', shape: [5, 3], data: Float32Array.from({ length: 15 }, (_, i) => i / 7) }],
        ['losses', { dtype: 'F64', shape: [4], data: Float64Array.of(4.2, 3.1, 2.5, 2.2) }],
        ['ids', { dtype: 'I32', shape: [2, 1], data: Int32Array.of(-1, 7) }],
      ]),
      { vocab: '["a","b"]' },
    );
    const change = fc.tuple(fc.nat({ max: sound.length - 1 }), fc.nat({ max: 255 }));
    const cut = fc.oneof(fc.constant(sound.length), fc.nat({ max: sound.length }));
    let refused = 0;
    fc.assert(
      fc.property(fc.array(change, { maxLength: 4 }), cut, (changes, length) => {
        const bytes = sound.slice(0, length);
        for (const [at, value] of changes) if (at < length) bytes[at] = value;
        let read: ReturnType<typeof readSafetensors>;
        try {
          read = readSafetensors(bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad-safetensors', message: expect.stringMatching(/^[^\n]*\.$/) });
          refused++;
          return;
        }
        const again = readSafetensors(writeSafetensors(read.tensors, read.metadata));
        expect(byName(again.tensors)).toEqual(byName(read.tensors));
        expect(again.metadata).toEqual(read.metadata);
      }),
      { numRuns: 600 },
    );
    expect(refused).toBeGreaterThan(200);
  });
});
