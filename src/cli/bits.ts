import type { GPTConfig } from '../model/config.ts';
import { layoutOf } from '../model/parameters.ts';
import { type Weights, weightsIn } from '../model/quantization.ts';
import { UsageError } from './arguments.ts';

/** Checks `--bits`, which packs the matrices of a model. Throws `UsageError`. */
export function bitsOf(command: string, bits: number | undefined): 8 | 4 | undefined {
  if (bits === undefined || bits === 8 || bits === 4) return bits;
  throw new UsageError(
    `${command}: --bits takes 8 or 4, not ${bits}.`,
    'Leave it out for the weights as they were trained.',
  );
}

/** Weights with so many bits a number, or as they are. */
export function inBits(model: GPTConfig, weights: Float32Array<ArrayBuffer>, bits: 8 | 4 | undefined): Weights {
  return weightsIn(layoutOf(model), weights, bits ?? 32);
}
