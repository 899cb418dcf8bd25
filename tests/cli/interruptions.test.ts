import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeCheckpoint } from '../../src/training/checkpoint.ts';
import { Random } from '../reference/arrays.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const INTERRUPTIONS = Number(process.env.INKLING_INTERRUPTIONS ?? 2);
const SMALL = ['--layers', '1', '--heads', '1', '--width', '12', '--context', '9', '--batch', '3', '--eval-every', '4'];
const CHECKPOINT = 'checkpoint.safetensors';
const METRICS = 'metrics.csv';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inkling-'));
  writeFileSync(
    join(folder, 'text.txt'),
    'A drop of ink may make a million think; it may also make a blot. '.repeat(40),
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Outcome {
  status: number | null;
  lines: Record<string, unknown>[];
  stderr: string;
}

/** Runs `train`, and kills it with all its processes when so many lines have come, and so many milliseconds have passed. */
function train(args: string[], kill?: { lines: number; ms: number }): Promise<Outcome> {
  return new Promise((resolve) => {
    const launcher = join(ROOT, 'src/cli/launch.mjs');
    const child = spawn(process.execPath, [launcher, 'train', ...args, '--json'], { cwd: ROOT, detached: true });
    let stdout = '';
    let stderr = '';
    let killed = false;
    const check = () => {
      if (kill && !killed && stdout.split('\n').length > kill.lines) {
        killed = true;
        setTimeout(() => {
          try {
            process.kill(-child.pid!, 'SIGKILL');
          } catch {
            // it has ended by itself
          }
        }, kill.ms);
      }
    };
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      check();
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('close', (status) => {
      const whole = stdout.split('\n').slice(0, -1); // a kill cuts the last one
      resolve({ status, lines: whole.map((line) => JSON.parse(line)), stderr });
    });
  });
}

test('killed at any moment and resumed, nothing is lost and no bit differs', { timeout: 600_000 }, async () => {
  const steps = 30 + 6 * INTERRUPTIONS;
  const args = ['--text', join(folder, 'text.txt'), ...SMALL, '--steps', String(steps), '--seed', '7'];
  const whole = await train([...args, '--out', join(folder, 'whole')]);
  expect(whole.stderr).toMatch(/Training/);
  const key = ({ step, loss }: Record<string, unknown>) => `${loss === undefined ? 'evaluation' : 'step'} ${step}`;
  const timeless = ({ tokens_per_s, seconds, ...rest }: Record<string, unknown>) => rest;
  const expected = new Map(whole.lines.map((line) => [key(line), timeless(line)]));

  const random = new Random(3);
  const out = join(folder, 'killed');
  const told = new Map<string, unknown>();
  let exact = 0;
  for (let i = 0; i <= INTERRUPTIONS; i++) {
    const kill = i < INTERRUPTIONS ? { lines: 1 + random.below(14), ms: random.below(60) } : undefined;
    const part = await train(i === 0 ? [...args, '--out', out] : ['--resume', out], kill);
    expect(part.stderr).toMatch(i === 0 ? /Training/ : /Going on after step/);
    for (const line of part.lines) {
      // whatever is told twice is told the same
      expect(timeless(line)).toEqual(expected.get(key(line)));
      told.set(key(line), timeless(line));
    }
    if (i > 0) exact++;
  }
  expect(told).toEqual(expected);
  expect(readFileSync(join(out, CHECKPOINT))).toEqual(readFileSync(join(folder, 'whole', CHECKPOINT)));
  expect(readFileSync(join(out, METRICS), 'utf8')).toBe(readFileSync(join(folder, 'whole', METRICS), 'utf8'));
  console.log(
    `interruption: kill -9; interrupted ${INTERRUPTIONS} times; exact resumes ${exact}; losses ${INTERRUPTIONS - exact}`,
  );

  // The newest checkpoint is damaged: the one before it is taken, and the end is the same.
  const sound = readFileSync(join(out, CHECKPOINT));
  writeFileSync(join(out, CHECKPOINT), sound.subarray(0, sound.length / 2));
  const mended = await train(['--resume', out]);
  expect(mended.stderr).toMatch(/The checkpoint before it is taken, after step \d+/);
  expect(mended.status).toBe(0);
  expect(readFileSync(join(out, CHECKPOINT))).toEqual(sound);
  expect(readdirSync(out).sort()).toEqual(['checkpoint.previous.safetensors', CHECKPOINT, METRICS]);

  // A text that has changed is no text to go on with.
  writeFileSync(join(folder, 'text.txt'), 'Another text, as long as you please. '.repeat(80));
  const mixed = await train(['--resume', out]);
  expect(mixed.status).toBe(1);
  expect(mixed.stderr).toMatch(/is not the text that this run has learnt from/);
});

test('whoever reads the output may leave: the run saves and ends', { timeout: 120_000 }, async () => {
  const out = join(folder, 'left');
  const args = ['--text', join(folder, 'text.txt'), ...SMALL, '--steps', '100000', '--out', out];
  const launcher = join(ROOT, 'src/cli/launch.mjs');
  const child = spawn(process.execPath, [launcher, 'train', ...args, '--json'], { cwd: ROOT });
  let lines = 0;
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    lines += String(chunk).split('\n').length - 1;
    if (lines > 5) child.stdout.destroy();
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const status = await new Promise((resolve) => child.on('close', resolve));
  expect(stderr).toMatch(/Stopped after \d+ steps\. Go on with/);
  expect(status).toBe(1);
  const { state } = decodeCheckpoint(new Uint8Array(readFileSync(join(out, CHECKPOINT))));
  expect(state.step).toBeGreaterThan(0);
  expect(stderr).toContain(`Stopped after ${state.step} steps`);
});
