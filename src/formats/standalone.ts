import { recordDecoder } from '../generation/recorded.ts';
import { layoutOf } from '../model/parameters.ts';
import { dataOf, packingOf, quantize } from '../model/quantization.ts';
import { joinWeights, type StandaloneModel } from '../standalone/model.ts';
import { toBase64 } from './base64.ts';
import { cannotExpress, type PortableModel } from './portable-model.ts';

/** What the page says of its model. */
export interface StandaloneFacts {
  text: string;
  steps: number;
  val_loss: number | null;
  prompt: string;
}

/**
 * A web page in one file that has the model in it, its matrices in `bits` bits a number, and writes with it wherever it is
 * opened. `template` is what `virtual:standalone-page` exports.
 *
 * Throws `not-expressible` for a model whose tokens are more than a character.
 */
export function encodeStandalone(
  template: string,
  model: PortableModel,
  bits: StandaloneModel['bits'],
  facts: StandaloneFacts,
): Uint8Array<ArrayBuffer> {
  if (model.tokenizer_json !== undefined) {
    cannotExpress('A page in one file', 'its tokens are more than a character', 'Export it as huggingface instead.');
  }
  const config = model.model;
  const weights = bits === 32 ? model.parameters : quantize(layoutOf(config), model.parameters, bits);
  const whole: StandaloneModel = {
    config,
    vocabulary: model.vocabulary,
    documents: model.documents === true,
    bits,
    decoder: recordDecoder(config, packingOf(weights)),
    ...facts,
    weights: toBase64(joinWeights(config, bits, dataOf(weights))),
  };
  const json = JSON.stringify(whole).replaceAll('<', '\\u003c');
  return new TextEncoder().encode(template.replace('%MODEL%', () => json));
}
