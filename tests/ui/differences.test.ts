import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { preset, type RunConfig } from '../../src/model/config.ts';
import { type ComparedRun, comparedWith, differences } from '../../src/ui/differences.ts';
import { configOf, NOTHING_CHOSEN, type Settings, withChoice } from '../../src/ui/settings.ts';
import { DIFFERENCES } from '../../src/ui/strings.ts';
import type { RunSummary } from '../../src/worker/messages.ts';
import { configs } from './configurations.ts';

const of = (config: RunConfig, change: Partial<ComparedRun> = {}): ComparedRun => ({
  text: 'Moby-Dick',
  config,
  origin: { dataset: 'moby-dick', sha256: 'a', begun: 'seed', computed: null },
  ...change,
});
const tiny = preset('tiny');
const changed = (...choices: Parameters<typeof withChoice> extends [Settings, ...infer Rest] ? Rest[] : never) =>
  of(
    configOf(
      choices.reduce((settings, [key, value]) => withChoice(settings, key, value), NOTHING_CHOSEN),
      'tiny',
    ),
  );

describe('what a run has otherwise than the one before', () => {
  it.each([
    [changed(['n_embd', 64], ['learning_rate', 1e-3]), ['twice the width', 'learning rate 1e-3 instead of 5e-3']],
    [changed(['n_embd', 16]), ['half the width']],
    [changed(['n_embd', 48]), ['width 48 instead of 32']],
    [changed(['max_iters', 3000], ['seed', 7]), ['three times the steps', 'seed 7 instead of 1,337']],
    [changed(['optimizer', 'muon'], ['bias', false]), ['without biases', 'Muon instead of AdamW']],
    [changed(['dropout', 0.1]), ['dropout 0.1 instead of 0']],
    [of(preset('small')), ['Small instead of Tiny']],
    [of(tiny, { text: 'mine', origin: { ...of(tiny).origin, sha256: 'b' } }), ['on mine instead of Moby-Dick']],
    [of(tiny, { origin: { ...of(tiny).origin, begun: 'model' } }), ['from a trained model instead of a new one']],
    [of(tiny), []],
  ])('%#', (run, words) => {
    expect(differences(run, of(tiny))).toEqual(words);
  });

  it('is nothing if and only if the configurations are the same, and never unreadable', () => {
    fc.assert(
      fc.property(configs, configs, (a, b) => {
        expect(differences(of(a), of(a))).toEqual([]);
        const words = differences(of(a), of(b));
        const same = JSON.stringify(a) === JSON.stringify(b);
        expect(words.length === 0).toBe(same);
        expect(words.join()).not.toMatch(/undefined|NaN|null|\[object/);
      }),
      { numRuns: 30 },
    );
  });

  it('is told in a sentence of five, with how many more there are', () => {
    expect(DIFFERENCES.sentence('x', [])).toBe('The same as “x”');
    expect(DIFFERENCES.sentence('x', ['a', 'b'])).toBe('Against “x”: a, b');
    expect(DIFFERENCES.sentence('x', [...'abcdefg'])).toBe('Against “x”: a, b, c, d, e and 2 more');
  });
});

it('a run is compared with the one begun before it, a fork with what it was copied from', () => {
  const runs = [3, 2, 1].map((created) => ({ id: `${created}`, created, fork: null }) as RunSummary);
  expect(comparedWith(runs[0]!, runs)?.id).toBe('2');
  expect(comparedWith(runs[2]!, runs)).toBeNull();
  const fork = { ...runs[0]!, fork: { id: '1', name: 'x', step: 5 } };
  expect(comparedWith(fork, runs)?.id).toBe('1');
  expect(comparedWith({ ...fork, fork: { id: 'gone', name: 'x', step: 5 } }, runs)).toBeNull();
});
