/** Where a tensor's numbers live. */
export type Place =
  /** A buffer from the arena, shared with tensors that live at other times. */
  | { readonly kind: 'pooled' }
  /** A buffer of its own: what the caller writes or reads. */
  | { readonly kind: 'own' }
  /** Part of a named buffer that outlives the graph; `offset` in bytes, a multiple of 256. */
  | { readonly kind: 'region'; readonly buffer: string; readonly offset: number };

/** A block of 32-bit numbers in a graph. It has a shape and a place, and no data until the graph is compiled. */
export class Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: 'f32' | 'u32';
  readonly place: Place;
  /** Set on act(z) to act'(z): whoever computes d act(z) multiplies by it in the same kernel and so delivers dz. */
  slope: Tensor | undefined;

  constructor(name: string, shape: readonly number[], dtype: 'f32' | 'u32', place: Place) {
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
    return 4 * this.size;
  }

  /** For messages: `name [2, 3]`. */
  toString(): string {
    return `${this.name} [${this.shape.join(', ')}]`;
  }
}
