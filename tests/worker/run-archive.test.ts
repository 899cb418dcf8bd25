import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readZip, writeZip } from '../../src/formats/zip.ts';
import { InklingError } from '../../src/gpu/errors.ts';
import { preset } from '../../src/model/config.ts';
import { initialParameters, layoutOf } from '../../src/model/parameters.ts';
import type { RunRecord } from '../../src/storage/database.ts';
import { sha256 } from '../../src/storage/run-store.ts';
import { corpusOf } from '../../src/text/corpus.ts';
import { type Checkpoint, encodeCheckpoint } from '../../src/training/checkpoint.ts';
import { freshState } from '../../src/training/state.ts';
import type { RunText } from '../../src/worker/live-run.ts';
import { exportArchive, importArchive, type RunParts } from '../../src/worker/run-archive.ts';
import { packTokens } from '../../src/worker/tokens.ts';

const corpus = corpusOf('A drop of ink may make a million think. '.repeat(20));
const HASH = 'ab'.repeat(32);
const text: RunText = { name: 'ink.txt', sha256: HASH, dataset: null, ...corpus };
const { vocabulary, vocab_size } = corpus.tokenizer;

/** A run of ten steps of which six are made. */
async function run(): Promise<RunParts> {
  const { model, training: usual } = preset('tiny');
  const shape = { ...model, n_layer: 1, n_head: 1, n_embd: 8, n_inner: 16, block_size: 8 };
  const training = { ...usual, max_iters: 10 };
  const whole = { ...shape, vocab_size };
  const parameters = await initialParameters(whole, layoutOf(whole), 1);
  const state = {
    ...freshState(training, parameters),
    step: 6,
    evaluated: 5,
    sampled: 5,
    best: { step: 5, val_loss: 2.5 },
  };
  const identity = { name: text.name, sha256: HASH, documents: false };
  const checkpoint: Checkpoint = { model: whole, training, vocabulary, text: identity, val_loss: 2.5, state };
  const { bytes: tokens, bits } = packTokens(corpus.ids, vocab_size);
  const record: RunRecord = {
    id: 'x',
    name: 'My run / first',
    created: 1,
    saved: 2,
    state: 'stopped',
    step: 6,
    evaluated: 5,
    sampled: 5,
    config: { model: shape, training },
    text: identity,
    corpus: { sha256: await sha256(tokens), bits, dataset: null },
    vocab_size,
    parameters: layoutOf(whole).count,
    val_loss: 2.5,
    best: state.best,
    fork: null,
    begun: 'seed',
    computed: { on: 'A GPU', products: { 'NT 1x2x3': 'quad16' }, precision: 'f32' },
  };
  const metrics = {
    records: [1, 2, 3, 4, 5, 6].map((step) => ({ step, loss: 4 / step, lr: 1e-3, grad_norm: 0.1 * step })),
    evaluations: [0, 5].map((step) => ({ step, train_loss: 3, val_loss: 2.5 })),
    samples: [
      { step: 0, text: 'noise' },
      {
        step: 5,
        text: 'a 😀',
        choices: {
          shares: Uint16Array.from({ length: 7 * 3 }, (_, i) => 3000 * i),
          likeliest: Uint32Array.from({ length: 5 * 3 }, (_, i) => 0x1f600 + i),
        },
        counted: { words: 2, known: 1, characters: 6, lineBreaks: 0 },
      },
    ],
    norms: [{ step: 5, names: ['a'], grad: [1], update: [2], weight: [3], moved: null }],
    speeds: [{ step: 5, tokens_per_s: 1000 }],
  };
  const best = { ...checkpoint, state: { ...state, step: 5 } };
  return { record, tokens, checkpoint, best, metrics };
}

const blob = (bytes: BlobPart) => new Blob([bytes]);
const read = (bytes: BlobPart, present?: RunText) => importArchive('run.zip', blob(bytes), present);
const files = async () => readZip(new Uint8Array(exportArchive(await run()).bytes));
const utf8 = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

/** The message that a file is refused with. */
async function refused(bytes: BlobPart, present?: RunText): Promise<string> {
  const error = await read(bytes, present).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof InklingError)) throw error ?? new Error('It was taken.');
  expect(error.message).toMatch(/^[^\n]+\.$/);
  expect(error.hint).toMatch(/\.$/);
  return error.message;
}

