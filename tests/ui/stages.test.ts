import { describe, expect, it } from 'vitest';
import { lossMarks, stageOf } from '../../src/ui/stages.ts';
import { MARK_LABELS, stageSentence } from '../../src/ui/strings.ts';
import type { Sample } from '../../src/worker/messages.ts';

const STATISTICS = { unigram: 3.1, bigram: 2.4, wordy: true, lineLength: 40 };
const sample = (words: number, known: number, lineBreaks: number): Sample => ({
  step: 1,
  text: '',
  counted: { words, known, characters: 160, lineBreaks },
});
const at = (loss: number, samples: Sample[] = [], statistics = STATISTICS) => stageOf(loss, statistics, samples);

describe('the stage of a model', () => {
  it('is read off the loss: against letter frequencies, then against pairs of letters', () => {
    expect([4.4, 3.1, 3.0, 2.4, 2.3].map((loss) => at(loss).name)).toEqual([
      ...['nothing', 'nothing', 'letters', 'letters', 'pairs'],
    ]);
  });

  it('is that of words when half of those in the last samples stand in the text, and not before the loss says so', () => {
    expect(at(2, [sample(20, 9, 0)])).toMatchObject({ name: 'pairs', words: 0.45 });
    expect(at(2, [sample(20, 10, 0)])).toMatchObject({ name: 'words', words: 0.5 });
    expect(at(2.5, [sample(20, 20, 0)]).name).toBe('letters');
    expect(at(2, [sample(9, 9, 0)])).toMatchObject({ name: 'pairs', words: null }); // too few to say
    // the last five count
    expect(at(2, [sample(20, 0, 0), ...Array.from({ length: 5 }, () => sample(4, 4, 0))]).words).toBe(1);
  });

  it('is that of lines when they are about as long as the text’s', () => {
    expect(at(2, [sample(20, 18, 4)])).toMatchObject({ name: 'lines', lineLength: 40 });
    for (const breaks of [0, 1, 9]) expect(at(2, [sample(20, 18, breaks)]).name).toBe('words');
  });

  it('leaves out what cannot be told for a text', () => {
    expect(at(2, [sample(20, 20, 4)], { ...STATISTICS, wordy: false })).toMatchObject({
      possible: ['nothing', 'letters', 'pairs', 'lines'],
      words: null,
    });
    expect(at(2, [], { ...STATISTICS, lineLength: 3000 }).possible).not.toContain('lines');
    expect(stageOf(2, null, []).name).toBeNull();
    expect(stageOf(null, STATISTICS, []).name).toBeNull();
    expect(stageOf(Number.NaN, STATISTICS, []).name).toBeNull();
  });
});

describe('its sentence', () => {
  const say = (loss: number, samples: Sample[] = []) => stageSentence(at(loss, samples), STATISTICS);

  it('names what was measured', () => {
    expect(say(4)).toContain('yet to learn how frequent each letter is: that alone would bring the loss to 3.10');
    expect(say(3)).toContain('not yet which letter follows which (2.40)');
    expect(say(2.3, [sample(20, 5, 0)])).toContain('2.40, and it does better. Of the words in its last samples, 25 %');
    expect(say(2, [sample(20, 15, 0)])).toBe(
      'It writes words. Of the words in its last samples, 75 % stand in the text.',
    );
    expect(say(2, [sample(20, 15, 4)])).toContain('40 characters on average, there 40');
  });

  it('says nothing before anything is known', () => {
    expect(stageSentence(stageOf(2, null, []), null)).toBe('');
  });
});

it('the losses of letters and pairs are named marks for a chart', () => {
  expect(lossMarks(STATISTICS).map(({ loss, stage }) => MARK_LABELS[stage](loss))).toEqual([
    'knows letter frequencies: 3.10',
    'knows which letter follows which: 2.40',
  ]);
  expect(lossMarks(null)).toEqual([]);
  expect(lossMarks({ ...STATISTICS, bigram: 0 })).toHaveLength(1); // each letter has one successor only
});
