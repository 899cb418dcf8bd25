import type { TokenIds } from '../text/corpus.ts';
import { TextMeasure } from '../text/statistics.ts';
import type { RunText } from './live-run.ts';

const measures = new WeakMap<TokenIds, Promise<TextMeasure>>();

/** Counts in a text, once. */
export function measureOf({ ids, tokenizer }: Pick<RunText, 'ids' | 'tokenizer'>): Promise<TextMeasure> {
  let measure = measures.get(ids);
  if (!measure) {
    measure = TextMeasure.of(ids, tokenizer);
    measures.set(ids, measure);
  }
  return measure;
}
