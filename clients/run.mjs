// `npm run clients`: installs other people's programs here, beside the app and not in it, and lets each of them open what
// Inkling exports.

import { readFileSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { becomeNode, installPackages, npm, ROOT, requireNode, stop, vulkanEnvironment } from '../src/cli/set-up.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** llama.cpp comes as one package a platform; the others of them (CUDA, Vulkan) have hundreds of megabytes. */
const PLATFORMS = {
  'darwin arm64': 'mac-arm64-metal',
  'darwin x64': 'mac-x64',
  'linux arm64': 'linux-arm64',
  'linux x64': 'linux-x64',
  'win32 arm64': 'win-arm64',
  'win32 x64': 'win-x64',
};

function installClients() {
  const platform = PLATFORMS[`${process.platform} ${process.arch}`];
  if (!platform) stop(`llama.cpp has no package for ${process.platform} ${process.arch}.`);
  const age = (path) => statSync(join(HERE, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const native = `node_modules/@node-llama-cpp/${platform}`;
  if (age('node_modules/.package-lock.json') >= age('package-lock.json') && age(native) > 0) return;
  console.log('Installing the clients (400 MB, once) ...');
  const { dependencies } = JSON.parse(readFileSync(join(HERE, 'package.json'), 'utf8'));
  // No scripts: onnxruntime-node's would fetch CUDA, and node-llama-cpp's would compile. What the lock file says holds.
  const wanted = `@node-llama-cpp/${platform}@${dependencies['node-llama-cpp']}`;
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  const result = npm(['install', '--no-save', '--omit=optional', '--ignore-scripts', ...quiet, wanted], HERE);
  if (result.status !== 0) {
    const said = (result.stderr ?? '').trim() || result.error?.message || 'no reason given';
    stop(`The clients could not be installed, so nothing was checked with them; npm says:\n${said}`);
  }
  const now = new Date();
  utimesSync(join(HERE, 'node_modules/.package-lock.json'), now, now);
}

requireNode();
installPackages(console.log);
installClients();
const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
becomeNode(
  [vitest, 'run', '--root', ROOT, '--config', join(HERE, 'vitest.config.ts'), ...process.argv.slice(2)],
  await vulkanEnvironment(),
);
