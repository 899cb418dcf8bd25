import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { complaintsOfAxe } from './axe.ts';
import { dropFile, openSite, type Site, waitForReading } from './browser.ts';

const TEXT = 'she sells sea shells by the sea shore, and the shells she sells are sea shells. '.repeat(40);
const PANELS = ['Parameters', 'Look inside', 'Lab', 'Train'];
const WIDTHS = [360, 390, 768, 1280, 1920, 2560];

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

const WIDE = [1280, 'light'] as const;
const PHONE = [390, 'dark'] as const;

/** What axe finds wrong, in words. */
async function faults(page: Page, state: string, looks: readonly (typeof WIDE | typeof PHONE)[]): Promise<string[]> {
  const found: string[] = [];
  for (const [width, colorScheme] of looks) {
    await page.setViewportSize({ width, height: 844 });
    await page.emulateMedia({ colorScheme });
    const complaints = await complaintsOfAxe(page);
    found.push(...complaints.map((complaint) => `${state}, ${width}, ${colorScheme}: ${complaint}`));
  }
  return found;
}

/** Widths at which something sticks out sideways. */
async function overflows(page: Page, state: string): Promise<string[]> {
  const found: string[] = [];
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    const wide = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      return scrollWidth > clientWidth ? scrollWidth : 0;
    });
    if (wide > 0) found.push(`${state}: ${wide} px wide at ${width}`);
  }
  return found;
}

const says = (page: Page, words: RegExp) =>
  expect.poll(() => page.getByRole('status').first().textContent(), { timeout: 60_000 }).toMatch(words);

test('axe finds nothing and nothing sticks out, in each state and part of the page', { timeout: 600_000 }, async () => {
  const page = await (await site.browser.newContext()).newPage();
  await page.goto(site.address);
  const found: string[] = [];
  const look = async (state: string, ...looks: (typeof WIDE | typeof PHONE)[]) => {
    if (looks.length > 1) found.push(...(await overflows(page, state)));
    found.push(...(await faults(page, state, looks)));
  };
  const button = (name: string) => page.getByRole('button', { name, exact: true });

  await says(page, /Press Train/);
  await look('fresh', WIDE, PHONE);
  await button('Help').click();
  await page.getByRole('dialog').waitFor();
  await look('help', PHONE);
  await page.keyboard.press('Escape');

  await dropFile(page, 'shells.txt', new TextEncoder().encode(TEXT));
  await page.getByText('Next run: shells.txt').waitFor();
  await page.locator('summary', { hasText: 'Advanced' }).click();
  await button('Train').click();
  await waitForReading(page, 'Validation loss', Number.isFinite, 60_000);
  await look('training', WIDE);
  await button('Pause').click();
  for (const name of PANELS) {
    await page.getByRole('tab', { name, exact: true }).click();
    await page.getByRole('tabpanel').getByRole('heading').first().waitFor();
    await page.waitForTimeout(500); // what it asks the worker for
    await look(`paused, ${name}`, WIDE, PHONE);
  }
  await button('Stop').click();
  await says(page, /^Stopped/);

  await page.getByRole('spinbutton', { name: 'Steps' }).first().fill('4');
  await page.getByRole('spinbutton', { name: 'Steps' }).first().press('Enter');
  await button('Train').click();
  await says(page, /^Finished/);
  await look('finished', WIDE);
  await page
    .getByRole('button', { name: /^Delete/ })
    .first()
    .click();
  await page.getByRole('dialog').waitFor();
  await look('a question', WIDE);
  await page.keyboard.press('Escape');

  await dropFile(page, 'nothing.txt', new Uint8Array(0));
  await expect.poll(() => page.getByRole('alert').textContent()).toMatch(/empty/);
  await look('failed', PHONE);

  expect(found).toEqual([]);
  await page.context().close();
});

test('axe finds nothing where WebGPU is missing and a recording plays', async () => {
  const other = await openSite({ webgpu: false, extra: ['--disable-gpu'] });
  try {
    const page = await (await other.browser.newContext()).newPage();
    await page.goto(other.address);
    await page.getByRole('button', { name: 'Play the recording' }).click();
    await waitForReading(page, 'Training loss', Number.isFinite, 30_000);
    expect([...(await overflows(page, 'recording')), ...(await faults(page, 'recording', [WIDE, PHONE]))]).toEqual([]);
  } finally {
    await other.close();
  }
});
