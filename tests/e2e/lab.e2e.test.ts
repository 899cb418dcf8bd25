import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { complaintsOfAxe } from './axe.ts';
import { openPage, openSite, type Site } from './browser.ts';

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

async function openLab(): Promise<{ page: Page; complaints: string[] }> {
  const { page, complaints } = await openPage(site);
  await page.getByText('Ready. Press Train.').waitFor({ timeout: 60_000 });
  await page.getByRole('tab', { name: 'Lab' }).click();
  await page.getByRole('heading', { name: 'Overfitting, and what helps' }).waitFor();
  return { page, complaints };
}

const REMEDIES = ['Weight decay', 'Dropout', 'Early stopping', 'A smaller model', 'More text'];
const row = (page: Page, name: string) => page.getByRole('row', { name: new RegExp(`^${name} `) });
const cells = async (page: Page, name: string) =>
  (await row(page, name).getByRole('cell').allTextContents()).map((text) => Number(text.replaceAll(',', '')));

test('by keyboard: two real runs, overlaid and in a table, which outlive a look elsewhere and are not kept', async () => {
  const { page, complaints } = await openLab();
  await page.getByRole('spinbutton', { name: 'Steps', exact: true }).fill('20');
  await page.getByRole('spinbutton', { name: 'Steps', exact: true }).press('Tab');
  for (const name of REMEDIES.filter((name) => name !== 'A smaller model')) {
    await page.getByRole('checkbox', { name }).press('Space');
  }
  await page.getByRole('button', { name: 'Run the experiment' }).press('Enter');
  await page.getByRole('button', { name: 'End it here' }).waitFor();
  await page.getByText('All runs are through.').waitFor({ timeout: 120_000 });

  const [parameters, best, at, val, train, gap, norm] = await cells(page, 'No remedy');
  expect(parameters).toBe(26_496 + 32 * 84);
  expect(best).toBeLessThan(4.2); // it has learnt something: ln 84 = 4.43
  expect(at).toBe(20);
  expect(val).toBe(best);
  expect(gap).toBeCloseTo(val! - train!, 2);
  expect(norm).toBeGreaterThan(1);
  expect((await cells(page, 'A smaller model'))[0]).toBeLessThan(parameters!);
  expect(await row(page, 'Dropout').count()).toBe(0);
  await page.getByText('It has not begun to overfit').waitFor(); // in twenty steps

  await page.getByRole('tab', { name: 'Train' }).click();
  expect(await page.locator('runs-panel').getByRole('listitem').count()).toBe(0);
  await page.getByRole('tab', { name: 'Lab' }).click();
  expect((await cells(page, 'No remedy'))[1]).toBe(best);
  await page.getByRole('spinbutton', { name: 'Seed', exact: true }).fill('7');
  await page.getByRole('spinbutton', { name: 'Seed', exact: true }).press('Enter');
  await page.getByText('These are of other settings').waitFor();

  for (const [width, colorScheme] of [
    [1280, 'light'],
    [360, 'dark'],
  ] as const) {
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme });
    expect(await complaintsOfAxe(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  }
  expect(complaints).toEqual([]);
  await page.close();
});

test('it is ended when asked to, and while a run goes on it waits and says so', async () => {
  const { page, complaints } = await openLab();
  await page.getByRole('button', { name: 'Run the experiment' }).click();
  await page.getByText(/^No remedy: step/).waitFor({ timeout: 60_000 });
  await page.getByRole('button', { name: 'End it here' }).click();
  await page.getByText('Ended before the last run was through.').waitFor({ timeout: 30_000 });
  await row(page, 'No remedy').waitFor();

  await page.getByRole('tab', { name: 'Train' }).click();
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await page.getByRole('tab', { name: 'Lab' }).click();
  await page.locator('overfitting-lab').getByText('A run is going on under Train.').waitFor({ timeout: 30_000 });
  const button = page.getByRole('button', { name: 'Run the experiment' });
  expect(await button.getAttribute('aria-disabled')).toBe('true');
  await button.click({ force: true });
  expect(await page.getByRole('button', { name: 'End it here' }).count()).toBe(0);
  expect(complaints).toEqual([]);
  await page.close();
});
