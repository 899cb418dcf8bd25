import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const SERVICE_WORKER = 'service-worker.js';
/** What nobody needs to use the page. */
const LEFT_OUT = new Set([SERVICE_WORKER, 'licenses.md']);

/** A file that the site keeps for use without a network. */
export interface KeptFile {
  /** Relative to the page; empty for the page itself. */
  path: string;
  /** As `fetch` checks it: a file of another version is no match. */
  integrity: string;
}

/** Lists the files of a built site in its service worker, which changes when any of them does. */
export function listFiles(folder: string): void {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length).replaceAll('\\', '/').replace(/^\//, ''))
    .filter((path) => !LEFT_OUT.has(path) && !path.endsWith('.map'))
    .sort()
    .map((path): KeptFile => {
      const hash = createHash('sha256').update(readFileSync(join(folder, path)));
      return { path: path === 'index.html' ? '' : path, integrity: `sha256-${hash.digest('base64')}` };
    });
  const list = JSON.stringify(files);
  const version = createHash('sha256').update(list).digest('hex').slice(0, 16);
  const script = join(folder, SERVICE_WORKER);
  const code = readFileSync(script, 'utf8');
  writeFileSync(
    script,
    code.replace('__FILES__', () => list).replace('__VERSION__', () => JSON.stringify(version)),
  );
}

/** Adds a service worker to a built site, so that it works without a network after the first visit. */
export function offline(): Plugin {
  return {
    name: 'inkling:offline',
    apply: 'build',
    buildStart() {
      const id = fileURLToPath(new URL('./service-worker.ts', import.meta.url));
      this.emitFile({ type: 'chunk', id, fileName: SERVICE_WORKER });
    },
    writeBundle: { order: 'post', sequential: true, handler: ({ dir }) => listFiles(dir!) },
  };
}
