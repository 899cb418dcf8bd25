import type { Device } from '../gpu/device.ts';
import type { Bits } from '../graph/packed.ts';
import type { GPTConfig } from '../model/config.ts';
import type { PackedWeights } from '../model/quantization.ts';
import type { Tokenizer } from '../text/byte-pair.ts';
import { LanguageModel } from './language-model.ts';

/**
 * A model whose matrices have 8 or 4 bits a number, with a scale a row; norms and biases are f32. It computes from these
 * bits directly. It can write and be evaluated, and neither be trained nor saved: keep the model that it was made from.
 */
export class QuantizedModel extends LanguageModel {
  readonly config: GPTConfig;
  readonly #weights: PackedWeights;

  /** Use `Model.quantize`. */
  constructor(device: Device, config: GPTConfig, tokenizer: Tokenizer, weights: PackedWeights) {
    super(device, tokenizer);
    this.config = config;
    this.#weights = weights;
  }

  /** Bits of a number in the matrices. */
  get bits(): Bits {
    return this.#weights.layout.bits;
  }

  /** Of all weights, scales included; in f32 they would be four times `parameters`. */
  get bytes(): number {
    return this.#weights.layout.stored;
  }

  protected get weights(): PackedWeights {
    return this.#weights;
  }
}
