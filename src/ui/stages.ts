import type { Sample, TextStatistics } from '../worker/messages.ts';

/** What a model has come to know, in the order in which it does. */
export const STAGES = ['nothing', 'letters', 'pairs', 'words', 'lines'] as const;
export type StageName = (typeof STAGES)[number];

/** Samples that are looked at, the newest. */
const LAST = 5;
/** Words that must have been written before they say anything. */
const LEAST_WORDS = 10;
/** The share of words from which on the model is taken to know words: noise has far fewer. */
const WORDS = 0.5;
/** Longer lines do not fit into a sample. */
const LONGEST_LINE = 100;
/** How far the length of written lines may be from that of the text's, in either direction. */
const ALIKE = 1.5;

/** How far a model has come, by what has been measured. */
export interface Stage {
  /** Null while it is not known what its text's characters are worth. */
  name: StageName | null;
  /** Which of them can be told for this text. */
  possible: readonly StageName[];
  /** The share of the last samples' words that stand in the text, or null where that says nothing. */
  words: number | null;
  /** Characters of a line in the last samples, or null where that says nothing. */
  lineLength: number | null;
}

/**
 * The stage of a model whose loss is `loss` nats a character (null: not known yet). It knows how frequent letters are when
 * its loss is lower than that knowledge alone would give, and which one follows which likewise; words and lines it knows
 * when those of its own samples are like the text's.
 */
export function stageOf(loss: number | null, statistics: TextStatistics | null, samples: readonly Sample[]): Stage {
  const none: Stage = { name: null, possible: [], words: null, lineLength: null };
  if (loss === null || !Number.isFinite(loss) || statistics === null) return none;
  const { unigram, bigram, wordy, lineLength } = statistics;
  const lined = lineLength !== null && lineLength <= LONGEST_LINE;
  const possible = STAGES.filter((name) => (name !== 'words' || wordy) && (name !== 'lines' || lined));
  const counted = samples.slice(-LAST).flatMap((sample) => sample.counted ?? []);
  const total = (of: keyof (typeof counted)[number]) => counted.reduce((sum, one) => sum + one[of], 0);
  const enough = wordy && total('words') >= LEAST_WORDS;
  const words = enough ? total('known') / total('words') : null;
  const written = lined && total('lineBreaks') > 0 ? total('characters') / total('lineBreaks') : null;
  const passed: Record<StageName, boolean> = {
    nothing: true,
    letters: loss < unigram,
    pairs: loss < bigram,
    words: words !== null && words >= WORDS,
    lines: written !== null && written < ALIKE * lineLength! && written > lineLength! / ALIKE,
  };
  const missed = possible.findIndex((name) => !passed[name]);
  const name = missed < 0 ? possible.at(-1)! : possible[missed - 1]!;
  return { name, possible, words, lineLength: name === 'lines' ? written : null };
}

/** A loss that stands for something that a model can know. */
export interface LossMark {
  loss: number;
  stage: 'letters' | 'pairs';
}

/** The losses of knowing how frequent letters are, and which one follows which: reference lines for a chart. */
export function lossMarks(statistics: TextStatistics | null): LossMark[] {
  if (statistics === null) return [];
  const marks: LossMark[] = [
    { loss: statistics.unigram, stage: 'letters' },
    { loss: statistics.bigram, stage: 'pairs' },
  ];
  return marks.filter(({ loss }) => loss > 0);
}
