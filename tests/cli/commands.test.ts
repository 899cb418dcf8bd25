import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TRAIN_FLAGS } from '../../src/cli/train-options.ts';
import { here } from './here.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FIXTURES = join(ROOT, 'tests/fixtures');

interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a command as a person does, by way of the launcher. `interrupt` says, line by line, when to press Ctrl-C. */
function inkling(args: string[], interrupt: (line: string) => boolean = () => false): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(ROOT, 'src/cli/launch.mjs'), ...args], { cwd: ROOT });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      if (String(chunk).split('\n').some(interrupt)) {
        child.kill('SIGINT');
      }
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

type Line = Record<string, unknown>;

const lines = (stdout: string): Line[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** Without what depends on the clock. */
const timeless = (all: Line[]) => all.map(({ tokens_per_s, seconds, ...rest }) => rest);

let folder: string;
let text: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'inkling-'));
  text = join(folder, 'text.txt');
  writeFileSync(text, 'A drop of ink may make a million think; it may also make a blot. '.repeat(40));
  await inkling([]); // builds the bundle, if that is due
});
afterAll(() => rmSync(folder, { recursive: true }));

const SMALL = ['--layers', '1', '--heads', '1', '--width', '12', '--context', '9', '--batch', '3', '--eval-every', '4'];

describe('train and sample', () => {
  test('tells each step, evaluates, keeps a model that writes and that another run starts from; interrupted and resumed, nothing differs', async () => {
    const train = ['train', '--text', text, ...SMALL, '--steps', '12', '--seed', '7', '--json'];
    const whole = await inkling([...train, '--out', join(folder, 'whole')]);
    expect(whole.stderr).toMatch(/software adapter|Using/);
    expect(whole.status).toBe(0);
    const told = lines(whole.stdout);
    expect(told.filter((line) => 'loss' in line).map(({ step }) => step)).toEqual(
      Array.from({ length: 12 }, (_, i) => i + 1),
    );
    expect(told.filter((line) => 'val_loss' in line && !line.done).map(({ step }) => step)).toEqual([0, 4, 8, 12]);
    expect(Object.keys(told.find((line) => 'loss' in line)!)).toEqual([
      'step',
      'loss',
      'lr',
      'grad_norm',
      'tokens_per_s',
    ]);
    expect(Object.keys(told.at(-1)!)).toEqual(['done', 'steps', 'parameters', 'val_loss', 'seconds', 'adapter']);

    const parts = join(folder, 'parts');
    const first = await inkling([...train, '--out', parts], (line) => line.includes('"step":6,'));
    expect(first.status).toBe(1);
    const rest = await inkling(['train', '--resume', parts, '--json']);
    expect(rest.status).toBe(0);
    const joined = [...lines(first.stdout), ...lines(rest.stdout)];
    expect(timeless(joined)).toEqual(timeless(told));
    const checkpoint = 'checkpoint.safetensors';
    expect(readFileSync(join(parts, checkpoint))).toEqual(readFileSync(join(folder, 'whole', checkpoint)));

    const sample = ['sample', '--model', parts, '--prompt', 'A drop', '--length', '20', '--seed', '3', '--json'];
    const written = lines((await inkling(sample)).stdout);
    expect(written).toHaveLength(1);
    expect(Array.from(written[0]!.text as string)).toHaveLength(26);
    expect(written[0]!.text).toMatch(/^A drop/);
    expect(lines((await inkling(sample)).stdout)).toEqual(written);
    expect(readdirSync(parts)).toEqual(['checkpoint.previous.safetensors', checkpoint, 'metrics.csv']);
    const history = readFileSync(join(parts, 'metrics.csv'), 'utf8');
    expect(history).toBe(readFileSync(join(folder, 'whole/metrics.csv'), 'utf8'));
    expect(history.trim().split('\n')).toHaveLength(1 + 12 + 4);

    // Its weights can be the start of a new run, which begins where this one has ended.
    const on = [
      'train',
      '--text',
      text,
      '--init',
      parts,
      '--heads',
      '1',
      '--batch',
      '3',
      '--steps',
      '2',
      '--seed',
      '8',
    ];
    const from = await inkling([...on, '--eval-every', '2', '--json']);
    expect(from.status).toBe(0);
    expect(lines(from.stdout)[0]!.val_loss).toBe(told.at(-1)!.val_loss);
  });
});

