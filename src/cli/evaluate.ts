import { adaptCorpus } from '../text/adapt.ts';
import { tokenizerOf } from '../text/byte-pair.ts';
import { CharacterTokenizer } from '../text/tokenizer.ts';
import { weightsOf } from '../training/state.ts';
import { textLoss } from '../training/text-loss.ts';
import { readFlags, UsageError } from './arguments.ts';
import { bitsOf, inBits } from './bits.ts';
import { openDeviceInNode } from './open.ts';
import { Output } from './output.ts';
import { loadCheckpoint } from './run-folder.ts';
import { readText } from './texts.ts';

const FLAGS = { model: 'text', text: 'text', bits: 'count', json: 'switch' } as const;

/** `evaluate`: how well a trained model predicts a text, character by character. */
export async function evaluate(argv: string[]): Promise<boolean> {
  const { flags } = readFlags('evaluate', argv, FLAGS, false);
  if (flags.model === undefined) {
    throw new UsageError('evaluate: --model is missing.', 'Name the folder that `train --out` has written.');
  }
  if (flags.text === undefined) {
    throw new UsageError('evaluate: --text is missing.', 'Name the file that the model should predict.');
  }
  const bits = bitsOf('evaluate', flags.bits);
  const output = new Output(flags.json === true);
  const { model, vocabulary, tokenizer_json, state } = await loadCheckpoint(flags.model, (line) => output.remark(line));
  const text = await readText(flags.text, output);
  const hint = 'Leave them out of the text, or train on a text that has them.';
  const ids =
    tokenizer_json === undefined
      ? adaptCorpus(text, CharacterTokenizer.ofVocabulary(vocabulary), undefined, hint).ids
      : tokenizerOf(vocabulary, tokenizer_json).encode(text.tokenizer.decode(text.ids));
  const device = await openDeviceInNode(output);
  const loss = await textLoss(device, model, inBits(model, weightsOf(state), bits), ids);
  const characters = text.ids.length;
  const bits_per_character = ((loss / Math.LN2) * (ids.length - 1)) / (characters - 1); // a token may be several
  const context = model.block_size;
  output.result(
    { loss, bits_per_character, characters, context },
    `${text.name}: ${loss.toFixed(4)} nats a ${tokenizer_json === undefined ? 'character' : 'token'}, ${bits_per_character.toFixed(4)} bits a character, over ${characters.toLocaleString('en-US')} characters in windows of ${context}.`,
  );
  device.gpu.destroy();
  return true;
}
