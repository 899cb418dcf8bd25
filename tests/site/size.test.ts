import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const KB = 1000;

/** Packages whose code is not ours; texts that come as packages are no code. */
const LIBRARIES = /^(lit|uplot|comlink|idb|fflate|@noble\/hashes|@huggingface\/tokenizers)(\/|$)(?!.*\?)/;

/** Scripts and styles of a built site, by name: their code, and whether a first run loads them. */
type Files = Map<string, { code: string; first: boolean }>;

/** Builds the page as it is, or without what comes from packages. */
async function site(whole: boolean): Promise<Files> {
  const outDir = mkdtempSync(join(tmpdir(), 'inkling-size-'));
  const external = whole ? [] : LIBRARIES;
  const { NODE_ENV } = process.env;
  process.env.NODE_ENV = 'production'; // Vitest's own makes another page than the public gets
  const { default: config } = await import('../../vite.config.ts');
  await build({
    ...config,
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    build: { ...config.build, outDir, emptyOutDir: true, rolldownOptions: { external } },
    worker: { ...config.worker, rolldownOptions: { external } },
  });
  process.env.NODE_ENV = NODE_ENV;
  const paths = readdirSync(outDir, { recursive: true, encoding: 'utf8' }).filter((path) => /\.(js|css)$/.test(path));
  const files: Files = new Map(
    paths.map((path) => [basename(path), { code: readFileSync(join(outDir, path), 'utf8'), first: false }]),
  );
  const load = (name: string) => {
    const file = files.get(name);
    if (!file || file.first) return;
    file.first = true;
    // what a module imports is loaded with it; what it calls import() on, later
    for (const [, imported] of file.code.matchAll(
      /(?:import|export)(?:[^"'`()]*?\bfrom)?\s*["'`]\.\/([^"'`]+)["'`]/g,
    )) {
      load(imported!);
    }
  };
  const page = readFileSync(join(outDir, 'index.html'), 'utf8');
  for (const [, name] of page.matchAll(/(?:src|href)="\.\/assets\/([^"]+)"/g)) load(name!);
  for (const name of files.keys()) if (name.startsWith('session.worker')) load(name);
  rmSync(outDir, { recursive: true });
  return files;
}

/** Bytes that cross the network, most hosts compressing as gzip does. */
function size(files: Files, firstOnly: boolean): number {
  const counted = [...files.values()].filter(({ first }) => first || !firstOnly);
  return counted.reduce((sum, { code }) => sum + gzipSync(code, { level: 9 }).length, 0);
}

let whole: Files;
let own: Files;
beforeAll(async () => {
  whole = await site(true);
  own = await site(false);
});
afterAll(() => {
  const kb = (bytes: number) => `${(bytes / KB).toFixed(1)} KB`;
  console.log(
    [...whole].filter(([, { first }]) => first).map(([name, { code }]) => `${name} ${kb(gzipSync(code).length)}`),
  );
  console.log(
    `gzipped: a first run ${kb(size(own, true))}, ${kb(size(whole, true))} with libraries;`,
    `all ${kb(size(own, false))}, ${kb(size(whole, false))} with libraries`,
  );
});

test('a first run loads less than 150 KB of ours', () => {
  const first = [...whole].filter(([, file]) => file.first).map(([name]) => name.replace(/-[\w-]{8}\./, '.'));
  expect(first).toEqual(expect.arrayContaining(['index.js', 'index.css', 'session.worker.js']));
  // the measure counts what it should: without libraries there is less, and not nothing
  expect(size(own, true)).toBeGreaterThan(50 * KB);
  expect(size(own, true)).toBeLessThan(size(whole, true) - 30 * KB);
  expect(size(own, true)).toBeLessThan(150 * KB);
});

test('what few need at first is not loaded at first', () => {
  const first = [...whole.values()].filter((file) => file.first).map(({ code }) => code);
  const says = (word: string) => first.some((code) => code.includes(word));
  expect(says('inkling-page')).toBe(true);
  // words of the exporters, of the other parts of the page and of the help
  for (const word of [
    'general.architecture',
    'model_type',
    'parameters-panel"',
    'How this page is used',
    'ByteLevel',
  ]) {
    expect([word, says(word)]).toEqual([word, false]);
  }
});
