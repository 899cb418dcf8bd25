import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPage, openSite, type Site, waitForReading } from './browser.ts';

let site: Site;
beforeAll(async () => {
  site = await openSite({ webgpu: false, extra: ['--disable-gpu'] });
});
afterAll(() => site.close());

test('without WebGPU a recorded run plays through the same readings, chart and samples, and says what it is', async () => {
  const { page, complaints } = await openPage(site);
  await expect.poll(() => page.getByRole('alert').textContent()).toMatch(/no graphics adapter/);
  const train = page.getByRole('button', { name: 'Train' });
  expect(await train.getAttribute('aria-disabled')).toBe('true');
  await page.getByText('Nothing can be trained here.').waitFor();

  await page.getByRole('button', { name: 'Play the recording' }).click();
  await page.getByText('This is a recording, and nothing is computed now.').waitFor();
  await page.getByRole('combobox', { name: 'Speed' }).selectOption('10');
  await waitForReading(page, 'Training loss', (loss) => loss < 4, 30_000);
  await page.getByRole('button', { name: 'Halt the recording' }).click();
  const loss = () => page.getByLabel('Training loss', { exact: true }).textContent();
  const halted = await loss();
  await page.waitForTimeout(400);
  expect(await loss()).toBe(halted);

  // to and fro
  const slider = page.getByRole('slider', { name: 'Shown up to' });
  await slider.focus();
  await page.keyboard.press('End');
  await waitForReading(page, 'Validation loss', (value) => value < 2.6, 10_000);
  const progress = page.getByRole('progressbar', { name: 'Training progress' });
  expect(await progress.getAttribute('aria-valuenow')).toBe('100');
  const sample = page.getByRole('region', { name: 'Sample' });
  await expect.poll(async () => (await sample.textContent())!.length).toBeGreaterThan(100); // it is written out
  await page.keyboard.press('Home');
  await waitForReading(page, 'Validation loss', (value) => value > 4.2, 10_000);
  expect(await progress.getAttribute('aria-valuenow')).toBe('0');

  // it is no run: nothing to pause, to prompt or to keep
  expect(await train.getAttribute('aria-disabled')).toBe('true');
  for (const name of ['Pause', 'Resume', 'Stop']) expect(await page.getByRole('button', { name }).count()).toBe(0);
  expect(await page.getByRole('button', { name: 'Generate' }).getAttribute('aria-disabled')).toBe('true');
  expect(complaints).toEqual([]);
  await page.close();
});
