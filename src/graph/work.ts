import { type Dispatch, partsOf } from './graph.ts';
import type { Tensor } from './tensor.ts';

/** Floating-point operations and bytes: what has to be computed and moved, however it is done. */
export interface Work {
  readonly flops: number;
  readonly bytes: number;
}

/** Bytes of the tensors that a dispatch binds and that count, each once, whether it is read, written or both. */
export function bytesOf({ bindings }: Dispatch, counts: (tensor: Tensor) => boolean = () => true): number {
  let bytes = 0;
  for (const tensor of new Set<Tensor>(Object.values(bindings))) {
    bytes += counts(tensor) ? tensor.bytes : 0;
  }
  return bytes;
}

/** Multiplications and additions of a causal product over heads: `products` of T (T + 1) / 2 rows of HS channels. */
function causalFlops(constants: Dispatch['kernel']['constants'], products: number): number {
  const { B, T, C } = constants as Record<string, number>;
  return products * B! * C! * T! * (T! + 1);
}

/** Operations of a dispatch. Only products count as arithmetic: all else is bound by memory. */
export function flopsOf(dispatch: Dispatch): number {
  return partsOf(dispatch).reduce((sum, part) => sum + flopsOfPart(part), 0);
}

/**
 * Multiplications and additions of `numbers` results, each a sum over the shorter side of a matrix: they all have one, the width.
 * Of a symmetric result half is enough.
 */
function muonFlops({ kernel: { constants } }: Dispatch, numbers: number, grams: number): number {
  return 2 * numbers * Math.sqrt(grams / Number(constants.MATRICES));
}

function flopsOfPart(part: Dispatch): number {
  const { kernel, bindings } = part;
  const { entry, constants } = kernel;
  switch (entry) {
    case 'matmul':
      return 2 * Number(constants.M) * Number(constants.N) * Number(constants.K);
    case 'muon_gram':
      return muonFlops(part, bindings.a!.size, bindings.out!.size) / 2;
    case 'muon_polynomial':
      return muonFlops(part, bindings.out!.size, bindings.out!.size) / 2;
    case 'muon_apply':
      return muonFlops(part, bindings.out!.size, bindings.a!.size);
    case 'attention': // q k, p v
      return causalFlops(constants, 2);
    case 'attention_backward_q': // q k again, dout v, ds k
      return causalFlops(constants, 3);
    case 'attention_backward_kv': // q k again, dout v, ds q, p dout
      return causalFlops(constants, 4);
    case 'attention_backward': // both, and q k and dout v in each
      return causalFlops(constants, 7);
    default:
      return 0;
  }
}
