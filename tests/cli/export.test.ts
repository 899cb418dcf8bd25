import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeHuggingFace } from '../../src/formats/huggingface/export.ts';
import { importHuggingFace, modelFiles } from '../../src/formats/huggingface/import.ts';
import { readZip } from '../../src/formats/zip.ts';
import { decodeCheckpoint, encodeCheckpoint, startingCheckpoint } from '../../src/training/checkpoint.ts';
import { bytePairModel, randomModel } from '../formats/models.ts';
import { here } from './here.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const WORDS = 'the thing in the inn sings and nothing else sings, for this is the thing that the inn has. ';

let folder: string;
const at = (...path: string[]) => join(folder, ...path);
const bytes = (path: string) => new Uint8Array(readFileSync(path));

/** Runs a command as a person does. */
function inkling(...args: string[]) {
  const launch = join(ROOT, 'src/cli/launch.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [launch, ...args], { cwd: ROOT, encoding: 'utf8' });
  return { status, stdout, stderr, last: () => JSON.parse(stdout.trim().split('\n').at(-1)!) };
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inkling-export-'));
  mkdirSync(at('run'));
  const model = randomModel({ block_size: 16 }, WORDS);
  writeFileSync(at('run/checkpoint.safetensors'), encodeCheckpoint(startingCheckpoint(model)));
  writeFileSync(at('bpe.zip'), encodeHuggingFace(bytePairModel()));
  writeFileSync(at('erf.zip'), encodeHuggingFace(randomModel({ activation: 'gelu' })));
  writeFileSync(at('text.txt'), WORDS.repeat(20));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('export', () => {
  test('writes each format, and what is read back is the same to the last bit', () => {
    const run = bytes(at('run/checkpoint.safetensors'));
    const parameters = decodeCheckpoint(run).state.buffers.get('parameters');
    const write = (from: string, format: string, out: string) => {
      const outcome = inkling('export', '--model', at(from), '--format', format, '--out', at(out), '--json');
      expect(outcome.stderr).not.toMatch(/Error/);
      expect(outcome.status).toBe(0);
      expect(outcome.last()).toMatchObject({ format, out: at(out) });
      return outcome.last().bytes as number;
    };
    expect(write('run', 'huggingface', 'model.zip')).toBe(bytes(at('model.zip')).length);
    write('run', 'huggingface', 'folder');
    expect(readdirSync(at('folder')).sort()).toEqual(
      ['README.md', 'config.json', 'generation_config.json', 'model.safetensors', 'onnx'].concat([
        'to_nanogpt.py',
        'tokenizer.json',
        'tokenizer_config.json',
        'train.py',
      ]),
    );
    expect(new Uint8Array(bytes(at('folder/onnx/model.onnx')))).toEqual(
      new Uint8Array(readZip(bytes(at('model.zip'))).get('onnx/model.onnx')!),
    );
    expect(importHuggingFace(modelFiles(readZip(bytes(at('model.zip'))))).parameters).toEqual(parameters);
    write('run', 'checkpoint', 'copy.safetensors');
    expect(bytes(at('copy.safetensors'))).toEqual(run);
    // from an archive and a folder back to a checkpoint: the same again
    for (const from of ['model.zip', 'folder']) {
      write(from, 'checkpoint', 'again.safetensors');
      expect(decodeCheckpoint(bytes(at('again.safetensors')))).toEqual(decodeCheckpoint(run));
    }
    write('run', 'gguf', 'model.gguf');
    expect(new TextDecoder().decode(bytes(at('model.gguf')).subarray(0, 4))).toBe('GGUF');
  });

  test.for([
    [2, ['export'], /--model is missing/],
    [2, ['export', '--model', 'x', '--format', 'pickle', '--out', 'y'], /no format “pickle”/],
    [1, ['export', '--model', '/no/such', '--format', 'gguf', '--out', 'y'], /no such file/],
    [1, ['export', '--model', 'erf.zip', '--format', 'gguf', '--out', 'y'], /the GELU is the exact one, by erf/],
    [1, ['export', '--model', 'run', '--format', 'csv', '--out', 'y'], /metrics.csv cannot be read/],
    [1, ['train', '--resume', 'erf.zip'], /is a model and no run.*--init/],
    [1, ['sample', '--model', 'cut.zip'], /no sound ZIP archive/],
  ] as const)('%i for %j: one line that says how to mend it', async ([status, args, words]) => {
    writeFileSync(at('cut.zip'), bytes(at('erf.zip')).subarray(0, 5000));
    const named = args.map((word) => (existsSync(at(word)) ? at(word) : word));
    const outcome = await here(...named);
    expect(outcome.stderr).toMatch(words);
    expect(outcome.stderr.trim().split('\n').at(-1)).toMatch(words);
    expect(outcome.stdout).toBe('');
    expect(outcome.status).toBe(status);
  });
});

describe('an imported model', () => {
  test('writes what the same model writes from its own checkpoint, and predicts as well, to the last bit', () => {
    inkling('export', '--model', at('run'), '--format', 'huggingface', '--out', at('writes.zip'));
    const write = (model: string) => {
      const settings = ['--prompt', 'the', '--length', '12', '--temperature', '0', '--json'];
      const outcome = inkling('sample', '--model', at(model), ...settings);
      expect(outcome.status).toBe(0);
      return outcome.last().text;
    };
    expect(write('writes.zip')).toBe(write('run'));
    const evaluate = (model: string) => {
      const outcome = inkling('evaluate', '--model', at(model), '--text', at('text.txt'), '--json');
      expect(outcome.status).toBe(0);
      return outcome.last();
    };
    expect(evaluate('writes.zip')).toEqual(evaluate('run'));
  });

  test('with a byte-pair tokenizer can be trained further, and is kept with it', () => {
    const train = ['train', '--init', at('bpe.zip'), '--text', at('text.txt'), '--steps', '2', '--batch', '2'];
    const trained = inkling(...train, '--eval-every', '2', '--out', at('further'), '--json');
    expect(trained.stderr).toMatch(/265 tokens in the vocabulary/);
    expect(trained.status).toBe(0);
    const written = inkling('sample', '--model', at('further'), '--prompt', 'the inn', '--length', '4', '--json');
    expect(written.last().text).toMatch(/^the inn/);
    const resumed = inkling('train', '--resume', at('further'), '--json');
    expect(resumed.last()).toMatchObject({ done: true, steps: 2 });
    expect(inkling('export', '--model', at('further'), '--format', 'csv', '--out', at('h.csv')).status).toBe(0);
    expect(readFileSync(at('h.csv'), 'utf8').split('\n')).toHaveLength(1 + 2 + 2 + 1);
  });
});
