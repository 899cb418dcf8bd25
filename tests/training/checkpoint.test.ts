import { describe, expect, test } from 'vitest';
import { checksum, readSafetensors, type SafeTensor, writeSafetensors } from '../../src/formats/safetensors.ts';
import type { ProductChoices } from '../../src/graph/tuner.ts';
import { type GPTConfig, preset, type TrainingConfig } from '../../src/model/config.ts';
import { layoutOf } from '../../src/model/parameters.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../../src/training/checkpoint.ts';
import { stateBuffers } from '../../src/training/state.ts';
import { Random } from '../reference/arrays.ts';

const MODEL: GPTConfig = {
  vocab_size: 5,
  block_size: 3,
  n_layer: 1,
  n_head: 1,
  n_embd: 6,
  n_inner: 7,
  bias: true,
  tied: true,
  activation: 'relu',
};

/** A checkpoint in the middle of a run. Like a GPU's buffers, its flat ones are zero between the tensors. */
function checkpoint(changes: Partial<TrainingConfig> = {}): Checkpoint {
  const training = { ...preset('tiny').training, ...changes };
  const layout = layoutOf(MODEL);
  const random = new Random(1);
  const fill = () => {
    const flat = new Float32Array(layout.bytes / 4);
    for (const { offset, size } of layout.slots.values()) flat.set(random.normals(size), offset / 4);
    return flat;
  };
  return {
    model: MODEL,
    training,
    vocabulary: ['', 'a', 'b', 'c', 'd'],
    text: { name: 'letters', sha256: '00' },
    val_loss: 1.25,
    state: {
      step: 150,
      evaluated: 100,
      sampled: 100,
      best: { step: 0, val_loss: 1.2 },
      buffers: new Map(stateBuffers(training).map((name) => [name, fill()])),
    },
  };
}

/** A file of these tensors and words whose checksum is right, so that nothing but what it says can be wrong. */
function sealed(tensors: ReadonlyMap<string, SafeTensor>, metadata: Record<string, string>) {
  return writeSafetensors(tensors, { ...metadata, checksum: checksum(tensors, [metadata.run!]) });
}

const OPTIONS: [Partial<TrainingConfig>, string[]][] = [
  [{}, ['parameters', 'moment1', 'moment2']],
  [{ optimizer: 'adam', weight_decay: 0 }, ['parameters', 'moment1', 'moment2']],
  [{ optimizer: 'sgd' }, ['parameters', 'moment1']],
  [{ optimizer: 'sgd', momentum: 0 }, ['parameters']],
  [{ optimizer: 'lion', ema_decay: 0.99 }, ['parameters', 'moment1', 'average']],
  [{ optimizer: 'muon', patience: 3 }, ['parameters', 'moment1', 'moment2', 'best']],
];

describe('a checkpoint', () => {
  test.each(OPTIONS)('of %o holds %j and comes back as it was', (changes, names) => {
    const kept = checkpoint(changes);
    expect([...kept.state.buffers.keys()]).toEqual(names);
    expect(decodeCheckpoint(encodeCheckpoint(kept))).toEqual(kept);
  });

  test('that lacks a tensor, or has one more, is refused', () => {
    const bytes = encodeCheckpoint(checkpoint());
    const { metadata, tensors } = readSafetensors(bytes);
    const missing = new Map(tensors);
    missing.delete('moment2.transformer.wpe.weight');
    expect(() => decodeCheckpoint(sealed(missing, metadata))).toThrow(/moment2.*transformer\.wpe\.weight is missing/);
    const more = new Map([...tensors, ['average.transformer.wpe.weight', tensors.get('transformer.wpe.weight')!]]);
    expect(() => decodeCheckpoint(sealed(more, metadata))).toThrow(/average\.transformer\.wpe\.weight/);
  });

  test.each([
    ['step', -1],
    ['step', 1001],
    ['evaluated', 151],
    ['best', { step: 101, val_loss: 1 }],
    ['best', { step: 0 }],
    ['best', {}],
  ])('whose %s is %o is refused', (key, value) => {
    const { metadata, tensors } = readSafetensors(encodeCheckpoint(checkpoint()));
    const run = JSON.stringify({ ...JSON.parse(metadata.run!), [key]: value });
    expect(() => decodeCheckpoint(sealed(tensors, { ...metadata, run }))).toThrow(/contradicts itself/);
  });
});

test('kernels that an earlier version had give way to the nearest of this one, and the run goes on', () => {
  const run = checkpoint();
  const products = { 'NT 1x2x3': 'quad4', 'NN 1x2x3': 'quad8', 'TN 1x2x3': 'sliced4' } as unknown as ProductChoices;
  const { state } = decodeCheckpoint(encodeCheckpoint({ ...run, state: { ...run.state, products } }));
  expect(state.products).toEqual({ 'NT 1x2x3': 'register4', 'NN 1x2x3': 'register8', 'TN 1x2x3': 'sliced4' });
});
