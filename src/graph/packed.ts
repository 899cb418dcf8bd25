import { InklingError } from '../gpu/errors.ts';
import type { ParameterLayout } from './parameters.ts';
import type { Tensor } from './tensor.ts';

/** Bits of a packed number. */
export type Bits = 8 | 4;

/** What a packed matrix is read from. */
export interface PackedMatrix {
  readonly bits: Bits;
  /** (rows, words) of u32. */
  readonly words: Tensor;
  /** (rows) of f32: what the numbers of a row are multiplied by. */
  readonly scales: Tensor;
}

/** Where a tensor lies in the packed buffer. Offsets in bytes. */
export interface PackedSlot {
  readonly name: string;
  readonly shape: readonly number[];
  /** Of the words, or of the numbers of a tensor that is not packed. */
  readonly offset: number;
  /** Words of a row; 0 for a tensor that is not packed. */
  readonly words: number;
  /** Of a matrix: where its scales begin. */
  readonly scales: number;
}

// Every WebGPU device can bind a buffer from a multiple of 256 bytes on.
const aligned = (bytes: number) => Math.ceil(bytes / 256) * 256;

/**
 * The layout of a model whose matrices have 8 or 4 bits a number: for each its words, row by row, and a scale a row. Each
 * row begins with a new word. Vectors, which are norms and biases, stay as they are, in f32.
 */
export class PackedLayout {
  readonly bits: Bits;
  readonly slots: ReadonlyMap<string, PackedSlot>;
  /** Bytes of the whole buffer, with the gaps that bindings need. */
  readonly bytes: number;
  /** Bytes without the gaps: what a file holds. */
  readonly stored: number;

  constructor({ slots: parameters }: Pick<ParameterLayout, 'slots'>, bits: Bits) {
    const slots = new Map<string, PackedSlot>();
    let offset = 0;
    let stored = 0;
    const take = (bytes: number) => {
      const at = offset;
      offset += aligned(bytes);
      stored += bytes;
      return at;
    };
    for (const { name, shape, size } of parameters.values()) {
      if (shape.length === 2) {
        const [rows, width] = shape as [number, number];
        const words = Math.ceil((width * bits) / 32);
        slots.set(name, { name, shape, words, offset: take(4 * rows * words), scales: take(4 * rows) });
      } else {
        slots.set(name, { name, shape, words: 0, offset: take(4 * size), scales: 0 });
      }
    }
    this.bits = bits;
    this.slots = slots;
    this.bytes = Math.max(offset, 256);
    this.stored = stored;
  }

  slot(name: string): PackedSlot {
    const slot = this.slots.get(name);
    if (!slot) {
      throw new InklingError('internal', `The packed layout has no parameter “${name}”.`);
    }
    return slot;
  }
}
