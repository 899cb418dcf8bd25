import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newest, ROOT } from '../../src/cli/set-up.mjs';

const children: ChildProcess[] = [];

/** Starts Node as a script of ours would be started without a terminal. */
function node(args: string[], environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let output = '';
  const listeners: (() => void)[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
      for (const listener of listeners) listener();
    });
  }
  return {
    child,
    ended: once(child, 'close').then(([code]) => ({ code: code as number | null, output })),
    says: (pattern: RegExp) =>
      new Promise<RegExpMatchArray>((resolve) => {
        const look = () => {
          const match = output.match(pattern);
          if (match) resolve(match);
        };
        listeners.push(look);
        look();
      }),
  };
}

/** The same, for one expression that may use what set-up.mjs exports. */
function setUp(expression: string, environment: Record<string, string> = {}) {
  const module = JSON.stringify(new URL('../../src/cli/set-up.mjs', import.meta.url).href);
  return node(['--input-type=module', '-e', `const s = await import(${module}); ${expression}`], environment);
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

describe('newest', () => {
  let folder: string;
  const at = (path: string, seconds: number) => utimesSync(join(folder, path), seconds, seconds);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'inkling-'));
    mkdirSync(join(folder, 'deep'));
    writeFileSync(join(folder, 'deep/a.ts'), '');
    writeFileSync(join(folder, 'b.ts'), '');
    for (const path of ['deep/a.ts', 'b.ts', 'deep', '.']) at(path, 1000);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('sees a change at any depth', () => {
    expect(newest(folder)).toBe(1_000_000);
    at('deep/a.ts', 3000);
    expect(newest(folder)).toBe(3_000_000);
  });

  test('sees that a file was deleted', () => {
    rmSync(join(folder, 'deep/a.ts'));
    expect(newest(folder)).toBeGreaterThan(1_000_000_000);
  });

  test('is zero where there is nothing', () => {
    expect(newest(join(folder, 'none'))).toBe(0);
  });
});

describe('a script that hands over to Node', () => {
  const waiting = `
    process.on('SIGINT', () => { console.log('stopping'); setTimeout(() => process.exit(5), 50); });
    setInterval(() => {}, 1000);
    console.log('ready');`;

  test('ends with the code of what it started', async () => {
    expect(await setUp(`s.becomeNode(['-e', 'console.log(6 * 7); process.exitCode = 3'])`).ended).toEqual({
      code: 3,
      output: '42\n',
    });
  });

  test('adds variables to the environment', async () => {
    const run = setUp(`s.becomeNode(['-e', 'console.log(process.env.INKLING_TEST)'], { INKLING_TEST: 'yes' })`);
    expect((await run.ended).output).toBe('yes\n');
  });

  // Windows has no signals to pass on.
  if (process.platform === 'win32') return;

  test('passes an interrupt on and waits for the tidy end', async () => {
    const run = setUp(`s.becomeNode(['-e', ${JSON.stringify(waiting)}])`);
    await run.says(/ready/);
    run.child.kill('SIGINT');
    expect(await run.ended).toEqual({ code: 5, output: 'ready\nstopping\n' });
  });

  test('tells of a signal as shells do', async () => {
    const run = setUp(`s.becomeNode(['-e', ${JSON.stringify(waiting)}])`);
    await run.says(/ready/);
    run.child.kill('SIGTERM');
    expect((await run.ended).code).toBe(128 + 15);
  });
});

describe('what is found on this machine', () => {
  test('CHROME_PATH comes first', async () => {
    const run = setUp('console.log(await s.findChrome())', { CHROME_PATH: '/some/where/chrome' });
    expect((await run.ended).output).toBe('/some/where/chrome\n');
  });

  test('a driver is lent only where one is missing, and what is lent exists', async () => {
    const bare = { VK_ICD_FILENAMES: '', VK_DRIVER_FILES: '', LD_LIBRARY_PATH: '' };
    const ask = 'console.log(JSON.stringify(await s.vulkanEnvironment()))';
    const lent: Record<string, string> = JSON.parse((await setUp(ask, bare).ended).output);
    if (process.platform !== 'linux') expect(lent).toEqual({});
    for (const driver of [lent.VK_ICD_FILENAMES, lent.INKLING_SPARE_DRIVER]) {
      if (driver) expect(existsSync(driver)).toBe(true);
    }
    for (const folder of lent.LD_LIBRARY_PATH?.split(delimiter) ?? []) expect(existsSync(folder)).toBe(true);
    // With that in place nothing more is missing; a spare driver stays one.
    const { INKLING_SPARE_DRIVER, XDG_RUNTIME_DIR, ...more } = JSON.parse(
      (await setUp(ask, { ...bare, ...lent }).ended).output,
    );
    expect(INKLING_SPARE_DRIVER).toBe(lent.INKLING_SPARE_DRIVER);
    expect(XDG_RUNTIME_DIR).toBe(lent.XDG_RUNTIME_DIR);
    expect(more).toEqual({});
  });

  test('a chosen driver is left alone', async () => {
    const run = setUp('console.log(JSON.stringify(await s.vulkanEnvironment()))', { VK_ICD_FILENAMES: '/mine.json' });
    const lent = JSON.parse((await run.ended).output);
    expect(lent).not.toHaveProperty('VK_ICD_FILENAMES');
    expect(lent).not.toHaveProperty('INKLING_SPARE_DRIVER');
  });
});

describe('npm start', () => {
  test('serves the page, says where, and ends on an interrupt', async () => {
    const run = node(['src/cli/start.mjs', '--no-open']);
    const [, address] = await run.says(/^Inkling is at (http:\/\/localhost:\d+\/)$/m);
    const page = await fetch(address!);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<title>Inkling');
    run.child.kill('SIGINT');
    expect((await run.ended).code).toBe(process.platform === 'win32' ? null : 0);
  });

  test('takes another port when its own is taken', async () => {
    const first = node(['src/cli/start.mjs', '--no-open']);
    const [, taken] = await first.says(/localhost:(\d+)/);
    const second = node(['src/cli/start.mjs', '--no-open', '--port', taken!]);
    const [, free] = await second.says(/localhost:(\d+)/);
    expect(Number(free)).toBeGreaterThan(Number(taken));
  });

  test.each([
    [['--prt', '80'], "Unknown option '--prt'."],
    [['--port', '99999'], '99999 is no port from 1 to 65535.'],
    [['--port', 'x'], 'x is no port from 1 to 65535.'],
    [['now'], "Unexpected argument 'now'."],
  ])('refuses %j in one line', async (flags, fault) => {
    const { code, output } = await node(['src/cli/start.mjs', ...flags]).ended;
    expect(code).toBe(2);
    expect(output).toContain(fault);
    expect(output).toMatch(/^[^\n]*Usage: npm start -- \[--port N\] \[--no-open\]\n$/);
  });
});
