// `npm test`: installs what is missing, finds or installs a browser, and runs Vitest. Arguments pass through to it.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  becomeNode,
  findChrome,
  installPackages,
  ROOT,
  requireNode,
  stop,
  vulkanEnvironment,
} from '../src/cli/set-up.mjs';

const MINUTE = 60_000;

/** Parts of the e2e project, each with its own build of the site: small enough that both lanes end at about the same time. */
const E2E_PARTS = 8;

/** What holds the page to times, and so must have the machine to itself. */
const TIMED = 'tests/e2e/speed.e2e.test.ts';

/** Playwright's own download. It says why it failed only in many lines, so they are kept from the reader. */
function downloadChrome() {
  console.log('No Chrome or Chromium is installed: downloading one ...');
  const playwright = join(ROOT, 'node_modules/playwright/cli.js');
  spawnSync(process.execPath, [playwright, 'install', '--no-shell', 'chromium'], { cwd: ROOT, timeout: 5 * MINUTE });
}

function installDebianChromium() {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return;
  console.log('The download failed: installing Debian’s Chromium ...');
  const options = { timeout: 10 * MINUTE, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  spawnSync('apt-get', ['update', '-q'], options);
  spawnSync('apt-get', ['install', '-qy', '--no-install-recommends', 'chromium', 'fonts-liberation'], options);
}

async function requireChrome() {
  for (const install of [() => {}, downloadChrome, installDebianChromium]) {
    install();
    const chrome = await findChrome();
    if (chrome && existsSync(chrome)) return chrome;
    if (chrome) stop(`CHROME_PATH names ${chrome}, which does not exist: set it to a Chrome or Chromium program.`);
  }
  return stop('The tests need Chrome or Chromium: install one, or set CHROME_PATH to its program, and try again.');
}

requireNode();
installPackages(console.log);
process.env.CHROME_PATH = await requireChrome();
const vitest = [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--root', ROOT];
const given = process.argv.slice(2);
const environment = await vulkanEnvironment();
const isWhole = given.every((argument) => /^--(reporter|outputFile)/.test(argument));
if (isWhole) await runAll();
else becomeNode([...vitest, ...given], environment);

/**
 * Everything, in two runs at a time: the process of Chromium that stands for a GPU keeps one core busy, however many pages
 * it has. One lane begins with the node project and the other with the gpu project; whichever is free takes the next part
 * of the e2e project. What measures times comes last, alone. What all of them report is put together at the end.
 */
async function runAll() {
  const reports = mkdtempSync(join(tmpdir(), 'inkling-tests-'));
  let code = 0;
  let runs = 0;
  const run = async (/** @type {string} */ project, /** @type {string[]} */ ...which) => {
    const report = join(reports, `${++runs}.json`);
    const options = ['--project', project, '--reporter=default', '--reporter=blob', `--outputFile.blob=${report}`];
    const child = spawn(process.execPath, [...vitest, ...options, ...which], {
      stdio: 'inherit',
      env: { ...process.env, ...environment },
    });
    const ended = await new Promise((resolve) => child.on('close', (ended) => resolve(ended ?? 1)));
    code = Math.max(code, ended);
  };
  const parts = Array.from({ length: E2E_PARTS }, (_, i) => `${i + 1}/${E2E_PARTS}`);
  const lane = async (/** @type {string} */ first) => {
    await run(first);
    for (let part = parts.shift(); part; part = parts.shift()) {
      await run('e2e', `--shard=${part}`, `--exclude=${TIMED}`);
    }
  };
  await Promise.all([lane('node'), lane('gpu')]);
  await run('e2e', TIMED);
  const merged = spawnSync(process.execPath, [...vitest, `--merge-reports=${reports}`, ...given], { stdio: 'inherit' });
  rmSync(reports, { recursive: true });
  process.exitCode = Math.max(merged.status ?? 1, code);
}
