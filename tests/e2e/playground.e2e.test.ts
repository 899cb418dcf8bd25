import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { complaintsOfAxe } from './axe.ts';
import { openPage, openSite, type Site } from './browser.ts';

let site: Site;
let page: Page;
let complaints: string[];

const region = () => page.getByRole('region', { name: 'Sample' });
const prompt = () => page.getByRole('textbox', { name: 'Prompt' });
const generate = () => page.getByRole('button', { name: 'Generate' });
const seed = () => page.locator('prompt-form').getByRole('spinbutton', { name: 'Seed' });
const written = async () => (await region().locator('blockquote').textContent()) ?? '';

/** Waits until what was asked for is written and shown, and returns it. */
async function whole(): Promise<string> {
  await page.getByText('Written from your prompt', { exact: true }).waitFor({ timeout: 60_000 });
  await region().locator('.caret').waitFor({ state: 'detached' });
  return written();
}

beforeAll(async () => {
  site = await openSite();
  ({ page, complaints } = await openPage(site));
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByText('Ready. Press Train.').waitFor({ timeout: 60_000 });
  await page.getByRole('spinbutton', { name: 'Steps' }).fill('60');
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await page.getByRole('status').getByText('Finished').waitFor({ timeout: 120_000 });
  await page.getByRole('spinbutton', { name: 'Characters' }).fill('120');
});
afterAll(() => site.close());

test('unknown characters are named while they are typed, and can be left out', async () => {
  await prompt().fill('');
  await prompt().pressSequentially('The wh日le');
  await page.getByText('The model has never seen “日” (U+65E5), so it cannot read this prompt').waitFor();
  expect(await prompt().getAttribute('aria-invalid')).toBe('true');
  expect(await complaintsOfAxe(page)).toEqual([]);
  await page.getByRole('button', { name: 'Leave it out' }).press('Enter');
  expect(await prompt().inputValue()).toBe('The whle');
  expect(await prompt().getAttribute('aria-invalid')).toBeNull();
});

test('by keyboard: a text, once more with another seed, a copy of it, and the newest sample again', async () => {
  await prompt().fill('The whale');
  await seed().fill('7');
  await prompt().focus();
  await page.keyboard.press('Control+Enter');
  const first = await whole();
  expect(Array.from(first)).toHaveLength('The whale'.length + 120);
  expect(first.startsWith('The whale')).toBe(true);
  await page.getByRole('button', { name: 'Once more, with another seed' }).press('Enter');
  await expect.poll(whole).not.toBe(first);
  expect(await seed().inputValue()).toBe('8');
  const second = await whole();
  await page.getByRole('button', { name: 'Copy', exact: true }).press('Enter');
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(second);
  await seed().fill('7');
  await page.getByRole('button', { name: 'Show the sample of step 60' }).press('Enter');
  await page.getByText('Written at step 60').waitFor(); // it takes the place of what was written
  await generate().press('Enter');
  await expect.poll(whole).toBe(first);
  await page.getByRole('button', { name: 'Show the newest sample' }).press('Enter');
  await page.getByText('Written at step 60').waitFor();
});

test('stop strings end a text before they come', async () => {
  await page.locator('summary', { hasText: 'More about the choice of characters' }).click();
  await prompt().fill('The whale');
  const stop = page.getByRole('textbox', { name: 'Stop before' });
  await stop.fill('\\n|e');
  await generate().click();
  await stop.fill('');
  const text = (await whole()).slice('The whale'.length);
  expect(text).not.toMatch(/[\ne]/);
  expect(text.length).toBeLessThan(120);
});

test('an alternative is gone on from: what stood before it stays, with how it was chosen', async () => {
  await prompt().fill('The whale');
  await generate().click();
  const before = Array.from(await whole());
  await region().focus();
  for (let i = 0; i < 11; i++) await page.keyboard.press('ArrowRight'); // the eleventh character after the prompt
  const alternative = page.getByRole('button', { name: /^\S [\d.]+ %\s*, go on with it instead/ }).first();
  const character = (await alternative.locator('.face').textContent())!;
  await alternative.press('Enter');
  const at = 'The whale'.length + 10;
  await expect.poll(async () => (await written()).slice(0, at + 1)).toBe(before.slice(0, at).join('') + character);
  const after = Array.from(await whole());
  expect(character).not.toBe(before[at]);
  expect(after).toHaveLength(at + 1 + 120);
  expect(await prompt().inputValue()).toBe('The whale');
  // also the kept characters still tell their choice
  await region().focus();
  await page.keyboard.press('ArrowRight');
  await page.locator('choice-strip').getByText('plain softmax').waitFor();
});

test('a long text can be cancelled, with what has been written; none of it is markup', async () => {
  await page.getByRole('spinbutton', { name: 'Characters' }).fill('10000');
  await prompt().fill('whale'); // known characters only
  await generate().click();
  await expect.poll(async () => (await written()).length, { timeout: 60_000 }).toBeGreaterThan(40);
  await page.getByRole('button', { name: 'Cancel' }).press('Enter');
  const text = await whole();
  expect(Array.from(text).length).toBeLessThan(10_000);
  expect(await region().locator('blockquote :not(span, b, i)').count()).toBe(0);
  expect(complaints).toEqual([]);
});
