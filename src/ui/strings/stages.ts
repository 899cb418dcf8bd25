import { loss } from '../format.ts';
import type { Stage, StageName } from '../stages.ts';

export const STAGE_NAMES: Record<StageName, string> = {
  nothing: 'noise',
  letters: 'letters',
  pairs: 'pairs of letters',
  words: 'words',
  lines: 'lines',
};

export const STAGES_LABEL = 'What it has learnt so far';
export const STAGE_REACHED = 'now';

/** Names of the reference lines of a loss chart. */
export const MARK_LABELS = {
  letters: (value: number) => `knows letter frequencies: ${loss(value, 2)}`,
  pairs: (value: number) => `knows which letter follows which: ${loss(value, 2)}`,
};

const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** What a model has come to know, in a sentence or two, by what has been measured. Empty while nothing has. */
export function stageSentence(
  { name, words, lineLength }: Stage,
  statistics: { unigram: number; bigram: number; lineLength: number | null } | null,
): string {
  if (name === null || statistics === null) return '';
  const share = words === null ? '' : ` Of the words in its last samples, ${percent(words)} stand in the text.`;
  const { unigram, bigram } = statistics;
  switch (name) {
    case 'nothing':
      return `It has yet to learn how frequent each letter is: that alone would bring the loss to ${loss(unigram, 2)}.`;
    case 'letters':
      return `It knows how frequent each letter is (which alone gives ${loss(unigram, 2)}), but not yet which letter follows which (${loss(bigram, 2)}).${share}`;
    case 'pairs':
      return `It knows which letter follows which: counting pairs of letters gives ${loss(bigram, 2)}, and it does better.${share}`;
    case 'words':
      return `It writes words.${share}`;
    case 'lines':
      return `Its lines, too, are like the text’s: ${Math.round(lineLength!)} characters on average, there ${Math.round(statistics.lineLength!)}.${share}`;
    default:
      return name satisfies never;
  }
}
