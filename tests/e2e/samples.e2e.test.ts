import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { complaintsOfAxe } from './axe.ts';
import { openPage, openSite, type Site } from './browser.ts';

let site: Site;
let page: Page;
let complaints: string[];

const region = () => page.getByRole('region', { name: 'Sample' });
const slider = () => page.getByRole('slider', { name: 'From noise to text' });
const strip = () => page.locator('choice-strip');
const written = async () => (await region().locator('blockquote').textContent()) ?? '';

/** Notes every state of the sheet from now on, as it is painted. */
const watch = () =>
  page.evaluate(() => {
    const seen: { caption: string; text: string }[] = [];
    Object.assign(window, { seen });
    const look = () => {
      const sheet = document.querySelector('inkling-page')?.shadowRoot?.querySelector('sample-sheet')?.shadowRoot;
      const text = sheet?.querySelector('blockquote')?.textContent ?? '';
      const caption = sheet?.querySelector('section .help')?.textContent?.trim() ?? '';
      if (seen.at(-1)?.text !== text) seen.push({ caption, text });
      requestAnimationFrame(look);
    };
    look();
  });

beforeAll(async () => {
  site = await openSite();
  ({ page, complaints } = await openPage(site));
  await page.getByText('Ready. Press Train.').waitFor({ timeout: 60_000 });
  await watch();
  await page.getByRole('spinbutton', { name: 'Steps' }).fill('80');
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await page.getByRole('status').getByText('Finished').waitFor({ timeout: 120_000 });
  await page.getByText('Written at step 80').waitFor();
  await region().locator('.caret').waitFor({ state: 'detached' });
});
afterAll(() => site.close());

test('a sample comes in character by character while the run goes on', async () => {
  const seen = await page.evaluate(() => (window as never as { seen: { caption: string; text: string }[] }).seen);
  for (const step of [20, 40]) {
    const states = seen.filter(({ caption }) => caption === `Written at step ${step}`).map(({ text }) => text);
    const lengths = states.map((text) => Array.from(text).length);
    expect(lengths.length, `states of the sample of step ${step}`).toBeGreaterThan(4);
    expect(lengths).toEqual(lengths.toSorted((a, b) => a - b));
    for (const text of states) expect(states.at(-1)!.startsWith(text)).toBe(true);
  }
});

test('the slider goes back through the run by keyboard, and then follows the newest again', async () => {
  expect(await slider().getAttribute('aria-valuetext')).toBe('step 80');
  await slider().focus();
  const newest = await written();
  await page.keyboard.press('ArrowLeft');
  await page.getByText('Written at step 60').waitFor();
  expect(await slider().getAttribute('aria-valuetext')).toBe('step 60');
  expect(await written()).not.toBe(newest);
  await page.keyboard.press('Home');
  await page.getByText('Written at step 20').waitFor();
  expect(Array.from(await written())).toHaveLength(160); // at once, for it was there before
  await page.keyboard.press('End');
  await page.getByText('Written at step 80').waitFor();
  await expect.poll(written).toBe(newest);
  await page.getByRole('button', { name: 'Show the sample of step 40' }).press('Enter');
  await page.getByText('Written at step 40').waitFor();
  await slider().focus();
  await page.keyboard.press('End');
  await page.getByText('Written at step 80').waitFor();
  await region().locator('.caret').waitFor({ state: 'detached' }); // the newest is written out again
});

test('arrow keys and the pointer tell how a character was chosen; marks have a legend; axe is content', async () => {
  await page.getByRole('checkbox', { name: 'Mark by probability' }).press('Space');
  await page.getByRole('list', { name: 'How likely each character was to the model' }).waitFor();
  expect(await region().locator('[class^=level-]').count()).toBeGreaterThan(5);
  const characters = Array.from(await written());

  await region().focus();
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
  const name = { ' ': 'space', '\n': 'line break' }[characters[2]!] ?? `“${characters[2]}”`;
  await strip().getByText(`${name} had `).waitFor();
  const cells = await strip().getByRole('listitem').allTextContents();
  expect(cells).toHaveLength(5);
  const shares = cells.map((cell) => Number(/([\d.]+) %/.exec(cell)![1]));
  expect(shares).toEqual(shares.toSorted((a, b) => b - a));
  expect(shares.reduce((a, b) => a + b)).toBeLessThanOrEqual(100.5);
  expect(shares[0]).toBeGreaterThan(100 / 84); // likelier than chance
  for (const [width, colorScheme] of [
    [1280, 'light'],
    [390, 'dark'],
  ] as const) {
    await page.setViewportSize({ width, height: 844 });
    await page.emulateMedia({ colorScheme });
    await page.waitForTimeout(300); // colours change over a moment
    expect(await complaintsOfAxe(page)).toEqual([]);
  }
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.keyboard.press('Escape');
  await strip().getByText('Point at a character').waitFor();

  await region().locator('[data-at="0"]').scrollIntoViewIfNeeded(); // the page was wider and narrower meanwhile
  const box = (await region().locator('[data-at="0"]').boundingBox())!;
  await page.mouse.move(box.x + 2, box.y + box.height / 2);
  const first = { ' ': 'space', '\n': 'line break' }[characters[0]!] ?? `“${characters[0]}”`;
  await strip().getByText(`${first} had `).waitFor();
  await page.mouse.move(5, 5);
  await strip().getByText('Point at a character').waitFor();
});

test('the page says what the model knows, by the text’s own statistics', async () => {
  // 3.10 nats: the entropy of Moby-Dick's characters; the loss after 80 steps lies above or just below it
  const stages = page.getByRole('list', { name: 'What it has learnt so far' });
  expect(await stages.locator('[aria-current=step]').textContent()).toMatch(/(noise|letters)\s+\(now\)/);
  await page.locator('learning-stages').getByText('3.10').waitFor();
});

test('a run that is opened again has its samples with how they were chosen', async () => {
  const newest = await written();
  await page.reload();
  await page.getByRole('button', { name: 'Show Moby-Dick, Tiny' }).click();
  await page.getByText('Written at step 80').waitFor();
  await expect.poll(written).toBe(newest);
  await region().focus();
  await page.keyboard.press('ArrowRight');
  await strip()
    .getByText(/had .* plain softmax/)
    .waitFor();
  // its model is not in hand: nothing can be gone on with
  expect(await strip().getByRole('button').count()).toBe(0);
  await page.locator('learning-stages').getByText('3.10').waitFor();
  expect(complaints).toEqual([]);
});
