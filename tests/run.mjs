// `npm test`: installs what is missing, finds or installs a browser, and runs Vitest. Arguments pass through to it.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
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
const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
becomeNode([vitest, 'run', '--root', ROOT, ...process.argv.slice(2)], await vulkanEnvironment());
