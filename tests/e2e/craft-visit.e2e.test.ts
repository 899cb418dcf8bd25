import { readFileSync } from 'node:fs';
import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSite, type Site, waitForReading } from './browser.ts';

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

/** What the browser tells of a visit. */
interface Told {
  violations: string[];
  shifts: { value: number; what: string }[];
  firstPaint: number;
}

/** A page that remembers what its security policy has stopped and what has moved by itself. */
async function visit(
  width = 1280,
): Promise<{ page: Page; told: () => Promise<Told>; complaints: string[]; elsewhere: string[] }> {
  const context = await site.browser.newContext({ viewport: { width, height: 900 }, acceptDownloads: true });
  await context.addInitScript(() => {
    const told: Told = { violations: [], shifts: [], firstPaint: Number.NaN };
    Object.assign(window, { told });
    document.addEventListener('securitypolicyviolation', (event) => {
      told.violations.push(`${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`);
    });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        if (entry.name === 'first-contentful-paint') told.firstPaint = entry.startTime;
      }
    }).observe({ type: 'paint', buffered: true });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & {
        value: number;
        hadRecentInput: boolean;
        sources: { node: Node | null }[];
      })[]) {
        if (entry.hadRecentInput) continue;
        const what = entry.sources.map(({ node }) =>
          node instanceof Element ? `${node.localName}.${node.className}` : node?.nodeName,
        );
        told.shifts.push({ value: entry.value, what: what.join(' ') });
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  const elsewhere: string[] = [];
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (!['blob:', 'data:'].includes(url.protocol) && url.origin !== new URL(site.address).origin)
      elsewhere.push(request.url());
  });
  await page.goto(site.address);
  return { page, told: () => page.evaluate(() => (window as unknown as { told: Told }).told), complaints, elsewhere };
}

/** What has the keyboard's focus, in whichever shadow root: its role or tag, and its name. */
const focused = (page: Page) =>
  page.evaluate(() => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    if (!(element instanceof HTMLElement)) return '';
    const labels = (element as HTMLInputElement).labels ?? [];
    const name = element.getAttribute('aria-label') ?? labels[0]?.textContent ?? element.textContent ?? '';
    return `${element.getAttribute('role') ?? element.localName}: ${name.trim().replace(/\s+/g, ' ')}`;
  });

/** Presses Tab until what has the focus is called so. */
async function tabTo(page: Page, name: RegExp, key = 'Tab'): Promise<void> {
  const passed = [];
  for (let i = 0; i < 120; i++) {
    await page.keyboard.press(key);
    const now = await focused(page);
    if (name.test(now)) return;
    passed.push(now);
  }
  throw new Error(`No ${name} among ${passed.join(' | ')}`);
}

const status = (page: Page) => page.getByRole('status').first();
const says = (page: Page, words: RegExp) =>
  expect.poll(() => status(page).textContent(), { timeout: 60_000 }).toMatch(words);

