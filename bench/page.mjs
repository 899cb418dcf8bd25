// Measures the built page in a browser, as a person meets it: how long after a click on Train the first loss stands there, how
// many milliseconds a step of a run takes, how soon clicks are answered meanwhile, and what keeps the main thread; then the
// page's own benchmark. One line of JSON for each. `npm run -s bench:page -- --help` tells the rest.

import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright';

const USAGE = `Usage: npm run -s bench:page -- [flags]
  --config A,B      configurations: tiny, small, nanogpt-cpu, nanogpt-gpu (tiny)
  --seconds N       how long each run is watched once it trains (5)
  --stand A,B       seconds that a page stands before the click on Train, a page for each (8)
  --no-benchmark    leave out the page's own benchmark
  --software        compute on the processor (SwiftShader) instead of the GPU
  --precision P     f32, f16 or auto for the runs (f32)
  --folder PATH     the built site (dist/site)
  --chrome PATH     the browser (CHROME_PATH, or an installed one)
  --flag F          another flag for the browser; may stand several times`;

const TYPES = /** @type {Record<string, string>} */ ({
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
});

/** Flags by which headless Chrome gives a page the machine's GPU on Linux, f16 on NVIDIA's among what it offers. */
const REAL = [
  '--enable-unsafe-webgpu',
  '--enable-features=Vulkan',
  '--use-angle=vulkan',
  '--disable-vulkan-surface',
  '--ignore-gpu-blocklist',
  '--enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia',
];
const SOFTWARE = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

/** A machine without a language makes a headless browser name one that does not exist. */
const LOCALE = 'en-US';
const LONG_TASK_MS = 50;
/** Of a run that outlasts its watching, and neither evaluates nor writes meanwhile. Its schedule takes 1.6 MB, at once. */
const ENDLESS = 'steps=100000&eval_interval=100000&sample_interval=0';
/** A click that has not been answered after so long never is. */
const ANSWER_MS = 10_000;
const MINUTE = 60_000;

/**
 * Serves a folder to this machine.
 * @param {string} folder
 * @returns {Promise<{ address: string, close: () => void }>}
 */
async function serve(folder) {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname));
    const file = join(folder, path.endsWith('/') ? `${path}index.html` : path);
    if (path.includes('..') || !statSync(file, { throwIfNoEntry: false })?.isFile()) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { address: `http://127.0.0.1:${port}/`, close: () => server.close() };
}

/** @param {number[]} values */
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? null;

/** @param {unknown} value */
const tell = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

/**
 * What the page's labelled reading says, once it is a number that `holds`, and when that was.
 * @param {import('playwright').Page} page
 * @param {string} label
 * @param {(value: number) => boolean} holds
 * @param {number} timeout
 */
async function reading(page, label, holds, timeout) {
  const place = page.getByLabel(label, { exact: true });
  for (const end = performance.now() + timeout; performance.now() < end; ) {
    const value = Number.parseFloat((await place.textContent())?.replaceAll(',', '') ?? '');
    if (holds(value)) return { value, at: performance.now() };
    await page.waitForTimeout(10);
  }
  throw new Error(`${label} did not come within ${timeout / 1000} s`);
}

/**
 * Milliseconds from a click, made inside the page, until the other button stands in its place.
 * @param {import('playwright').Page} page
 * @param {string} name
 * @param {string} answer
 */
function clickToAnswer(page, name, answer) {
  return page.evaluate(
    async ([name, answer, wait]) => {
      /** @type {(root: Document | ShadowRoot, text: string) => HTMLButtonElement | undefined} */
      const find = (root, text) => {
        for (const element of root.querySelectorAll('*')) {
          if (element instanceof HTMLButtonElement && element.textContent?.trim() === text) return element;
          const inside = element.shadowRoot && find(element.shadowRoot, text);
          if (inside) return inside;
        }
        return undefined;
      };
      const started = performance.now();
      find(document, name)?.click();
      while (!find(document, answer)) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        if (performance.now() - started > wait) throw new Error(`${name} was not answered by ${answer}`);
      }
      return performance.now() - started;
    },
    /** @type {[string, string, number]} */ ([name, answer, ANSWER_MS]),
  );
}

/**
 * A run of a preset on a page of its own, watched for some seconds.
 * @param {import('playwright').Browser} browser
 * @param {string} address
 * @param {{ config: string, precision: string, stand: number, seconds: number }} options
 */
