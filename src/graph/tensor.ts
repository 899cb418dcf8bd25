import type { PackedMatrix } from './packed.ts';

/** Where a tensor's numbers live. */
export type Place =
  /** A buffer from the arena, shared with tensors that live at other times. */
  | { readonly kind: 'pooled' }
  /** A buffer of its own: what the caller writes or reads. */
  | { readonly kind: 'own' }
  /** Part of a named buffer that outlives the graph; `offset` in bytes, a multiple of 256. */
  | { readonly kind: 'region'; readonly buffer: string; readonly offset: number };

/** f16 only for what matrix products read: see `Graph.operand`. */
export type DType = 'f32' | 'f16' | 'u32';

/** A block of numbers in a graph. It has a shape and a place, and no data until the graph is compiled. */
export class Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly place: Place;
  /** Set on act(z) to act'(z): whoever computes d act(z) multiplies by it in the same kernel and so delivers dz. */
  slope: Tensor | undefined;
  /** Set on a matrix of packed numbers, which has no f32 anywhere: what a kernel reads instead of it. */
  packed: PackedMatrix | undefined;
  /** Set on what a kernel leaves for the next one only because of how work is shared out; see `Graph.parts`. */
  scratch = false;

  constructor(name: string, shape: readonly number[], dtype: DType, place: Place) {
    this.name = name;
    this.shape = shape;
    this.dtype = dtype;
    this.place = place;
  }

  /** Elements. */
  get size(): number {
    return this.shape.reduce((product, length) => product * length, 1);
  }

  get bytes(): number {
    return this.dtype === 'f16' ? 4 * Math.ceil(this.size / 2) : 4 * this.size; // WebGPU binds whole words
  }

  /** For messages: `name [2, 3]`. */
  toString(): string {
    return `${this.name} [${this.shape.join(', ')}]`;
  }
}
