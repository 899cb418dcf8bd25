import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { here } from './here.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

function bench(...args: string[]) {
  const command = [join(ROOT, 'src/cli/launch.mjs'), 'bench', ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: ROOT, encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('a configuration is a line of JSON, and with --profile each kernel of its step another', () => {
  const { status, stdout } = bench('--config', 'tiny', '--steps', '2', '--profile', '--json');
  expect(status).toBe(0);
  const [line, ...kernels] = stdout
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text));
  expect(Object.keys(line)).toEqual([
    'config',
    'adapter',
    'parameters',
    'ms_per_step',
    'tokens_per_s',
    'floor_ms',
    'floor',
    'dispatches_per_step',
    'submits_per_step',
    'gpu_bytes',
    'dropout',
    'optimizer',
    'precision',
  ]);
  expect(line.precision).toBe('f32');
  expect(Object.keys(line.floor)).toEqual(['arithmetic_ms', 'bytes_ms', 'dispatch_ms']);
  const floors = Object.values(line.floor as Record<string, number>);
  expect(line.floor_ms).toBe(Math.max(...floors));
  expect(Math.min(...floors)).toBeGreaterThan(0);
  expect(line.ms_per_step).toBeGreaterThan(0);
  expect(line.tokens_per_s).toBe(Math.round((128 * 1000) / line.ms_per_step));
  expect(line.submits_per_step).toBeGreaterThan(0); // about a half; more where the machine is so busy that a step is cut
  expect(kernels.reduce((sum, { count }) => sum + count, 0)).toBe(line.dispatches_per_step);
  expect(kernels.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
});

test.for([
  [['--config', 'huge'], /Take one of tiny, small, nanogpt-cpu, nanogpt-gpu or all/],
  [['--optimizer', 'adamax'], /Take one of adamw, adam, sgd, lion, muon/],
  [['--generate', '--optimizer', 'muon'], /--generate does nothing with --optimizer/],
  [['--steps', '0'], /at least 1, not 0/],
  [['tiny'], /belongs to no flag/],
  [['--generate', '--steps', '3', '--profile'], /--generate does nothing with --steps and --profile/],
  [['--curve', '--no-tune'], /--curve does nothing with --no-tune/],
  [['--tune', '--no-tune'], /say opposite things/],
] as const)('%j is refused in one line', async ([args, words]) => {
  const { status, stdout, stderr } = await here('bench', ...args);
  expect(status).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toMatch(words);
});

test('--generate: a configuration is a line of JSON about its writing', () => {
  const { status, stdout } = bench('--generate', '--config', 'tiny', '--json');
  expect(status).toBe(0);
  const line = JSON.parse(stdout);
  expect(Object.keys(line)).toEqual([
    'config',
    'adapter',
    'parameters',
    'ms_per_character',
    'characters_per_s',
    'floor_ms_per_character',
    'floor',
    'position',
    'dispatches_per_character',
    'bytes_per_character',
    'gpu_bytes',
  ]);
  expect(line.floor_ms_per_character).toBeCloseTo(line.floor.bytes_ms + line.floor.dispatch_ms, 10);
  expect(line.characters_per_s).toBeCloseTo(1000 / line.ms_per_character, 6);
  // embedding; seven a layer; norm, head and draw
  expect(line.dispatches_per_character).toBe(1 + 7 * 2 + 3);
  // 28,576 parameters of which 31 rows of wpe are not read, and 24 rows of keys and values in 2 layers
  expect(line.bytes_per_character).toBe(4 * (28_576 - 31 * 32) + 4 * 2 * 2 * 32 * 24);
});
