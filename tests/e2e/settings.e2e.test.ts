import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPage, openSite, type Site, waitForReading } from './browser.ts';

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

const field = (page: Page, label: string) => page.getByLabel(label, { exact: true }).last(); // the prompt has a seed too
async function enter(page: Page, label: string, value: string): Promise<void> {
  await field(page, label).fill(value);
  await field(page, label).press('Enter');
}

test('own values: counted at once, refused in their field, told by Train, and trained as they are', async () => {
  const { page, complaints } = await openPage(site);
  await page.getByText('Next run: Moby-Dick · Tiny').waitFor({ timeout: 60_000 });
  const parameters = page.locator('model-card').getByLabel('Parameters', { exact: true });
  await expect.poll(() => parameters.textContent()).toBe('29,184');
  await page
    .locator('model-card')
    .getByText(/^\s*[\d.]+ MB\s*$/)
    .waitFor({ timeout: 10_000 });

  await enter(page, 'Layers', '1');
  await enter(page, 'Width', '24');
  await enter(page, 'Heads', '5');
  const fault = 'The width 24 is not divisible by 5 heads.';
  await page
    .locator('model-card')
    .getByText(`${fault} Take a width of 20 or 25, or another number of heads.`)
    .waitFor();
  expect(await field(page, 'Width').getAttribute('aria-invalid')).toBe('true');
  await page.getByText(`Train waits: ${fault}`).waitFor();
  expect(await parameters.textContent()).toBe('—');

  // Train refuses, says why, and puts the keyboard where it can be mended
  await page.getByRole('button', { name: 'Train' }).click();
  await expect.poll(() => page.getByRole('alert').textContent()).toContain(fault);
  const focused = () =>
    page.evaluate(() => {
      let element = document.activeElement;
      while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
      return element?.id;
    });
  expect(await focused()).toBe('n_embd');
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type('30');
  await page.keyboard.press('Enter');
  await page.getByText('Next run: Moby-Dick · 1 layer, 30 wide').waitFor();

  await page.locator('summary', { hasText: 'More about the model' }).click();
  await field(page, 'Activation').selectOption('ReLU');
  await field(page, 'Biases').uncheck();
  await page.getByText('More about the model (2 changed)').waitFor();
  // 84 + 32 embeddings, a block of 12 width², and three gains, all 30 wide
  const counted = (84 + 32) * 30 + 12 * 30 ** 2 + 3 * 30;
  await expect.poll(() => parameters.textContent()).toBe(counted.toLocaleString('en'));
  await enter(page, 'Steps', '20');
  await enter(page, 'Batch', '2');
  await enter(page, 'Learning rate', '0.01');

  // measured on this adapter, and not guessed before
  const card = page.locator('training-card');
  await card.getByText('not measured yet').waitFor();
  await card.getByRole('button', { name: 'Measure speed' }).click();
  await card.getByText(/ms a step, measured on this adapter over \d+ steps/).waitFor({ timeout: 60_000 });

  await page.getByRole('button', { name: 'Train' }).click();
  await page.getByText('A run is going on, and nothing here can change it').waitFor();
  await page.getByRole('status').getByText('Finished after 20 steps').waitFor({ timeout: 60_000 });
  await page.getByText(`${counted.toLocaleString('en')} parameters, `).waitFor();
  await waitForReading(page, 'Validation loss', Number.isFinite, 10_000);

  // a model to start from has its shape already
  await page.getByRole('radio', { name: 'The model on show' }).check();
  await page.getByText('its size is that model’s').waitFor();
  expect(await field(page, 'Layers').isDisabled()).toBe(true);
  expect(await field(page, 'Layers').inputValue()).toBe('1');
  await page.getByRole('radio', { name: 'A new model' }).check();

  // a preset takes its own values back; what is chosen besides stays
  await enter(page, 'Seed', '7');
  await page.getByRole('radio', { name: /^Small/ }).check();
  expect(await field(page, 'Layers').inputValue()).toBe('4');
  expect(await field(page, 'Batch').inputValue()).toBe('8');
  expect(await field(page, 'Seed').inputValue()).toBe('7');
  expect(complaints).toEqual([]);
  await page.close();
});

test('a model that no buffer of the adapter holds is refused in words, before anything starts', async () => {
  const { page } = await openPage(site);
  await page.getByText('Next run: Moby-Dick').waitFor({ timeout: 60_000 });
  await enter(page, 'Width', '16384');
  await enter(page, 'Heads', '128');
  await enter(page, 'Layers', '20');
  const words = /too large for .*: its [\d,]+ parameters need a buffer of/;
  await page.locator('model-card').getByText(words).waitFor({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Train' }).click();
  await expect.poll(() => page.getByRole('alert').textContent(), { timeout: 60_000 }).toMatch(words);
  await page.getByRole('button', { name: 'Train' }).waitFor();
  await page.close();
});
