import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { complaintsOfAxe } from './axe.ts';
import { openPage, openSite, type Site, waitForReading } from './browser.ts';

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

/** Whether a canvas shows anything: more than one colour. */
const colours = (page: Page, selector: string) =>
  page
    .locator(selector)
    .first()
    .evaluate((canvas) => {
      const { width, height } = canvas as HTMLCanvasElement;
      const { data } = (canvas as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height);
      return new Set(new Uint32Array(data.buffer)).size;
    });

test('the inside of a model is looked at: its tensors, one step, a text', async () => {
  const { page, complaints } = await openPage(site);
  await page.getByRole('tab', { name: 'Look inside' }).click();
  await page.getByText('There is no model to look at yet').waitFor();
  expect(await complaintsOfAxe(page)).toEqual([]);

  await page.getByRole('tab', { name: 'Train', exact: true }).click();
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await waitForReading(page, 'Training loss', (loss) => loss < 3.4, 120_000);
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('tab', { name: 'Look inside' }).click();

  // a tensor: chosen by its name, read by the keyboard, shown closer
  await page.getByRole('button', { name: 'Block 1: queries, keys, values', exact: true }).click();
  const picture = page.getByRole('application', { name: 'Block 1: queries, keys, values, weights', exact: true });
  await picture.waitFor();
  expect(await colours(page, 'weights-section heat-map canvas.cells')).toBeGreaterThan(20);
  await picture.focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  const told = page.locator('weights-section heat-map .told').first();
  await expect.poll(() => told.textContent()).toMatch(/^row 1, column 1: −?\d/);
  await page.keyboard.press('+');
  await page.getByText('rows 0–47, columns 0–15').waitFor();
  await page.getByRole('button', { name: 'Whole tensor' }).click();
  await page.getByRole('combobox', { name: 'Show', exact: true }).selectOption('gradient');
  await page
    .getByRole('application', { name: 'Block 1: queries, keys, values, gradient of the last step', exact: true })
    .waitFor();
  await page.getByRole('img', { name: /^Histogram of/ }).waitFor();
  await page.getByRole('table', { name: /^Nearest to/ }).waitFor();
  expect(await page.locator('character-map svg text').count()).toBe(84);
  expect(await complaintsOfAxe(page)).toEqual([]);

  // a text, from the keyboard
  await page.getByRole('tab', { name: 'What it has learnt' }).focus();
  await page.keyboard.press('End');
  const field = page.getByRole('textbox', { name: 'Text to look at' });
  await field.fill('日');
  await page.keyboard.press('Control+Enter');
  await page.getByText('The character “日” (U+65E5) is not in the text that the model learnt.').waitFor();
  await field.fill('The whale\nis');
  await page.getByRole('button', { name: 'Look', exact: true }).click();
  const characters = page.locator('prompt-section').getByRole('option');
  await expect.poll(() => characters.count()).toBe(12);
  expect(await characters.nth(9).locator('.sign').textContent()).toBe('↵');
  await page.getByRole('option', { name: 'character 10, line break' }).waitFor();
  await characters.nth(11).focus();
  await page.keyboard.press('ArrowLeft');
  const attended = page.locator('prompt-section .told').first();
  await expect.poll(() => attended.textContent()).toMatch(/“i” 11 looks at “.*\(\d+ %\)/);
  await page.getByRole('button', { name: 'Block 2, head 1' }).click();
  await page.getByRole('application', { name: /^Attention pattern of block 2, head 1/ }).waitFor();
  expect(await colours(page, 'pattern-grid canvas')).toBeGreaterThan(10);
  await page.getByRole('radio', { name: 'Loss by character' }).check();
  await page.getByText(/Mean loss \d\.\d+ nats over 11 characters/).waitFor();
  await page.getByRole('table', { name: /^What may follow i/ }).waitFor();
  expect(await complaintsOfAxe(page)).toEqual([]);

  // one step, by the arrow keys
  await page.getByRole('tab', { name: 'One step, slowly' }).click();
  await page.getByRole('button', { name: 'Make the step' }).click();
  const next = page.getByRole('button', { name: 'Next' });
  await next.waitFor({ timeout: 120_000 });
  const stages = [
    'Characters',
    'Numbers',
    'Embeddings',
    'Attention',
    'Feed-forward',
    'Logits',
    'Probabilities',
    'Loss',
  ];
  await next.focus();
  for (const [i, stage] of [...stages, 'Gradients, backwards', 'The update of one weight'].entries()) {
    await page.getByText(`${i + 1} of 10 ${stage}`).waitFor();
    if (i === 3) expect(await colours(page, 'walk-section heat-map canvas.cells')).toBeGreaterThan(10);
    if (i === 3 || i === 8) expect(await complaintsOfAxe(page)).toEqual([]);
    if (i < 9) await page.keyboard.press('ArrowRight');
  }
  const value = async (name: string) =>
    Number((await page.getByRole('row', { name }).locator('td').last().textContent())!.replaceAll('−', '-'));
  const [old, change, updated] = [await value('Old weight'), await value('Change'), await value('New weight')];
  expect(change).not.toBe(0);
  expect(old + change).toBeCloseTo(updated, 6);
  await page.getByRole('spinbutton', { name: 'Column' }).fill('5');
  await page.keyboard.press('Tab');
  await expect.poll(() => value('Old weight')).not.toBe(old);
  expect(await complaintsOfAxe(page)).toEqual([]);

  // the whole of it fits on a phone
  await page.setViewportSize({ width: 390, height: 800 });
  for (const section of ['One step, slowly', 'What it has learnt', 'Attention and predictions']) {
    await page.getByRole('tab', { name: section }).click();
    await page.waitForTimeout(500);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  }

  // the run has not noticed, and goes on
  await page.getByRole('tab', { name: 'Train', exact: true }).click();
  const step = () => page.getByRole('progressbar', { name: 'Training progress' }).getAttribute('aria-valuenow');
  const before = Number(await step());
  await page.getByRole('button', { name: 'Resume' }).click();
  await expect.poll(async () => Number(await step())).toBeGreaterThan(before);
  expect(complaints).toEqual([]);
  await page.close();
});
