import { readFileSync } from 'node:fs';
import type { BrowserContext, Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readZip } from '../../src/formats/zip.ts';
import { decodeCheckpoint } from '../../src/training/checkpoint.ts';
import { dropFile, openSite, type Site, waitForReading } from './browser.ts';

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

const LINK = 'preset=tiny&text=copying&layers=1&heads=1&width=8&steps=24&lr=0.002&eval_interval=8&sample_interval=24';
const fresh = () => site.browser.newContext({ viewport: { width: 1280, height: 900 } });
async function open(context: BrowserContext, link = ''): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${site.address}#${link}`);
  return page;
}
async function train(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Train' }).click();
  await page.getByRole('status').getByText('Finished after').waitFor({ timeout: 120_000 });
}
/** Picks a file with the button that imports a run. */
async function pick(page: Page, name: string, buffer: Uint8Array): Promise<void> {
  await page.locator('runs-panel input[type=file]').setInputFiles({ name, mimeType: '', buffer: Buffer.from(buffer) });
}

test('a run leaves as one file and is gone on with elsewhere; differences are told in words', async () => {
  const one = await fresh();
  const page = await open(one, LINK);
  await page.getByText('Next run: Copying').waitFor({ timeout: 60_000 });
  await train(page);
  const field = (label: string) => page.getByLabel(label, { exact: true }).last();
  for (const [label, value] of [
    ['Width', '16'],
    ['Learning rate', '0.001'],
  ] as const) {
    await field(label).fill(value);
    await field(label).press('Enter');
  }
  await train(page);
  const runs = page.locator('runs-panel');
  const words = 'Against “Copying, 1 layer, 8 wide”: twice the width, half the learning rate';
  await runs.getByText('twice the width, learning rate 1e-3 instead of 2e-3').waitFor();
  expect(words).toContain('twice');

  // a fork from the best state, beside the last one
  await runs.getByRole('button', { name: 'Fork Copying, 1 layer, 16 wide' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Name' }).fill('on');
  await dialog.getByRole('button', { name: 'Fork' }).click();
  await runs.getByText(/^The same as “Copying, 1 layer, 16 wide”/).waitFor();

  const download = page.waitForEvent('download');
  await runs.getByRole('button', { name: 'Export Copying, 1 layer, 16 wide' }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe('Copying-1-layer-16-wide.inkling.zip');
  const bytes = new Uint8Array(readFileSync(await file.path()));
  const files = readZip(bytes);
  expect([...files.keys()].sort()).toEqual([
    'best.safetensors',
    'checkpoint.safetensors',
    'metrics.csv',
    'metrics.json',
    'run.json',
    'text.tokens',
  ]);
  expect(decodeCheckpoint(files.get('checkpoint.safetensors')!)).toMatchObject({
    model: { n_embd: 16 },
    state: { step: 24 },
  });
  const loss = await page.getByLabel('Validation loss', { exact: true }).textContent();
  await one.close();

  // in another browser, which has never seen it
  const two = await fresh();
  const other = await open(two);
  await other.getByText('Next run: Moby-Dick').waitFor({ timeout: 60_000 });
  await pick(other, 'torn.zip', bytes.slice(0, bytes.length - 30));
  await expect.poll(() => other.getByRole('alert').textContent()).toContain('no sound ZIP archive');
  await dropFile(other, 'mine.zip', bytes);
  await other.getByRole('status').getByText('The imported run is on show').waitFor({ timeout: 60_000 });
  expect(await other.getByLabel('Validation loss', { exact: true }).textContent()).toBe(loss);
  const list = other.locator('runs-panel');
  await list.getByRole('button', { name: 'Open Copying, 1 layer, 16 wide' }).click();
  await other.getByRole('status').getByText('Finished after 24 steps').waitFor({ timeout: 60_000 });
  await other.getByRole('textbox', { name: 'Prompt' }).fill('abc|');
  await other.getByRole('button', { name: 'Generate' }).click();
  await other
    .getByRole('region', { name: 'Sample' })
    .getByText('Written from your prompt')
    .waitFor({ timeout: 30_000 });

  await list.getByRole('button', { name: 'Fork Copying, 1 layer, 16 wide' }).click();
  await other.getByRole('textbox', { name: 'Name' }).fill('longer');
  await other.getByRole('spinbutton', { name: 'Steps in all' }).fill('30');
  await other.getByRole('dialog').getByRole('button', { name: 'Fork' }).click();
  await list.getByRole('button', { name: 'Continue longer' }).click();
  await other.getByRole('status').getByText('Finished after 30 steps').waitFor({ timeout: 60_000 });
  await list.getByText('steps 30 instead of 24').waitFor();

  // a checkpoint alone, with its text at hand
  await pick(other, 'bare.safetensors', files.get('checkpoint.safetensors')!);
  await list.getByRole('heading', { name: 'bare' }).waitFor({ timeout: 60_000 });
  await waitForReading(other, 'Step', (step) => step === 24, 10_000);
  await two.close();
});
