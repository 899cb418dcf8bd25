// `npm start`: installs what is missing, serves the page, prints its address and opens it where there is a display.

import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { installPackages, ROOT, requireNode } from './set-up.mjs';

const USAGE = 'Usage: npm start -- [--port N] [--no-open]';

/** @returns {{ port: number, open: boolean }} */
function readFlags() {
  try {
    const { values } = parseArgs({ options: { port: { type: 'string' }, 'no-open': { type: 'boolean' } } });
    const port = Number(values.port ?? 5173);
    if (!Number.isInteger(port) || port < 1 || port > 65535)
      throw new Error(`${values.port} is no port from 1 to 65535.`);
    return { port, open: !values['no-open'] };
  } catch (error) {
    const fault = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${fault.replace(/\.?$/, '.')} ${USAGE}\n`);
    process.exit(2);
  }
}

/** @param {string} address */
function openInBrowser(address) {
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  /** @type {Partial<Record<NodeJS.Platform, [string, string[]]>>} */
  const openers = {
    darwin: ['open', [address]],
    win32: ['cmd', ['/c', 'start', '', address]],
    linux: ['xdg-open', [address]],
  };
  const opener = openers[process.platform];
  if (!opener || (process.platform === 'linux' && !DISPLAY && !WAYLAND_DISPLAY)) return;
  // Where it can't be opened, the printed address is enough.
  spawn(...opener, { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref();
}

requireNode();
const { port, open } = readFlags();
installPackages(console.log);

const { createServer } = await import('vite');
const server = await createServer({ root: ROOT, server: { port }, logLevel: 'warn' });
await server.listen();
const address = server.resolvedUrls?.local[0] ?? `http://localhost:${port}/`;
console.log(`Inkling is at ${address}\nPress Ctrl-C to end it.`);
if (open) openInBrowser(address);

/** @type {NodeJS.Signals[]} */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
for (const signal of signals) process.once(signal, () => server.close().finally(() => process.exit(0)));
