import type { ParameterLayout } from './parameters.ts';

/** Numbers that are moved together: tensors begin at multiples of 256 bytes, which are so many numbers of f32. */
const BLOCK = 64;
/** Every WebGPU device can bind a buffer from a multiple of 256 bytes on: of f16, two blocks. */
const BLOCKS_ALIGNED = 2;

/** The copy of the matrices in f16: closer together than the f32 weights, so that each can still be bound by offset. */
export interface HalfLayout {
  /** In bytes, by the matrix's name. */
  readonly offsets: ReadonlyMap<string, number>;
  /** Bytes of the copy. */
  readonly bytes: number;
  /** Where each block of 64 numbers of the decayed part of the parameters goes, in such blocks. */
  readonly places: Uint32Array<ArrayBuffer>;
}

const known = new WeakMap<ParameterLayout, HalfLayout>();

/** Where the copy has the tensors that weight decay applies to, which are the matrices. */
export function halfLayout(layout: ParameterLayout): HalfLayout {
  const found = known.get(layout) ?? makeLayout(layout);
  known.set(layout, found);
  return found;
}

function makeLayout(layout: ParameterLayout): HalfLayout {
  const offsets = new Map<string, number>();
  const places = new Uint32Array(layout.decayed / BLOCK);
  let next = 0;
  for (const { name, decay, offset, size } of layout.slots.values()) {
    if (!decay) continue;
    const first = offset / 4 / BLOCK;
    const blocks = Math.ceil(size / BLOCK);
    offsets.set(name, 2 * BLOCK * next);
    for (let block = 0; block < blocks; block++) places[first + block] = next + block;
    next += Math.ceil(blocks / BLOCKS_ALIGNED) * BLOCKS_ALIGNED;
  }
  return { offsets, bytes: 2 * BLOCK * Math.max(next, BLOCKS_ALIGNED), places };
}
