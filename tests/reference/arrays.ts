/** Numbers that a reference reads: Float32Array from the GPU, Float64Array from another reference, or a plain list. */
export type Numbers = ArrayLike<number>;

/** A seeded stream of numbers (Marsaglia's xorshift of 32 bits): the same on every machine. */
export class Random {
  #state: number;

  constructor(seed: number) {
    // A multiplication spreads small seeds over all bits; zero is the one state that xorshift never leaves.
    this.#state = Math.imul(seed + 1, 0x9e3779b1) >>> 0 || 1;
    for (let i = 0; i < 8; i++) this.uniform();
  }

  /** In [0, 1). */
  uniform(): number {
    let s = this.#state;
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    this.#state = s >>> 0;
    return this.#state / 2 ** 32;
  }

  /** A whole number in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.uniform() * bound);
  }

  /** N(0, 1), by Box and Muller. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** `length` values of N(mean, scale), rounded to f32 so that the GPU and the reference start from the same numbers. */
  normals(length: number, scale = 1, mean = 0): Float32Array<ArrayBuffer> {
    return Float32Array.from({ length }, () => mean + scale * this.normal());
  }

  /** `length` whole numbers in [0, bound). */
  tokens(length: number, bound: number): Uint32Array<ArrayBuffer> {
    return Uint32Array.from({ length }, () => this.below(bound));
  }
}

export function sum(a: Numbers): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]!;
  return total;
}

export function dot(a: Numbers, b: Numbers): number {
  if (a.length !== b.length) throw new RangeError(`dot of ${a.length} and ${b.length} numbers`);
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}

export function add(a: Numbers, b: Numbers): Float64Array {
  if (a.length !== b.length) throw new RangeError(`sum of ${a.length} and ${b.length} numbers`);
  return Float64Array.from({ length: a.length }, (_, i) => a[i]! + b[i]!);
}

/** ‖actual − expected‖ / ‖expected‖, or ‖actual‖ where nothing is expected. Infinite for a non-finite value. */
export function relativeError(actual: Numbers, expected: Numbers): number {
  if (actual.length !== expected.length) {
    throw new RangeError(`${actual.length} numbers where ${expected.length} are expected`);
  }
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    if (!Number.isFinite(actual[i]!) || !Number.isFinite(expected[i]!)) return Number.POSITIVE_INFINITY;
    difference += (actual[i]! - expected[i]!) ** 2;
    norm += expected[i]! ** 2;
  }
  return Math.sqrt(norm === 0 ? difference : difference / norm);
}
