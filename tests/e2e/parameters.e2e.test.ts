import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Settings } from '../../src/ui/view.ts';
import { complaintsOfAxe } from './axe.ts';
import { openPage, openSite, type Site } from './browser.ts';

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

async function openParameters(): Promise<{ page: Page; complaints: string[] }> {
  const { page, complaints } = await openPage(site);
  await page.getByText('Ready. Press Train.').waitFor({ timeout: 60_000 });
  await page.getByRole('tab', { name: 'Parameters' }).click();
  await page.getByRole('group', { name: 'Architecture' }).waitFor();
  return { page, complaints };
}

const box = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const total = (page: Page) => page.locator('model-totals tr.sum td').first();

test('the parameters follow the form and the run on show; the whole is what the run has in its buffers', async () => {
  const { page, complaints } = await openParameters();
  await box(page, 'Attention of block 1, 4,224 parameters').waitFor();
  const choose = (settings: Partial<Settings>) =>
    page.evaluate((detail) => {
      document.querySelector('inkling-page')!.dispatchEvent(new CustomEvent('settings-change', { detail }));
    }, settings);
  await choose({ preset: 'small' });
  await box(page, 'Attention of block 1, 16,640 parameters').waitFor(); // 4 · 64² + 4 · 64
  await page.getByText('Block 1').locator('..').getByText('× 4').waitFor();

  await choose({ preset: 'tiny', steps: 6 });
  await page.getByRole('tab', { name: 'Train' }).click();
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await page.getByRole('status').getByText('Finished').waitFor({ timeout: 60_000 });
  const facts = (await page.locator('footer').textContent())!;
  const buffers = /([\d,]+) parameters/.exec(facts)![1]!;
  await choose({ preset: 'small' });
  await page.getByRole('tab', { name: 'Parameters' }).click();
  const [run] = await page
    .getByLabel('What to count')
    .selectOption({ label: (await page.getByRole('option', { name: /^The run on show/ }).textContent()) ?? '' });
  expect(run).toBe('run');
  expect(await total(page).textContent()).toBe(buffers);
  expect(complaints).toEqual([]);
  await page.close();
});

test('published models and the worked example come to their published numbers', async () => {
  const { page } = await openParameters();
  const subject = page.getByLabel('What to count');
  for (const [name, parameters] of [
    ['GPT-2, 124M', '124,439,808'],
    ['GPT-2, 355M', '354,823,168'],
    ['GPT-2, 774M', '774,030,080'],
    ['GPT-2, 1.5B', '1,557,611,200'],
    ['GPT-3, 175B', '174,604,259,328'],
  ] as const) {
    await subject.selectOption(name);
    expect(await total(page).textContent()).toBe(parameters);
  }
  await page.getByText('By the formula 174,604,259,328, which its paper rounds to 175 billion.').waitFor();
  await page.getByText('6 N D = 6 × 174,604,259,328 × 300 billion = 3.14 × 10²³').waitFor();
  await page.getByText('2.79 TB').waitFor(); // 16 bytes each

  await subject.selectOption('Vocabulary 50,000, 768 wide, head tied');
  await box(page, 'Token embedding 38,400,000 parameters').click();
  await page.getByText('V × C = 50,000 × 768 = 38,400,000').waitFor();
  await box(page, 'Output head tied').waitFor();
  await subject.selectOption('Vocabulary 50,000, 768 wide, head of its own');
  await box(page, 'Output head 38,400,000 parameters').waitFor();
  await page.close();
});

test('numbers of one’s own are counted where they fit together, and told where not', async () => {
  const { page } = await openParameters();
  const form = page.locator('subject-form');
  const enter = async (label: string, value: string) => {
    await form.getByLabel(label, { exact: true }).fill(value);
    await form.getByLabel(label, { exact: true }).press('Enter');
  };
  await enter('Heads, NH', '3');
  await page.getByText('The width 32 is not divisible by 3 heads.').waitFor();
  await enter('Width, C', '33');
  await box(page, 'Attention of block 1, 4,488 parameters').waitFor(); // 4 · 33² + 4 · 33
  expect(await form.getByLabel('What to count').inputValue()).toBe('own');
  await form.getByRole('checkbox', { name: 'Biases' }).uncheck();
  await box(page, 'Attention of block 1, 4,356 parameters').click();
  await page.locator('part-details').getByText('2 moments of AdamW').waitFor();
  await form.getByLabel('Optimizer', { exact: true }).selectOption('sgd');
  await page.locator('part-details').getByText('one moment of sgd').waitFor();
  await page.close();
});

test('by keyboard: from box to box, into a block, and the details follow', async () => {
  const { page } = await openParameters();
  await page.getByLabel('What to count').selectOption('GPT-2, 124M');
  await page.getByRole('button', { name: /^Token embedding/ }).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('region', { name: 'Position embedding' }).getByText('T × C = 1,024 × 768 = 786,432').waitFor();
  await page.getByRole('button', { name: 'Show each block' }).press('Enter');
  await page.getByRole('button', { name: /^Block 7/ }).press('Enter');
  await page.getByRole('button', { name: /^GELU \(tanh\) of block 7/ }).press('Space');
  await page.getByRole('img', { name: /curve of GELU/ }).waitFor();
  await page.getByRole('button', { name: /^Narrowing of block 7/ }).press('Enter');
  await page.getByRole('rowheader', { name: 'transformer.h.6.mlp.c_proj.weight' }).waitFor();
  await page.close();
});

test('the adapter is measured when asked, and GPT-3 would take it many years', async () => {
  const { page } = await openParameters();
  await page.getByLabel('What to count').selectOption('GPT-3, 175B');
  await page.getByText('not measured', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Measure this adapter' }).click();
  await page.getByText(/^at [\d.,]+ (million|billion|trillion) operations a second/).waitFor({ timeout: 120_000 });
  await page.getByText(/^[\d.,]+( million| billion)? years$/).waitFor();
  // what has been measured is still known when one comes back
  await page.getByRole('tab', { name: 'Lab' }).click();
  await page.getByRole('tab', { name: 'Parameters' }).click();
  await page.getByText(/ years$/).waitFor();
  await page.close();
});

test.for([
  ['wide and light', 1280, 'light'],
  ['the narrowest phone and dark', 360, 'dark'],
] as const)('axe finds nothing to complain about: %s', async ([, width, colorScheme]) => {
  const { page } = await openParameters();
  await page.setViewportSize({ width, height: 800 });
  await page.emulateMedia({ colorScheme });
  await page.getByLabel('What to count').selectOption('GPT-3, 175B');
  await page.getByRole('button', { name: /^Feed-forward/ }).click();
  expect(await complaintsOfAxe(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  await page.close();
});
