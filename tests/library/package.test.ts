import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { vulkanEnvironment } from '../../src/cli/set-up.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

function run(args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8', ...options });
  return { status, output: `${stdout}${stderr}` };
}

const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');

beforeAll(() => {
  const vite = [join(ROOT, 'node_modules/vite/bin/vite.js'), 'build', '--config', 'src/library/vite.config.ts'];
  expect(run([...vite, '--logLevel', 'error'])).toMatchObject({ status: 0 });
  expect(run([tsc, '-p', 'src/library'])).toEqual({ status: 0, output: '' });
});

/** Runs an example; where the machine has a driver that finds no adapter, on the one of an installed Chromium. */
async function example(name: string) {
  const lent = await vulkanEnvironment();
  const start = (more: NodeJS.ProcessEnv) =>
    run([join(ROOT, 'examples', name)], { env: { ...process.env, ...lent, ...more } });
  const first = start({});
  const { INKLING_SPARE_DRIVER: spare } = lent as NodeJS.ProcessEnv;
  return spare && first.output.includes('no-adapter') ? start({ VK_ICD_FILENAMES: spare }) : first;
}

test('the example for Node trains, writes, saves and loads', async () => {
  const { status, output } = await example('node.mjs');
  expect(output).toContain('loaded again: true');
  expect(output).toMatch(/^She/m);
  expect(Number(/validation loss ([\d.]+)/.exec(output)?.[1])).toBeLessThan(1.5);
  expect(status).toBe(0);
});

test('the example of shrinking tells what each way costs, and keeps two', async () => {
  const { status, output } = await example('shrink.mjs');
  const measured = [...output.matchAll(/^\{.*\}$/gm)].map(([line]) => JSON.parse(line));
  expect(measured.map(({ variant }) => variant.bits)).toEqual([32, 8, 32]);
  expect(measured[1].bytes).toBeLessThan(measured[0].bytes / 2);
  expect(measured[2].control_val_loss).toBeLessThan(measured[0].val_loss);
  expect(output).toContain(`8 bits: ${measured[1].bytes} bytes, loss `);
  const [, cut, mended] = /half of the weights: loss ([\d.]+), after training on ([\d.]+)/.exec(output)!;
  expect(Number(mended)).toBeLessThan(Number(cut));
  expect(status).toBe(0);
});

test('a strict consumer compiles against the types, without any of our settings', () => {
  const folder = mkdtempSync(join(tmpdir(), 'inkling-consumer-'));
  try {
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(ROOT, join(folder, 'node_modules/inkling'));
    copyFileSync(join(ROOT, 'tests/library/consumer.ts'), join(folder, 'consumer.ts'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    for (const [module, moduleResolution] of [
      ['ESNext', 'bundler'],
      ['NodeNext', 'nodenext'],
    ]) {
      const compilerOptions = { target: 'ES2023', module, moduleResolution, strict: true, noEmit: true, types: [] };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
      expect(run([tsc, '-p', folder], { cwd: folder })).toEqual({ status: 0, output: '' });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the module holds the shaders, and neither the page nor anything of Node', () => {
  const code = readFileSync(join(ROOT, 'dist/lib/inkling.js'), 'utf8');
  expect(code).toContain('fn attention_cached(');
  expect(code).not.toMatch(/customElements|LitElement|^\s*import\b|\brequire\(|["']node:/m);
});

test('packed, it holds every file that its exports name', () => {
  const { status, stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  expect(status).toBe(0);
  const packed: string[] = JSON.parse(stdout)[0].files.map(({ path }: { path: string }) => `./${path}`);
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  for (const path of [...Object.values(exports['.']), exports['./package.json']]) expect(packed).toContain(path);
  expect(packed.filter((path) => /\/(ui|cli)\//.test(path))).toEqual([]);
});
