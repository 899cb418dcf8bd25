import { type Bits, PackedLayout } from '../graph/packed.ts';
import type { ParameterLayout } from '../graph/parameters.ts';

/** A model's weights with 8 or 4 bits a number in its matrices. */
export interface PackedWeights {
  readonly layout: PackedLayout;
  /** The buffer as a kernel reads it: words as they are, numbers of f32 by their bits. */
  readonly data: Uint32Array<ArrayBuffer>;
}

/** The largest whole number that is used: the range is symmetric, so that the most negative one is left out. */
export function mostOf(bits: Bits): number {
  return 2 ** (bits - 1) - 1;
}

const SMALLEST_NORMAL = 2 ** -126;

/**
 * The scale of a row, and its numbers as whole multiples of it: w ≈ scale * q. The largest number of the row gets the
 * largest q, and no other is off by more than half a scale. A row without any number that a GPU tells from zero has the
 * scale 0.
 */
export function quantizeRow(row: Float32Array, bits: Bits): { scale: number; q: Int8Array } {
  const most = mostOf(bits);
  let largest = 0;
  for (const w of row) largest = Math.max(largest, Math.abs(w));
  const scale = Math.fround(largest / most);
  const q = new Int8Array(row.length);
  if (scale < SMALLEST_NORMAL) return { scale: 0, q };
  for (let i = 0; i < row.length; i++) {
    // half away from zero, so that w and -w are treated alike
    const steps = Math.min(most, Math.round(Math.abs(row[i]!) / scale));
    q[i] = row[i]! < 0 ? -steps : steps;
  }
  return { scale, q };
}

/**
 * Packs all matrices of a model, row by row, with a scale of its own for each row (of [out, in], and of the embeddings by
 * token and by position); norms and biases stay f32. `weights` is the flat buffer that `layout` describes.
 */
export function quantize(layout: ParameterLayout, weights: Float32Array, bits: Bits): PackedWeights {
  const packed = new PackedLayout(layout, bits);
  const data = new Uint32Array(packed.bytes / 4);
  const numbers = new Float32Array(data.buffer);
  const perWord = 32 / bits;
  for (const { name, shape, offset, words, scales } of packed.slots.values()) {
    const from = layout.slot(name).offset / 4;
    if (words === 0) {
      numbers.set(weights.subarray(from, from + shape[0]!), offset / 4);
      continue;
    }
    const [rows, width] = shape as [number, number];
    for (let row = 0; row < rows; row++) {
      const { scale, q } = quantizeRow(weights.subarray(from + row * width, from + (row + 1) * width), bits);
      numbers[scales / 4 + row] = scale;
      for (let i = 0; i < width; i++) {
        const at = offset / 4 + row * words + Math.floor(i / perWord);
        data[at] = data[at]! | ((q[i]! & (2 ** bits - 1)) << (bits * (i % perWord)));
      }
    }
  }
  return { layout: packed, data };
}

/** What packed weights stand for, as the flat buffer that `layout` describes. */
export function dequantize(
  layout: ParameterLayout,
  { layout: packed, data }: PackedWeights,
): Float32Array<ArrayBuffer> {
  const weights = new Float32Array(layout.bytes / 4);
  const numbers = new Float32Array(data.buffer, data.byteOffset, data.length);
  const { bits } = packed;
  for (const { name, shape, offset, words, scales } of packed.slots.values()) {
    const from = layout.slot(name).offset / 4;
    if (words === 0) {
      weights.set(numbers.subarray(offset / 4, offset / 4 + shape[0]!), from);
      continue;
    }
    const [rows, width] = shape as [number, number];
    for (let row = 0; row < rows; row++) {
      const scale = numbers[scales / 4 + row]!;
      for (let i = 0; i < width; i++) {
        const bit = bits * i;
        const word = data[offset / 4 + row * words + Math.floor(bit / 32)]!;
        weights[from + row * width + i] = scale * ((word << (32 - bits - (bit % 32))) >> (32 - bits));
      }
    }
  }
  return weights;
}

/** Weights as a model can be run with: the flat buffer of its layout, or packed. */
export type Weights = Float32Array<ArrayBuffer> | PackedWeights;

/** Weights with so many bits a number in the matrices; 32 as they are. `weights` is the flat buffer that `layout` describes. */
export function weightsIn(layout: ParameterLayout, weights: Float32Array<ArrayBuffer>, bits: 32 | Bits): Weights {
  return bits === 32 ? weights : quantize(layout, weights, bits);
}

/** How weights lie in their buffer, where they are packed. */
export function packingOf(weights: Weights): PackedLayout | undefined {
  return weights instanceof Float32Array ? undefined : weights.layout;
}

/** What their buffer holds. */
export function dataOf(weights: Weights): Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> {
  return weights instanceof Float32Array ? weights : weights.data;
}
