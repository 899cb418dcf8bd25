import packedSource from '../../../shaders/packed.wgsl?raw';
import tableSource from '../../../shaders/table_rows.wgsl?raw';
import type { Constant } from '../../gpu/kernel.ts';
import type { Tensor } from '../tensor.ts';

/** What a kernel has to be told of a matrix that may be packed. */
export interface MatrixReading {
  /** To be put in front of the kernel's source. */
  source: string;
  bindings: Record<string, Tensor>;
  constants: Record<string, Constant>;
}

/**
 * How a kernel reads `matrices`, by the names that it declares: each bound as it is, or as its words with `NAME_scale`. All
 * are packed alike or none is; PACKED says which.
 */
export function readMatrices(matrices: Readonly<Record<string, Tensor>>): MatrixReading {
  const first = Object.values(matrices)[0]!;
  if (!first.packed) {
    return { source: '', bindings: { ...matrices }, constants: { PACKED: false } };
  }
  const { bits, words } = first.packed;
  const bindings: Record<string, Tensor> = {};
  for (const [name, { packed }] of Object.entries(matrices)) {
    bindings[name] = packed!.words;
    bindings[`${name}_scale`] = packed!.scales;
  }
  const constants = { PACKED: true, BITS8: bits === 8, PER_WORD: 32 / bits, PARTS: 8 / bits, WORDS: words.shape[1]! };
  return { source: packedSource, bindings, constants };
}

/** `readMatrices` for the two embedding tables, wte (V, C) and wpe (T, C), which are gathered in pieces. */
export function readTables(wte: Tensor, wpe: Tensor): MatrixReading & { WIDTH: number } {
  const C = wte.shape[1]!;
  const VEC4 = C % 4 === 0;
  const WIDTH = VEC4 ? C / 4 : C;
  const { source, bindings, constants } = readMatrices({ wte, wpe });
  const PIECES_PER_WORD = Number(VEC4 ? constants.PARTS : constants.PER_WORD);
  const sizes: Record<string, Constant> = { ...constants, WIDTH, VEC4, ...(constants.PACKED && { PIECES_PER_WORD }) };
  return { source: source + tableSource, bindings, constants: sizes, WIDTH };
}