describe('data sets and fine-tuning', () => {
  test('a model of names writes one name, and goes on as one that sorts letters', async () => {
    const run = join(folder, 'names');
    const train = ['train', ...SMALL, '--steps', '4', '--json'];
    const names = await inkling([...train, '--text', 'names', '--out', run]);
    expect(names.status).toBe(0);
    expect(lines(names.stdout)[0]).not.toHaveProperty('accuracy');
    const sampled = await inkling(['sample', '--model', run, '--length', '2000', '--temperature', '1', '--json']);
    const written = lines(sampled.stdout)[0]!.text as string;
    expect(written.length).toBeLessThan(2000); // it ends with the document
    expect(written).not.toContain('<|endoftext|>');

    const weights = ['--batch', '3', '--eval-every', '4', '--steps', '4', '--init', run, '--text', 'sorting', '--json'];
    const refused = await inkling(['train', ...weights]);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(
      /does not know 1 of the text’s characters: “>” \(U\+003E\)\. .*--unknown add.*--unknown drop/,
    );
    const sorting = join(folder, 'sorting');
    const grown = await inkling(['train', ...weights, '--unknown', 'add', '--out', sorting]);
    expect(grown.status).toBe(0);
    const evaluations = lines(grown.stdout).filter((line) => 'train_loss' in line);
    expect(evaluations).toHaveLength(2);
    for (const { accuracy } of evaluations) expect(accuracy).toBe(0);
    const [before, after] = [names, grown].map(({ stdout }) => lines(stdout).at(-1)!.parameters as number);
    expect(after! - before!).toBe(12); // one row of the embedding
    const asked = await inkling(['sample', '--model', sorting, '--prompt', 'dbca>', '--length', '3', '--json']);
    expect(lines(asked.stdout)[0]!.text).toMatch(/^dbca>/);
  });
});

test('parity: every fixture of our own is within its bounds', async () => {
  const fixtures = readdirSync(FIXTURES).filter((name) => name.endsWith('.safetensors'));
  const { stdout, status } = await inkling(['parity', '--json', ...fixtures.map((name) => join(FIXTURES, name))]);
  expect(status).toBe(0);
  const reports = lines(stdout) as Record<string, number>[];
  expect(reports.map(({ fixture }) => fixture)).toEqual(fixtures);
  for (const report of reports) {
    expect(report.max_loss_error).toBeLessThan(1e-5);
    expect(report.max_logit_error).toBeLessThan(1e-5);
    expect(report.max_grad_error).toBeLessThan(1e-5);
    expect(report.max_final_error).toBeLessThan(1e-4);
  }
});

test('train --help has a sentence for every flag', async () => {
  const { stdout, stderr, status } = await inkling(['train', '--help']);
  expect(status).toBe(0);
  expect(stderr).toBe('');
  for (const flag of Object.keys(TRAIN_FLAGS)) expect(stdout).toMatch(new RegExp(`^  --${flag} +\\S+ \\S+`, 'm'));
});

test('options of the training: all of them together, ended early and at the best weights', async () => {
  const train = ['train', '--text', text, ...SMALL, '--steps', '40', '--seed', '7', '--json'];
  const options = ['--optimizer', 'lion', '--schedule', 'wsd', '--cooldown', '9', '--dropout', '0.1', '--ema', '0.5'];
  const more = ['--accumulate', '2', '--label-smoothing', '0.1', '--l2', '0.01', '--clip', '0', '--warmup', '0'];
  const given = [...train, ...options, ...more, '--lr', '0', '--min-lr', '0', '--patience', '2'];
  const { stdout, stderr, status } = await inkling(given);
  expect(status).toBe(0);
  // nothing is learnt at a rate of zero, so no evaluation is lower than the first
  expect(lines(stdout).at(-1)).toMatchObject({ done: true, steps: 8, val_loss: lines(stdout)[0]!.val_loss });
  expect(stderr).toMatch(/Ended early after step 8: 2 evaluations .* step 0, whose weights are kept/);
});

