import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { layoutOf } from '../../src/model/parameters.ts';
import { decodeCheckpoint, encodeCheckpoint, startingCheckpoint } from '../../src/training/checkpoint.ts';
import { prunable, zerosOf } from '../../src/training/pruning.ts';
import { randomModel } from '../formats/models.ts';
import { here } from './here.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const WORDS = 'the thing in the inn sings and nothing else sings, for this is the thing that the inn has. ';
const MODEL = randomModel({ block_size: 16 }, WORDS);

/** Each command compiles its kernels anew. */
const SLOW = 300_000;

let folder: string;
const at = (...path: string[]) => join(folder, ...path);

/** Runs a command as a person does. */
function inkling(...args: string[]) {
  const launch = join(ROOT, 'src/cli/launch.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [launch, ...args], { cwd: ROOT, encoding: 'utf8' });
  const lines = () =>
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  return { status, stdout, stderr, lines };
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inkling-shrink-'));
  mkdirSync(at('run'));
  writeFileSync(at('run/checkpoint.safetensors'), encodeCheckpoint(startingCheckpoint(MODEL)));
  writeFileSync(at('text.txt'), WORDS.repeat(20));
});
afterAll(() => rmSync(folder, { recursive: true }));

const zerosIn = (path: string) => {
  const { model, state } = decodeCheckpoint(new Uint8Array(readFileSync(path)));
  return zerosOf(layoutOf(model), state.buffers.get('parameters')!);
};

test('packs a model to 8 bits and tells size, loss, speed and a sample, before and after', { timeout: SLOW }, () => {
  const outcome = inkling(
    'shrink',
    '--model',
    at('run'),
    '--text',
    at('text.txt'),
    '--bits',
    '8',
    '--prompt',
    'the',
    '--json',
  );
  expect(outcome.stderr).not.toMatch(/Error/);
  expect(outcome.status).toBe(0);
  const [before, after] = outcome.lines();
  expect(Object.keys(before)).toEqual([
    ...[
      'variant',
      'bytes',
      'zeros',
      'parameters',
      'sparse_bytes',
      'zip_bytes',
      'val_loss',
      'control_val_loss',
      'sample',
      'characters_per_s',
    ],
  ]);
  expect(before).toMatchObject({
    variant: { bits: 32 },
    bytes: 4 * layoutOf(MODEL.model).count,
    control_val_loss: null,
  });
  expect(after.variant).toEqual({ bits: 8 });
  expect(after.bytes).toBeLessThan(before.bytes / 2);
  expect(Math.abs(after.val_loss / before.val_loss - 1)).toBeLessThan(0.02);
  expect(after.sample).toHaveLength(160);
  const greedy = ['--prompt', 'the', '--length', '160', '--temperature', '0', '--bits', '8', '--json'];
  expect(inkling('sample', '--model', at('run'), ...greedy).lines()[0].text).toBe(`the${after.sample}`);
  const evaluate = ['evaluate', '--model', at('run'), '--text', at('text.txt'), '--json'];
  expect(Math.abs(inkling(...evaluate, '--bits', '8').lines()[0].loss / after.val_loss - 1)).toBeLessThan(0.2);
});

test('prunes, trains on, and keeps a model whose zeros later training can keep', { timeout: SLOW }, () => {
  const shrink = ['shrink', '--model', at('run'), '--text', at('text.txt'), '--prune', '0.5', '--scope', 'tensor'];
  const outcome = inkling(...shrink, '--fine-tune', '6', '--out', at('pruned'), '--json');
  expect(outcome.status).toBe(0);
  const [before, pruned, tuned] = outcome.lines();
  const matrices = prunable(layoutOf(MODEL.model));
  const zeros = matrices.reduce((sum, { size }) => sum + Math.round(size / 2), 0);
  expect([before.zeros, pruned.zeros, tuned.zeros]).toEqual([0, zeros, zeros]);
  expect(pruned.sparse_bytes).toBeLessThan(pruned.bytes);
  expect(pruned.zip_bytes).toBeLessThan(before.zip_bytes);
  expect(tuned.val_loss).toBeLessThan(pruned.val_loss);
  // the same steps on all of the weights: better than before them, and than what is left after pruning
  expect([before.control_val_loss, pruned.control_val_loss]).toEqual([null, null]);
  expect(tuned.control_val_loss).toBeLessThan(before.val_loss);
  expect(tuned.control_val_loss).toBeLessThan(tuned.val_loss);
  expect(zerosIn(at('pruned/checkpoint.safetensors'))).toBe(zeros);

  const train = ['train', '--init', at('pruned'), '--text', at('text.txt'), '--heads', '2', '--batch', '2'];
  const kept = inkling(...train, '--steps', '3', '--keep-zeros', '--out', at('kept'));
  expect(kept.status).toBe(0);
  expect(zerosIn(at('kept/checkpoint.safetensors'))).toBe(zeros);
  expect(inkling('train', '--resume', at('pruned')).stderr).toMatch(/is a model and no run/);
});

test('writes a page, of as many bits as are asked for', () => {
  const write = (...more: string[]) => {
    const outcome = inkling(
      'export',
      '--model',
      at('run'),
      '--format',
      'html',
      '--out',
      at('x.html'),
      '--json',
      ...more,
    );
    expect(outcome.status).toBe(0);
    return { page: readFileSync(at('x.html'), 'utf8'), bytes: outcome.lines()[0].bytes as number };
  };
  const eight = write();
  expect(eight.page.length).toBeLessThanOrEqual(eight.bytes);
  const weights = /"weights":"([^"]*)"/.exec(eight.page)![1]!;
  expect(eight.bytes - weights.length).toBeLessThan(60_000);
  expect(write('--bits', '4').bytes).toBeLessThan(eight.bytes);
  expect(write('--bits', '32', '--prompt', 'the inn').page).toContain('"prompt":"the inn"');
});

test.for([
  [['shrink'], /--model is missing/],
  [['shrink', '--model', 'x', '--bits', '3'], /--bits takes 8 or 4/],
  [['shrink', '--model', 'x', '--prune', '1'], /from 0.01 to 0.99/],
  [['shrink', '--model', 'x', '--prune', '0.5', '--scope', 'row'], /no scope “row”/],
  [['shrink', '--model', 'x', '--bits', '8', '--fine-tune', '5'], /cannot be trained/],
  [['shrink', '--model', 'x', '--bits', '8', '--out', 'y'], /export --format html/],
  [['train', '--keep-zeros'], /--init/],
  [['export', '--model', 'x', '--format', 'gguf', '--bits', '8', '--out', 'y'], /no effect with the format gguf/],
] as const)('%j is bad usage: one line that says how to mend it', async ([args, words]) => {
  const outcome = await here(...args);
  expect(outcome.stderr.trim().split('\n').at(-1)).toMatch(words);
  expect(outcome.stdout).toBe('');
  expect(outcome.status).toBe(2);
});
