import { describe, expect, test } from 'vitest';
import { bindingsOf, float, type Kernel, SIZES, sizesOf, specialise } from '../../src/gpu/kernel.ts';
import { fold, MAX_WORKGROUPS } from '../../src/gpu/recording.ts';

const kernel = (source: string, constants: Record<string, boolean | number | string>) =>
  specialise({ source, entry: 'main', constants });

test('sizes that are told as a kernel runs are no part of its code', () => {
  const source =
    'fn other() {\n}\n@compute @workgroup_size(T)\nfn main(@builtin(local_invocation_index) i: u32) {\n  let n = N;\n}';
  const told = (N: number, K: number): Kernel => ({
    source,
    entry: 'main',
    constants: { N, T: 4, K, ON: true },
    sizes: ['N', 'K'],
  });
  const code = specialise(told(3, 5));
  expect(specialise(told(7, 9))).toBe(code);
  expect(code).not.toContain('const N');
  expect(code).toContain('const T: u32 = 4u;');
  expect(code).toMatch(/fn main\(@builtin\(local_invocation_index\) i: u32\) {\s*read_sizes\(\);\s*let n = N;/);
  expect(bindingsOf(code).get(SIZES)).toEqual({ binding: 15, type: 'uniform' });
  expect(sizesOf(told(3, 5))).toEqual(Uint32Array.of(3, 5, 0, 0));
  expect(sizesOf({ ...told(3, 5), sizes: [] })).toBeUndefined();
});

describe('specialise', () => {
  const source = [
    'a',
    '//#if ONE',
    'b',
    '  //#if !TWO',
    'c',
    '  //#else',
    'd',
    '  //#endif',
    '//#else',
    'e',
    '//#endif',
    'f',
  ];

  test.each([
    [{ ONE: true, TWO: true }, 'abdf'],
    [{ ONE: true, TWO: false }, 'abcf'],
    [{ ONE: false, TWO: true }, 'aef'],
    [{ ONE: false, TWO: false }, 'aef'],
  ])('keeps what %o selects', (constants, kept) => {
    const lines = kernel(source.join('\n'), constants).split('\n');
    expect(lines.filter((line) => !line.startsWith('const')).join('')).toBe(kept);
  });

  test('writes constants of each kind', () => {
    const lines = kernel('', { N: 3, ON: true, X: float(0.1) }).split('\n');
    expect(lines).toEqual(['const N: u32 = 3u;', 'const ON: bool = true;', 'const X = f32(0.1);', '']);
  });

  test('refuses a condition that has no constant', () => {
    expect(() => kernel('//#if MISSING\n//#endif', {})).toThrow(/MISSING/);
  });
});

test.each([
  [1, 'f32(1.0)'],
  [0, 'f32(0.0)'],
  [1e-8, 'f32(1e-8)'],
  [-0.25, 'f32(-0.25)'],
  [0.30000000000000004, 'f32(0.30000000000000004)'],
])('%f is written as %s', (value, text) => {
  expect(float(value)).toBe(text);
});

test('bindingsOf reads number, name and kind', () => {
  const source = [
    '@group(0) @binding(0) var<storage, read> a: array<f32>;',
    '@group(0) @binding(3) var<storage, read_write> b: array<vec4f>;  // (N)',
    '@group(0) @binding(4) var<storage> c: array<u32>;',
    '@group(0) @binding(5) var<uniform> d: Options;',
    'var<workgroup> scratch: array<f32, 64>;',
  ].join('\n');
  expect([...bindingsOf(source)]).toEqual([
    ['a', { binding: 0, type: 'read-only-storage' }],
    ['b', { binding: 3, type: 'storage' }],
    ['c', { binding: 4, type: 'read-only-storage' }],
    ['d', { binding: 5, type: 'uniform' }],
  ]);
});

test.each([1, 64, MAX_WORKGROUPS, MAX_WORKGROUPS + 1, 1_000_003, MAX_WORKGROUPS ** 2])(
  '%i workgroups fold',
  (count) => {
    const [x, y, z] = fold(count);
    expect(Math.max(x, y)).toBeLessThanOrEqual(MAX_WORKGROUPS);
    expect(x * y * z).toBeGreaterThanOrEqual(count);
    expect(x * y - count).toBeLessThan(Math.max(y, 1));
  },
);

test('more workgroups than two dimensions hold are refused', () => {
  expect(() => fold(MAX_WORKGROUPS ** 2 + 1)).toThrow(/more than one dispatch/);
});

describe('repeat', () => {
  const source = [
    'a',
    '//#repeat i N',
    'b',
    '//#if ON',
    '//#repeat j M',
    'c',
    '//#endrepeat',
    '//#endif',
    '//#endrepeat',
    'd',
  ];
  const body = (constants: Record<string, boolean | number>) =>
    kernel(source.join('\n'), constants)
      .split('\n')
      .filter((line) => !/^const [A-Z]/.test(line))
      .join(' ');

  test('writes its lines once for each index, inner ones within', () => {
    const inner = '{ const j = 0u; c } { const j = 1u; c } { const j = 2u; c }';
    expect(body({ N: 2, M: 3, ON: true })).toBe(`a { const i = 0u; b ${inner} } { const i = 1u; b ${inner} } d`);
    expect(body({ N: 1, M: 3, ON: false })).toBe('a { const i = 0u; b } d');
    expect(body({ N: 0, M: 3, ON: true })).toBe('a d');
  });

  test('makes a loop of many copies', () => {
    const lines = body({ N: 1, M: 9, ON: true });
    expect(lines).toBe('a { const i = 0u; b for (var j = 0u; j < 9u; j++) { c } } d');
  });

  test('refuses a count that is no number', () => {
    expect(() => body({ N: 2, ON: true })).toThrow(/#repeat needs a number, or a constant that is one: M/);
  });
});