async function watchRun(browser, address, { config, precision, stand, seconds }) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: LOCALE });
  const page = await context.newPage();
  const complaints = /** @type {string[]} */ ([]);
  page.on('pageerror', (error) => complaints.push(error.message));
  try {
    await page.goto(`${address}#preset=${config}&${ENDLESS}${precision === 'f32' ? '' : `&precision=${precision}`}`);
    const train = page.getByRole('button', { name: 'Train' });
    await train.waitFor({ timeout: MINUTE });
    await page.waitForTimeout(1000 * stand);
    await train.click({ timeout: MINUTE });
    const clicked = performance.now();
    const first = await reading(page, 'Training loss', Number.isFinite, 4 * MINUTE);
    await page.evaluate(() => {
      const tasks = /** @type {number[]} */ ([]);
      Object.assign(globalThis, { tasks });
      new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
        type: 'longtask',
      });
    });
    await page.waitForTimeout(1000); // the first submits are small
    const from = await reading(page, 'Step', Number.isFinite, MINUTE);
    await page.waitForTimeout(1000 * seconds);
    const to = await reading(page, 'Step', (step) => step > from.value, MINUTE);
    const answers = [];
    for (let i = 0; i < 3; i++) {
      answers.push(await clickToAnswer(page, 'Pause', 'Resume'), await clickToAnswer(page, 'Resume', 'Pause'));
      await page.waitForTimeout(200);
    }
    const facts = await page.getByText(/GPU dispatches a step/).textContent({ timeout: 5000 });
    const tasks = await page.evaluate(() => /** @type {any} */ (globalThis).tasks.filter(Boolean));
    return {
      page: 'run',
      config,
      asked: precision,
      facts: facts?.trim(), // say what was computed in, where it was not f32
      stood_s: stand,
      first_loss_ms: Math.round(first.at - clicked),
      ms_per_step: Number(((to.at - from.at) / (to.value - from.value)).toPrecision(3)),
      clicks_answered_ms: { median: Math.round(median(answers) ?? Number.NaN), most: Math.round(Math.max(...answers)) },
      long_tasks: {
        count: tasks.filter((/** @type {number} */ ms) => ms > LONG_TASK_MS).length,
        longest_ms: Math.max(0, ...tasks),
      },
      complaints,
    };
  } finally {
    await context.close();
  }
}

/**
 * The page's own benchmark, as its table has it, row by row as they come.
 * @param {import('playwright').Browser} browser
 * @param {string} address
 * @param {string[]} configs the rows to wait for
 */
async function* ownBenchmark(browser, address, configs) {
  const page = await browser.newPage({ locale: LOCALE });
  try {
    await page.goto(`${address}?bench`);
    const panel = page.locator('bench-panel');
    await panel.getByRole('button', { name: 'Measure', exact: true }).click({ timeout: MINUTE });
    for (const config of configs) {
      await panel.getByRole('rowheader', { name: config, exact: true }).waitFor({ timeout: 4 * MINUTE });
      const row = panel.getByRole('row', { name: new RegExp(`^${config}\\b`) });
      const cells = await row.getByRole('cell').allTextContents();
      const [ms_per_step, floor_ms, , tokens_per_s, dispatches_per_step, submits_per_step] = cells.map((cell) =>
        Number(cell.replaceAll(',', '')),
      );
      const figures = { ms_per_step, floor_ms, tokens_per_s, dispatches_per_step, submits_per_step };
      yield { page: 'benchmark', config, ...figures, gpu_memory: cells.at(-1) };
    }
  } finally {
    await page.close();
  }
}

/** @param {string} chosen */
async function chromeAt(chosen) {
  if (chosen) return chosen;
  const { findChrome } = await import('../src/cli/set-up.mjs');
  return findChrome();
}

const { values: flags } = parseArgs({
  options: {
    config: { type: 'string', default: 'tiny' },
    seconds: { type: 'string', default: '5' },
    stand: { type: 'string', default: '8' },
    'no-benchmark': { type: 'boolean', default: false },
    software: { type: 'boolean', default: false },
    precision: { type: 'string', default: 'f32' },
    folder: { type: 'string', default: 'dist/site' },
    chrome: { type: 'string', default: process.env.CHROME_PATH ?? '' },
    flag: { type: 'string', multiple: true, default: [] },
    help: { type: 'boolean', default: false },
  },
});
if (flags.help) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}
if (!existsSync(join(flags.folder, 'index.html'))) {
  process.stderr.write(
    `There is no built site in ${flags.folder}: run npm run build, or name its folder with --folder.\n`,
  );
  process.exit(1);
}
const executablePath = await chromeAt(flags.chrome);
const server = await serve(flags.folder);
const browser = await chromium.launch({
  ...(executablePath ? { executablePath } : {}),
  args: ['--no-sandbox', '--disable-background-networking', ...(flags.software ? SOFTWARE : REAL), ...flags.flag],
});
let failures = 0;
const attempt = async (
  /** @type {object} */ what,
  /** @type {() => AsyncIterable<unknown> | Promise<unknown[]>} */ work,
) => {
  try {
    for await (const line of await work()) tell(line);
  } catch (error) {
    failures += 1;
    tell({ ...what, failure: String(error instanceof Error ? error.message : error).split('\n')[0] });
  }
};
const configs = flags.config.split(',');
let meant = false;
await attempt({ page: 'adapter' }, async () => {
  const page = await browser.newPage({ locale: LOCALE });
  await page.goto(server.address);
  const adapter = await page.evaluate(async () => {
    const found = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
    if (!found) return null;
    const { vendor, architecture, device, description } = found.info;
    return { vendor, architecture, device, description, features: [...found.features].sort() };
  });
  await page.close();
  meant = adapter !== null && (adapter.architecture === 'swiftshader') === flags.software;
  const failure = meant ? {} : { failure: flags.software ? 'SwiftShader was not found' : 'no GPU was found' };
  return [{ page: 'adapter', browser: browser.version(), adapter, ...failure }];
});
if (!meant) failures += 1;
for (const config of meant ? configs : []) {
  for (const stand of flags.stand.split(',').map(Number)) {
    const options = { config, precision: flags.precision, stand, seconds: Number(flags.seconds) };
    await attempt({ page: 'run', config }, async () => [await watchRun(browser, server.address, options)]);
  }
}
if (meant && !flags['no-benchmark']) {
  await attempt({ page: 'benchmark' }, () => ownBenchmark(browser, server.address, configs));
}
await browser.close();
server.close();
process.exitCode = failures > 0 ? 1 : 0;
