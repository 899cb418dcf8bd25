import { execFile } from 'node:child_process';
import { readdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../src/cli/set-up.mjs';

const BUNDLE = join(ROOT, 'dist/cli/inkling.mjs');

/** Starts the command line without a command, which it refuses in one line. */
function launch(): Promise<{ code: unknown; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(ROOT, 'src/cli/launch.mjs')], (error, _, stderr) => {
      resolve({ code: error?.code ?? 0, stderr });
    });
  });
}

beforeAll(launch);

test('a bundle that is up to date is started as it is', async () => {
  const before = statSync(BUNDLE).mtimeMs;
  const { code, stderr } = await launch();
  expect(code).toBe(2);
  expect(stderr).toMatch(/^No command was given[^\n]*\n$/);
  expect(statSync(BUNDLE).mtimeMs).toBe(before);
});

test('an old bundle is made anew, also by two launches at once', async () => {
  utimesSync(BUNDLE, 1000, 1000);
  for (const { code, stderr } of await Promise.all([launch(), launch()])) {
    expect(code).toBe(2);
    expect(stderr).toMatch(/^Building the command line \.\.\.\nNo command was given[^\n]*\n$/);
  }
  expect(statSync(BUNDLE).mtimeMs).toBeGreaterThan(1_000_000);
  expect(readdirSync(join(ROOT, 'dist')).filter((name) => name.startsWith('cli-'))).toEqual([]);
});