test('everything is done by keyboard alone; nothing moves, nothing is asked elsewhere, no rule is broken', async () => {
  const { page, told, complaints, elsewhere } = await visit();
  const { keyboard } = page;
  await says(page, /Press Train/);
  await keyboard.press('Tab');
  expect(await focused(page)).toMatch(/^a: Skip/);
  await keyboard.press('Enter');
  expect(await focused(page)).toMatch(/^main/);

  // another preset, and few steps
  await keyboard.press('c');
  await tabTo(page, /^input: Tiny/);
  await keyboard.press('ArrowDown');
  await page.getByText('Next run: Moby-Dick · Small').waitFor();
  await keyboard.press('ArrowUp');
  await page.getByText('Next run: Moby-Dick · Tiny').waitFor();
  await tabTo(page, /^input: Steps/);
  await keyboard.press('ControlOrMeta+a');
  await keyboard.type('400');
  await keyboard.press('Tab');

  // train, pause, resume
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await tabTo(page, /^button: Train$/);
  await keyboard.press('Enter');
  await waitForReading(page, 'Training loss', Number.isFinite, 60_000);
  expect(await focused(page)).toBe('button: Pause'); // it is the same button
  await keyboard.press('Space');
  await says(page, /^Paused/);
  await keyboard.press('t');
  await says(page, /goes on/);
  await waitForReading(page, 'Validation loss', Number.isFinite, 60_000);
  await keyboard.press('t');
  await says(page, /^Paused/);

  // nothing has moved by itself since the page was opened
  const { shifts, firstPaint } = await told();
  const shifted = shifts.reduce((sum, { value }) => sum + value, 0);
  console.log(`first contentful paint ${firstPaint.toFixed(0)} ms; layout shift ${shifted.toFixed(4)}`, shifts);
  expect(shifted).toBeLessThan(0.02);
  expect(firstPaint).toBeLessThan(Number(process.env.INKLING_FIRST_PAINT ?? 10_000));

  // a prompt; letters typed there are no commands
  await keyboard.press('p');
  await keyboard.press('ControlOrMeta+a');
  await keyboard.type('The st');
  await keyboard.press('ControlOrMeta+Enter');
  await says(page, /The text is written/);
  expect(await page.getByRole('region', { name: 'Sample' }).textContent()).toContain('The st');

  // take the model away
  await tabTo(page, /^button: .*GGUF/);
  const download = page.waitForEvent('download');
  await keyboard.press('Enter');
  expect(
    readFileSync(await (await download).path())
      .subarray(0, 4)
      .toString(),
  ).toBe('GGUF');

  await keyboard.press('s');
  await says(page, /^Stopped/);
  await keyboard.press('r');
  await tabTo(page, /^button: Rename/);
  await keyboard.press('Enter');
  await keyboard.type('by keyboard');
  await keyboard.press('Enter');
  await page.getByRole('heading', { name: 'by keyboard' }).waitFor();

  // the other parts of the page
  await keyboard.press('2');
  expect(await focused(page)).toBe('tab: Parameters');
  await keyboard.press('ArrowRight');
  expect(await focused(page)).toBe('tab: Look inside');
  await keyboard.press('4');
  expect(await focused(page)).toBe('tab: Lab');
  await page.getByRole('tabpanel').getByRole('heading').first().waitFor();
  await keyboard.press('1');

  // help, where single keys can be switched off
  await keyboard.press('?');
  const help = page.getByRole('dialog', { name: 'How this page is used' });
  await help.waitFor();
  await keyboard.press('t'); // the dialog has the word
  expect(await focused(page)).toBe('input: Single keys are commands');
  await keyboard.press('Space');
  await keyboard.press('Escape');
  await expect.poll(() => help.isVisible()).toBe(false);
  expect(await focused(page)).toBe('tab: Train');
  await keyboard.press('t');
  await page.waitForTimeout(300);
  expect(await status(page).textContent()).toMatch(/^Stopped/);
  expect(await page.evaluate(() => localStorage.getItem('inkling.preferences'))).toContain('"shortcuts":false');

  expect((await told()).violations).toEqual([]);
  expect(complaints).toEqual([]);
  expect(elsewhere).toEqual([]);
  await page.context().close();
});

test('the page is alive while the graphics processor has not answered', async () => {
  const context = await site.browser.newContext();
  const page = await context.newPage();
  // a browser whose worker takes long to start
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route('**/session.worker*', async (route) => {
    await released;
    await route.continue();
  });
  await page.goto(site.address);
  await page.getByText('Looking for a graphics processor').first().waitFor();
  const train = page.getByRole('button', { name: 'Train' });
  expect(await train.getAttribute('aria-disabled')).toBe('true');
  // what needs no adapter can be chosen meanwhile
  await page.getByRole('radio', { name: /^Small/ }).check();
  await page.getByRole('combobox', { name: 'Colours' }).selectOption('dark');
  expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(16, 21, 29)');
  await page.getByRole('combobox', { name: 'Colours' }).selectOption('light');
  expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(246, 246, 242)');
  release();
  await expect.poll(() => train.getAttribute('aria-disabled')).toBe('false');
  await page.getByText('· Small ·').waitFor();
  await context.close();
});

test('the screen stays on while a run goes, if that is wanted', async () => {
  const context = await site.browser.newContext();
  await context.addInitScript(() => {
    const held: string[] = [];
    Object.assign(window, { held });
    // headless browsers have no screen: what is asked of the browser is all that can be seen
    navigator.wakeLock.request = async (type) => {
      held.push(`${type} on`);
      const lock = { released: false, release: async () => void held.push('off') };
      return lock as never;
    };
  });
  const page = await context.newPage();
  await page.goto(site.address);
  const held = () => page.evaluate(() => (window as unknown as { held: string[] }).held.join());
  await page.getByRole('checkbox', { name: 'Keep the screen on' }).check();
  expect(await held()).toBe('');
  await page.getByRole('button', { name: 'Train' }).click();
  await expect.poll(held).toBe('screen on');
  await waitForReading(page, 'Training loss', Number.isFinite, 60_000);
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect.poll(held).toBe('screen on,off');
  await page.reload();
  expect(await page.getByRole('checkbox', { name: 'Keep the screen on' }).isChecked()).toBe(true);
  await context.close();
});
