import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configFaults, PRESET_NAMES, preset, withOptimizer } from '../../src/model/config.ts';
import {
  ADVANCED_FIELDS,
  ADVANCED_KEYS,
  chosenOf,
  MODEL_FIELDS,
  MORE_MODEL_FIELDS,
  TRAINING_FIELDS,
} from '../../src/ui/options.ts';
import {
  choicesIn,
  configOf,
  NOTHING_CHOSEN,
  settingsFrom,
  settingsOf,
  withChoice,
  withSuggested,
} from '../../src/ui/settings.ts';
import { OPTIONS } from '../../src/ui/strings.ts';
import { configs } from './configurations.ts';

describe('choices', () => {
  it('make every configuration again, by the fewest of them and from every preset', () => {
    fc.assert(
      fc.property(configs, (config) => {
        const settings = settingsOf(config);
        expect(configOf(settings, 'tiny')).toEqual(config);
        for (const name of PRESET_NAMES) {
          const way = settingsFrom(config, name);
          expect(configOf(way, 'small')).toEqual(config);
          expect(choicesIn(way).length).toBeGreaterThanOrEqual(choicesIn(settings).length);
        }
      }),
    );
  });

  it('of a preset are none', () => {
    for (const name of PRESET_NAMES) expect(settingsOf(preset(name))).toEqual({ ...NOTHING_CHOSEN, preset: name });
    const muon = { ...preset('small'), training: withOptimizer(preset('small').training, 'muon') };
    expect(choicesIn(settingsOf(muon))).toEqual(['optimizer']);
  });

  it('follow one another: the hidden width the width, the schedule the steps, what suits an optimizer the optimizer', () => {
    const chosen = withChoice(withChoice(NOTHING_CHOSEN, 'n_embd', 48), 'max_iters', 40);
    expect(configOf(chosen, 'tiny')).toMatchObject({
      model: { n_embd: 48, n_inner: 192 },
      training: { max_iters: 40, lr_decay_iters: 40, warmup_iters: 4, eval_interval: 10 },
    });
    const rate = withChoice(withChoice(chosen, 'learning_rate', 0.5), 'optimizer', 'sgd');
    expect(rate.advanced).toEqual({ optimizer: 'sgd' });
    expect(withChoice(withChoice(rate, 'optimizer', undefined), 'max_iters', undefined).steps).toBeNull();
  });

  it('of the advanced fields go back to what is suggested alone; what suits an optimizer goes with it', () => {
    const advanced = { batch_size: 3, dropout: 0.1, learning_rate: 0.5, warmup_iters: 7, l2: 0.1 };
    const chosen = { ...NOTHING_CHOSEN, steps: 40, advanced };
    const { warmup_iters: _, l2: __, ...others } = advanced;
    expect(withSuggested(chosen, ADVANCED_KEYS)).toEqual({ ...chosen, advanced: others });
    const sgd = { ...chosen, advanced: { ...advanced, optimizer: 'sgd' as const } };
    expect(withSuggested(sgd, ADVANCED_KEYS).advanced).toEqual({ batch_size: 3, dropout: 0.1 });
  });
});

describe('fields', () => {
  const all = [MODEL_FIELDS, MORE_MODEL_FIELDS, TRAINING_FIELDS, ...Object.values(ADVANCED_FIELDS)].flat();

  it('there is one for every option, with a label and a sentence of help', () => {
    const { model, training } = preset('tiny');
    expect(all.map(({ key }) => key).sort()).toEqual(Object.keys({ ...model, ...training }).sort());
    for (const { key } of all) {
      expect(OPTIONS[key]).toMatchObject({ label: expect.stringMatching(/./), help: expect.stringMatching(/\.$/) });
      expect(chosenOf({ model, training }, key)).not.toBeUndefined();
    }
    const labels = Object.values(OPTIONS).map(({ label }) => label);
    expect(new Set(labels).size).toBe(labels.length);
  });

  it('say what is wrong with each value, all at once', () => {
    const { model, training } = preset('tiny');
    const wrong = { model: { ...model, n_head: 3 }, training: { ...training, dropout: 2, batch_size: 1.5 } };
    const faults = [...configFaults(wrong)];
    expect(faults.map(({ key }) => key).sort()).toEqual(['batch_size', 'dropout', 'n_embd']);
    for (const fault of faults)
      expect(fault).toMatchObject({ message: expect.stringMatching(/\.$/), hint: expect.stringMatching(/\.$/) });
  });
});