describe('bad input: one line on stderr that says how to mend it, nothing on stdout', () => {
  test.for([
    [2, [], /Choose one of train, sample, evaluate, export, shrink, parity/],
    [2, ['draw'], /no command “draw”/],
    [2, ['constructor'], /no command “constructor”/],
    [2, ['train', '--constructor', '3'], /no flag --constructor/],
    [2, ['train', '--stepz', '3'], /no flag --stepz/],
    [2, ['train', '--steps', 'many'], /whole number/],
    [2, ['train', '--steps', '-3'], /from 1 to/],
    [2, ['train', '--steps'], /needs a value/],
    [2, ['train', 'moby.txt'], /belongs to no flag/],
    [2, ['train', '--width', '33', '--heads', '2'], /33 is not divisible by 2 heads/],
    [2, ['train', '--preset', 'huge'], /no preset “huge”/],
    [2, ['train', '--dropout', '1'], /dropout must be a number from 0 to 0\.9/],
    [2, ['train', '--optimizer', 'adan'], /no optimizer “adan”.*muon/],
    [2, ['train', '--schedule', 'rising'], /no schedule “rising”.*wsd/],
    [2, ['train', '--momentum', '0.9'], /--momentum has no effect with the optimizer adamw/],
    [2, ['train', '--cooldown', '9', '--schedule', 'linear'], /--cooldown has no effect.*wsd/],
    [2, ['train', '--optimizer', 'adam', '--weight-decay', '0.1'], /no decoupled weight decay.*l2/],
    [2, ['train', '--warmup', '50', '--steps', '40'], /warm-up of 50 steps/],
    [2, ['train', '--resume', 'x', '--lr', '1'], /--lr cannot be given/],
    [2, ['train', '--resume', 'x', '--no-tune'], /--no-tune cannot be given/],
    [2, ['train', '--tune', '--no-tune'], /say opposite things/],
    [2, ['train', '--unknown', 'add'], /Give --init too/],
    [2, ['train', '--init', 'x', '--unknown', 'maybe'], /takes add or drop, not “maybe”/],
    [1, ['train', '--text', '/no/such/file'], /no such file/],
    [1, ['train', '--text', 'nmaes'], /names, addition, sorting, brackets, copying, shakespeare/],
    [1, ['train', '--text', 'http://127.0.0.1:1/a.txt'], /can’t be reached/],
    [1, ['train', '--text', process.execPath], /binary file/],
    [1, ['train', '--resume', '/no/such/run'], /cannot be read/],
    [2, ['sample'], /--model is missing/],
    [2, ['sample', '--model', 'x', '--top-p', '2'], /--top-p must be from/],
    [1, ['sample', '--model', join(FIXTURES, 'text.txt')], /no sound safetensors/],
    [2, ['parity'], /at least one fixture/],
  ] as const)('%i for %j', async ([status, args, words]) => {
    const outcome = await here(...args);
    expect(outcome.stderr).toMatch(words);
    expect(outcome.stderr.trim().split('\n')).toHaveLength(1);
    expect(outcome.stdout).toBe('');
    expect(outcome.status).toBe(status);
  });

  test('empty, short and too large: told before anything is kept', async () => {
    const empty = join(folder, 'empty.txt');
    writeFileSync(empty, '');
    const short = join(folder, 'short.txt');
    writeFileSync(short, 'too short');
    const out = join(folder, 'never');
    for (const [args, words] of [
      [['--text', empty], /is empty/],
      [['--text', short], /needs at least 321/],
      [['--text', text, '--layers', '90', '--width', '16384', '--context', '128', '--heads', '128'], /allows/],
    ] as const) {
      const outcome = await inkling(['train', ...args, '--preset', 'tiny', '--out', out, '--json']);
      expect(outcome.stderr).toMatch(words);
      expect(outcome.status).toBe(1);
      expect(outcome.stdout).toBe('');
    }
    expect(readdirSync(folder)).not.toContain('never');
  });
});
