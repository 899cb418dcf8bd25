/** What decides whether an element is kept: two numbers of the run and two of the place. */
export interface MaskPlace {
  seed: number;
  step: number;
  site: number;
  rate: number;
}

/** The output function of a permuted congruential generator (O'Neill, 2014) on 32 bits. */
function hash(input: number): number {
  const state = (Math.imul(input, 747796405) + 2891336453) >>> 0;
  const word = Math.imul((state >>> ((state >>> 28) + 4)) ^ state, 277803737) >>> 0;
  return ((word >>> 22) ^ word) >>> 0;
}

/** 0 where element `i` of `row` is dropped, otherwise 1 / (1 − rate). */
export function maskAt({ seed, step, site, rate }: MaskPlace, row: number, i: number): number {
  const key = hash(hash(hash((seed ^ 0x64726f70) >>> 0) ^ step) ^ site);
  return hash(hash(key ^ row) ^ i) >= Math.round(rate * 2 ** 32) ? 1 / (1 - rate) : 0;
}

/** The mask of `rows` rows of `width` elements. */
export function maskOf(place: MaskPlace, rows: number, width: number): Float64Array {
  return Float64Array.from({ length: rows * width }, (_, at) => maskAt(place, Math.floor(at / width), at % width));
}
