import { InklingError } from '../gpu/errors.ts';
import type { GPTConfig } from '../model/config.ts';
import { layoutOf } from '../model/parameters.ts';

/** A trained model apart from any run: all that it takes to write with it, or to train it further. */
export interface PortableModel {
  model: GPTConfig;
  /** The token of each id; those of a byte-pair tokenizer as its file spells them. */
  vocabulary: readonly string[];
  /** The `tokenizer.json` of a tokenizer that is not one character a token. */
  tokenizer_json?: string | undefined;
  /** Whether it has learnt where documents end. */
  documents?: boolean | undefined;
  /** All tensors, in the layout of `layoutOf(model)`. */
  parameters: Float32Array<ArrayBuffer>;
}

/** A tensor by nanoGPT's name: a view, row-major. Undefined where the model has none. */
export function tensorOf({
  model,
  parameters,
}: PortableModel): (name: string) => Float32Array<ArrayBuffer> | undefined {
  const { slots } = layoutOf(model);
  return (name) => {
    const slot = slots.get(name);
    return slot && parameters.subarray(slot.offset / 4, slot.offset / 4 + slot.size);
  };
}

/** (rows, columns) → (columns, rows). */
export function transpose(matrix: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(matrix.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) out[c * rows + r] = matrix[r * columns + c]!;
  }
  return out;
}

/** How a format's refusal of a model reads: which option is in the way, and what to do. */
export function cannotExpress(format: string, option: string, hint: string): never {
  throw new InklingError('not-expressible', `${format} has no way to say that ${option}.`, hint);
}

const HALF_PAIR = /\p{Cs}/u;

/** Refuses a vocabulary that a text file cannot hold. Throws `not-expressible`. */
export function requireWholeCharacters(format: string, { vocabulary }: PortableModel): void {
  if (vocabulary.some((token) => HALF_PAIR.test(token))) {
    cannotExpress(
      format,
      'one of the characters is half of a pair',
      'Train on a text that is valid Unicode: a file is, and a pasted text may not be.',
    );
  }
}
