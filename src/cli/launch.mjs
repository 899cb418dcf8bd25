// The command line's first step: installs what is missing, bundles the TypeScript when it has changed, lends a
// driver where the machine has none, and hands over to the bundle.

import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { becomeNode, installPackages, newest, ROOT, requireNode, stop, vulkanEnvironment } from './set-up.mjs';

const BUNDLE = join(ROOT, 'dist/cli/inkling.mjs');

/** @param {string} line */
function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Bundles src/cli/main.ts when a source is newer than the bundle. */
function build() {
  const sources = ['src', 'shaders', 'package-lock.json'].map((path) => newest(join(ROOT, path)));
  if (newest(BUNDLE) >= Math.max(...sources)) return;
  say('Building the command line ...');
  const begun = new Date();
  // A folder of its own, and one rename: two launches at once never see half a file.
  const folder = join(ROOT, `dist/cli-${process.pid}`);
  const vite = join(ROOT, 'node_modules/vite/bin/vite.js');
  const config = join(ROOT, 'src/cli/vite.config.ts');
  const args = [vite, 'build', '--config', config, '--outDir', folder, '--logLevel', 'error'];
  const result = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
  if (result.status === 0) {
    mkdirSync(join(ROOT, 'dist/cli'), { recursive: true });
    // What is saved during the build counts as newer than it.
    utimesSync(join(folder, 'inkling.mjs'), begun, begun);
    renameSync(join(folder, 'inkling.mjs'), BUNDLE);
  }
  rmSync(folder, { recursive: true, force: true });
  if (result.status !== 0) stop(`The command line could not be built:\n${result.stderr || result.stdout}`);
}

requireNode();
installPackages(say);
build();
becomeNode([BUNDLE, ...process.argv.slice(2)], await vulkanEnvironment());
