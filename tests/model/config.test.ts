import { describe, expect, test } from 'vitest';
import { InklingError } from '../../src/gpu/errors.ts';
import { checkRunConfig, PRESET_NAMES, preset, type RunConfig } from '../../src/model/config.ts';

test.each(PRESET_NAMES)('the preset %s is sound', (name) => {
  expect(() => checkRunConfig(preset(name))).not.toThrow();
});

const model = (changes: Partial<RunConfig['model']>): RunConfig => {
  const run = preset('tiny');
  return { ...run, model: { ...run.model, ...changes } };
};
const training = (changes: Partial<RunConfig['training']>): RunConfig => {
  const run = preset('tiny');
  return { ...run, training: { ...run.training, ...changes } };
};

describe('a configuration that cannot be trained is refused in words', () => {
  test.each([
    [model({ n_head: 3 }), /32.*3 heads/, /30 or 33/],
    [model({ n_embd: 2, n_head: 4 }), /2.*4 heads/, /width of 4/],
    [model({ n_embd: 258, n_head: 2 }), /129/, /3 heads/],
    [model({ n_layer: 0 }), /n_layer/, /./],
    [model({ block_size: 1.5 }), /block_size.*1\.5/, /./],
    [model({ n_embd: Number.NaN }), /n_embd.*NaN/, /./],
    [model({ activation: 'swish' as 'relu' }), /swish/, /gelu/],
    [training({ batch_size: 0 }), /batch_size/, /./],
    [training({ learning_rate: Number.POSITIVE_INFINITY }), /learning_rate/, /./],
    [training({ learning_rate: -1 }), /learning_rate/, /./],
    [training({ beta2: 1 }), /beta2/, /./],
    [training({ seed: 2 ** 32 }), /seed/, /./],
  ])('%#', (config, message, hint) => {
    let thrown: unknown;
    try {
      checkRunConfig(config);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(InklingError);
    const { code, message: said, hint: advice } = thrown as InklingError;
    expect(code).toBe('bad-config');
    expect(said).toMatch(message);
    expect(advice).toMatch(hint);
  });
});