describe('a run as one file', () => {
  test('comes back as it was: states, curve, text and how it computes; its place in the list is new', async () => {
    const parts = await run();
    const { name, bytes } = exportArchive(parts);
    expect(name).toBe('My-run-first.inkling.zip');
    const back = await read(bytes);
    const { record, ...rest } = back;
    const { record: before, ...others } = parts;
    expect(rest).toEqual(others);
    const { id, created, saved, ...same } = record;
    expect({ ...before, ...same }).toEqual(before);
    expect(id).not.toBe('x');
    expect(Math.min(created, saved)).toBeGreaterThan(1e12);
    expect(exportArchive({ ...back, record: before }).bytes).toEqual(bytes);
  });

  test('a speed that was kept twice for a step, as earlier versions did, counts once; choices that do not fit are left out', async () => {
    const parts = await run();
    const speeds = [3, 5, 5].map((step, i) => ({ step, tokens_per_s: 1000 + i }));
    const twice = await read(exportArchive({ ...parts, metrics: { ...parts.metrics, speeds } }).bytes);
    expect(twice.metrics.speeds).toEqual([
      { step: 3, tokens_per_s: 1000 },
      { step: 5, tokens_per_s: 1002 },
    ]);
    const [first, sample] = parts.metrics.samples;
    for (const text of ['a longer text than was chosen', '']) {
      const samples = [first!, { ...sample!, text }];
      const cut = await read(exportArchive({ ...parts, metrics: { ...parts.metrics, samples } }).bytes);
      expect(cut.metrics.samples[1]).toEqual({ step: 5, text, choices: undefined, counted: sample!.counted });
    }
    const older = { ...parts.metrics, samples: [{ step: 5, text: 'a', choices: { shares: { 0: 1 }, likeliest: {} } }] };
    const files = readZip(new Uint8Array(exportArchive(parts).bytes)).set('metrics.json', utf8(older));
    expect((await read(writeZip(files))).metrics.samples).toEqual([{ step: 5, text: 'a' }]);
  });

  test('has a curve for spreadsheets beside it', async () => {
    const csv = new TextDecoder().decode((await files()).get('metrics.csv'));
    expect(csv.split('\n').slice(0, 3)).toEqual([
      'step,loss,lr,grad_norm,train_loss,val_loss',
      '0,,,,3,2.5',
      '1,4,0.001,0.1,,',
    ]);
  });

  test('a checkpoint alone goes on with the text it has learnt, and with no other', async () => {
    const { checkpoint, tokens, record } = await run();
    const bytes = encodeCheckpoint(checkpoint);
    const back = await importArchive('mine.safetensors', blob(bytes), text);
    expect(back).toMatchObject({
      checkpoint,
      tokens,
      best: null,
      record: { name: 'mine', config: record.config, step: 6 },
    });
    expect(await refused(bytes)).toContain('a run on the text “ink.txt”');
    expect(await refused(bytes, { ...text, sha256: '00'.repeat(32) })).toContain('not the one that is chosen');
  });
});

describe('a file from anybody is refused in a sentence', () => {
  const without = (name: string) => async () => {
    const all = await files();
    all.delete(name);
    return all;
  };
  const having = (name: string, content: Uint8Array<ArrayBuffer>) => async () => (await files()).set(name, content);
  const run6 = { format: 'inkling-run-1', name: 'x', bits: 8, dataset: null };
  const curve = (records: unknown) => having('metrics.json', utf8({ records, evaluations: [], samples: [] }));
  const point = { step: 1, loss: 1, lr: 1, grad_norm: 1 };
  test.each<[string, () => Promise<Map<string, Uint8Array>>, RegExp]>([
    ['no run.json', without('run.json'), /no run of Inkling/],
    ['no weights', without('checkpoint.safetensors'), /no checkpoint\.safetensors/],
    ['no text', without('text.tokens'), /no text\.tokens/],
    ['run.json is no JSON', having('run.json', utf8('{')), /run\.json is not JSON/],
    ['a key twice', having('run.json', utf8('{"format":"inkling-run-1","format":"x"}')), /twice/],
    ['another version', having('run.json', utf8({ ...run6, format: 'inkling-run-9' })), /another version/],
    ['weights of nothing', having('checkpoint.safetensors', utf8('torn')), /safetensors/],
    ['tokens of another width', having('run.json', utf8({ ...run6, bits: 16 })), /text\.tokens is damaged/],
    ['unknown tokens', having('text.tokens', new Uint8Array(500).fill(200)), /does not know/],
    ['too few tokens', having('text.tokens', new Uint8Array(20)), /at least/],
    ['a curve that is no list', curve({}), /curve is damaged/],
    ['a curve that goes back', curve([point, point]), /curve is damaged/],
    ['a curve of words', curve([{ ...point, loss: '<b>1</b>' }]), /curve is damaged/],
    [
      'norms without numbers',
      having('metrics.json', utf8({ records: [], evaluations: [], samples: [], norms: [{ step: 1, names: ['a'] }] })),
      /curve/,
    ],
    [
      'a sample of numbers',
      having('metrics.json', utf8({ records: [], evaluations: [], samples: [{ step: 1, text: 1 }] })),
      /curve/,
    ],
  ])('%s', async (_, make, words) => {
    expect(await refused(writeZip(await make()))).toMatch(words);
  });

  test('two states of different runs', async () => {
    const parts = await run();
    const other = { ...parts.best!, training: { ...parts.best!.training, seed: 2 } };
    expect(await refused(exportArchive({ ...parts, best: other }).bytes)).toContain('different runs');
  });

  test('damage anywhere is found, or changes nothing; what is unknown is not taken over', async () => {
    const { record: _, ...whole } = await run();
    const bytes = new Uint8Array(exportArchive(await run()).bytes);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const torn = bytes.slice();
        torn[at]! ^= flip;
        const back = await read(torn).catch(() => null);
        if (back === null) await refused(torn);
        else expect(back).toMatchObject(whole); // a version, or an attribute that nobody reads
      }),
      { numRuns: 100 },
    );
    const hostile = {
      ...run6,
      dataset: '__proto__',
      begun: 'x',
      computed: { on: 'x', products: { a: {} } },
      created: 'soon',
    };
    const { record } = await read(writeZip(await having('run.json', utf8(hostile))()));
    expect(record).toMatchObject({
      corpus: { dataset: null },
      begun: undefined,
      computed: undefined,
      created: expect.any(Number),
    });
  });
});
