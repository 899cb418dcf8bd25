import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { layoutOf } from '../../src/model/parameters.ts';
import { decodeCheckpoint } from '../../src/training/checkpoint.ts';
import { weightsOf } from '../../src/training/state.ts';
import { gpt, type Tensors } from '../reference/gpt.ts';
import { here } from './here.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

function inkling(...args: string[]) {
  const command = [join(ROOT, 'src/cli/launch.mjs'), ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: ROOT, encoding: 'utf8' });
  return { status, stdout, stderr };
}

const textsOf = (stdout: string): string[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).text);

let folder: string;
let model: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inkling-'));
  model = join(folder, 'model');
  const text = join(folder, 'text.txt');
  writeFileSync(text, 'Ink, more ink: é 你 😀\n'.repeat(60));
  const shape = ['--layers', '1', '--heads', '2', '--width', '12', '--context', '9', '--batch', '4'];
  const { status } = inkling('train', '--text', text, ...shape, '--steps', '30', '--lr', '0.02', '--out', model);
  expect(status).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('sample', () => {
  test('several texts at once, each its own, the same again for the seed; the first is the one alone, as plain text too', () => {
    const args = ['sample', '--model', model, '--prompt', 'Ink', '--length', '30', '--count', '3', '--json'];
    const { status, stdout } = inkling(...args, '--seed', '5');
    expect(status).toBe(0);
    const texts = textsOf(stdout);
    expect(texts).toHaveLength(3);
    expect(new Set(texts).size).toBe(3);
    for (const text of texts) expect(Array.from(text)).toHaveLength(33);
    expect(inkling(...args, '--seed', '5').stdout).toBe(stdout);
    expect(inkling(...args, '--seed', '6').stdout).not.toBe(stdout);
    // The first of several is the one alone, from the folder or from its file.
    const alone = ['--prompt', 'Ink', '--length', '30', '--seed', '5'];
    const file = join(model, 'checkpoint.safetensors');
    // Without --json the prompt and the text run on, and nothing else is on stdout.
    expect(inkling('sample', '--model', file, ...alone).stdout).toBe(`${texts[0]}\n`);
  });

  test('ends before the stop string; top-k 1 is temperature 0, and so is a very small top-p, whatever the seed', () => {
    const greedy = ['sample', '--model', model, '--prompt', 'Ink', '--length', '40', '--json'];
    const [text] = textsOf(inkling(...greedy, '--temperature', '0').stdout);
    expect(textsOf(inkling(...greedy, '--top-k', '1', '--seed', '3').stdout)).toEqual([text]);
    const stop = text!.slice(8, 10);
    const at = text!.indexOf(stop, 3);
    const nucleus = inkling(...greedy, '--top-p', '0.000001', '--seed', '4', '--stop', stop);
    expect(textsOf(nucleus.stdout)).toEqual([text!.slice(0, at)]);
    const penalised = inkling(...greedy, '--temperature', '0', '--repetition-penalty', '10');
    expect(textsOf(penalised.stdout)).not.toEqual([text]);
  });
});

describe('evaluate', () => {
  test('is the mean loss over every character but the first, window by window', () => {
    const checkpoint = decodeCheckpoint(new Uint8Array(readFileSync(join(model, 'checkpoint.safetensors'))));
    const weights = weightsOf(checkpoint.state);
    const params: Tensors = new Map();
    for (const { name, offset, size } of layoutOf(checkpoint.model).slots.values()) {
      params.set(name, Float64Array.from(weights.subarray(offset / 4, offset / 4 + size)));
    }
    const T = checkpoint.model.block_size;
    for (const words of ['Ink 你 more\nink: 😀é Ink', 'Ink,']) {
      const path = join(folder, 'words.txt');
      writeFileSync(path, words);
      const ids = Array.from(words, (character) => checkpoint.vocabulary.indexOf(character));
      let total = 0;
      for (let at = 0; at < ids.length - 1; at += T) {
        const window = ids.slice(at, at + T + 1);
        const { losses } = gpt(checkpoint.model, params, window.slice(0, -1), window.slice(1), 1, false);
        total += losses.reduce((sum, loss) => sum + loss, 0);
      }
      const { status, stdout } = inkling('evaluate', '--model', model, '--text', path, '--json');
      expect(status).toBe(0);
      const line = JSON.parse(stdout);
      expect(Object.keys(line)).toEqual(['loss', 'bits_per_character', 'characters', 'context']);
      expect(Math.abs(line.loss - total / (ids.length - 1))).toBeLessThan(1e-5);
      expect(line.bits_per_character).toBeCloseTo(line.loss / Math.LN2, 10);
      expect([line.characters, line.context]).toEqual([ids.length, T]);
    }
  });
});

describe('bad input: one line on stderr that says how to mend it, nothing on stdout', () => {
  test.for([
    [2, () => ['sample', '--model', model, '--count', '0'], /--count must be from 1/],
    [2, () => ['sample', '--model', model, '--repetition-penalty', '0'], /--repetition-penalty must be from/],
    [2, () => ['sample', '--model', model, '--top-k', '-1'], /--top-k must be from/],
    [2, () => ['sample', '--model', model, '--temperature', 'hot'], /--temperature/],
    [
      1,
      () => ['sample', '--model', model, '--prompt', 'Inkß日'],
      /“ß” \(U\+00DF\), “日” \(U\+65E5\) are not in the text/,
    ],
    [2, () => ['evaluate', '--model', model], /--text is missing/],
    [2, () => ['evaluate', '--text', 'x'], /--model is missing/],
    [1, () => ['evaluate', '--model', model, '--text', '/no/such/file'], /no such file/],
    [1, () => ['evaluate', '--model', model, '--text', join(ROOT, 'README.md')], /The model does not know/],
  ] as const)('%i', async ([status, args, words]) => {
    const outcome = await here(...args());
    expect(outcome.stderr).toMatch(words);
    expect(outcome.stderr.trim().split('\n')).toHaveLength(1);
    expect(outcome.stdout).toBe('');
    expect(outcome.status).toBe(status);
  });
});
