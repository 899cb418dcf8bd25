import { InklingError } from '../gpu/errors.ts';
import type { GPTConfig, TrainingConfig } from '../model/config.ts';
import { changeVocabulary } from '../model/vocabulary.ts';
import { adaptCorpus, listCharacters, type UnknownChoice, unknownCharacters } from '../text/adapt.ts';
import type { Corpus } from '../text/corpus.ts';
import { CharacterTokenizer } from '../text/tokenizer.ts';
import { freshState, type TrainingState, weightsOf } from '../training/state.ts';
import type { StartDescription } from './messages.ts';
import { unreadable } from './texts.ts';

/** Weights to start a run from. */
export interface StartModel {
  name: string;
  model: GPTConfig;
  tokenizer: CharacterTokenizer;
  parameters: Float32Array;
}

/** Reads a checkpoint's weights. Throws `unreadable-file`, `bad-safetensors` or `bad-checkpoint`. */
export async function readStartModel(name: string, file: Blob): Promise<StartModel> {
  const { readModelFile } = await import('../training/model-file.ts'); // with the tokenizers of other models
  const bytes = await file.arrayBuffer().catch(() => {
    throw unreadable(name);
  });
  try {
    const { model, vocabulary, tokenizer_json, text, state } = readModelFile(new Uint8Array(bytes));
    if (tokenizer_json !== undefined) {
      throw new InklingError(
        'bad-model',
        'Its tokens are more than a character each, which is for the command line only.',
        'Train further with: npm run -s train -- --init FILE --text FILE',
      );
    }
    const tokenizer = CharacterTokenizer.ofVocabulary(vocabulary, text.documents);
    return { name, model, tokenizer, parameters: weightsOf(state) };
  } catch (error) {
    if (error instanceof InklingError) throw new InklingError(error.code, `${name}: ${error.message}`, error.hint);
    throw error;
  }
}

export function describeStart(start: Omit<StartModel, 'parameters'>, text: Corpus | undefined): StartDescription {
  const unknown = text ? unknownCharacters(text, start.tokenizer) : [];
  const { name, model } = start;
  return { name, model, unknown: { count: unknown.length, listed: listCharacters(unknown) } };
}

/** The text in the model's ids, and the model as the state of a run that has made no step. */
export function startFrom<Text extends Corpus>(
  start: StartModel,
  text: Text,
  choice: UnknownChoice | null,
  training: TrainingConfig,
): { text: Text; state: TrainingState } {
  const hint = 'Choose under “Start from” whether they are added to the model or left out of the text.';
  const adapted = { ...text, ...adaptCorpus(text, start.tokenizer, choice ?? undefined, hint) };
  const { model, tokenizer, parameters } = start;
  const weights = changeVocabulary(
    model,
    parameters,
    tokenizer.vocabulary,
    adapted.tokenizer.vocabulary,
    training.seed,
  );
  return { text: adapted, state: freshState(training, weights) };
}
