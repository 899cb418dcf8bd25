import type { BrowserContext, Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dropFile, openSite, type Site, waitForReading } from './browser.ts';

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

const SHELLS = 'she sells sea shells by the sea shore, and the shells she sells are sea shells. '.repeat(40);

/** A fresh profile: nothing kept, nothing chosen. */
const fresh = () =>
  site.browser.newContext({
    viewport: { width: 1280, height: 900 },
    permissions: ['clipboard-read', 'clipboard-write'],
  });
async function open(context: BrowserContext, address = site.address): Promise<Page> {
  const page = await context.newPage();
  await page.goto(address);
  return page;
}
const field = (page: Page, label: string) => page.getByLabel(label, { exact: true }).last();
async function enter(page: Page, label: string, value: string): Promise<void> {
  await field(page, label).fill(value);
  await field(page, label).press('Enter');
}
const fragment = (page: Page) => page.evaluate(() => location.hash);
const copied = (page: Page) => page.evaluate(() => navigator.clipboard.readText());

/** Trains what is chosen, to its end. */
async function train(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Train' }).click();
  await page.getByRole('status').getByText('Finished after').waitFor({ timeout: 120_000 });
}

/** Every loss of the newest run, as the browser keeps it: numbers in full. */
async function losses(page: Page): Promise<unknown> {
  return page.evaluate(async () => {
    const db = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open('inkling');
      request.onsuccess = () => resolve(request.result);
    });
    const all = <T>(store: string) =>
      new Promise<T[]>((resolve) => {
        const request = db.transaction(store).objectStore(store).getAll();
        request.onsuccess = () => resolve(request.result);
      });
    const runs = await all<{ id: string; created: number }>('runs');
    const { id } = runs.sort((a, b) => b.created - a.created)[0]!;
    const parts = await all<{ run: string; records: unknown[]; evaluations: unknown[]; samples: unknown[] }>('metrics');
    db.close();
    const own = parts.filter(({ run }) => run === id);
    return [
      own.flatMap((part) => part.records),
      own.flatMap((part) => part.evaluations),
      own.flatMap((part) => part.samples),
    ];
  });
}

test('a link, opened in a fresh profile, gives the same losses to the last bit', async () => {
  const one = await fresh();
  const page = await open(one);
  await page.getByText('Next run: Moby-Dick').waitFor({ timeout: 60_000 });
  expect(await fragment(page)).toBe('');
  await page.getByRole('combobox', { name: 'A text at hand' }).selectOption('First names');
  for (const [label, value] of Object.entries({
    Layers: '1',
    Width: '24',
    Heads: '3',
    Steps: '30',
    Batch: '3',
    'Learning rate': '0.004',
    Dropout: '0.1',
    Seed: '99',
  }))
    await enter(page, label, value);
  await page.locator('summary', { hasText: 'Advanced' }).click();
  await field(page, 'Optimizer').selectOption('Lion');
  await enter(page, 'Learning rate', '0.004');
  await page.getByText('Next run: First names').waitFor({ timeout: 60_000 });
  await expect
    .poll(() => fragment(page))
    .toBe(
      '#text=names&preset=tiny&layers=1&heads=3&width=24&batch=3&steps=30&lr=0.004&optimizer=lion&dropout=0.1&seed=99',
    );
  await page.getByRole('button', { name: 'Copy link', exact: true }).click();
  await page.locator('.spoken', { hasText: 'Link copied' }).waitFor();
  const address = await copied(page);
  await train(page);
  const first = await losses(page);
  expect(await fragment(page)).toBe(new URL(address).hash); // nothing a run does changes what is chosen

  const two = await fresh();
  const other = await open(two, address);
  await other.getByText('Next run: First names · 1 layer, 24 wide · 30 steps').waitFor({ timeout: 60_000 });
  expect(await field(other, 'Dropout').inputValue()).toBe('0.1');
  await train(other);
  expect(await losses(other)).toEqual(first);
  expect((first as unknown[][])[0]).toHaveLength(30);
  await Promise.all([one.close(), two.close()]);
});

test('a link about a text of a person’s own says which it needs, and takes no other for it', async () => {
  const one = await fresh();
  const page = await open(one);
  await page.getByText('Next run: Moby-Dick').waitFor({ timeout: 60_000 });
  await dropFile(page, 'shells.txt', new TextEncoder().encode(SHELLS));
  await page.getByText('Next run: shells.txt').waitFor({ timeout: 60_000 });
  await enter(page, 'Steps', '12');
  await train(page);
  const hash = await fragment(page);
  expect(hash).toMatch(/^#text_name=shells\.txt&text_sha256=[0-9a-f]{64}&preset=tiny&steps=12$/);
  const first = await losses(page);

  const two = await fresh();
  const other = await open(two, site.address + hash);
  const note = other.getByRole('note');
  await note.getByText('about the text “shells.txt”, which a link cannot carry').waitFor({ timeout: 60_000 });
  await other.getByText('Next run: No text yet').waitFor();
  expect(await other.getByRole('button', { name: 'Train' }).getAttribute('aria-disabled')).toBe('true');
  await dropFile(other, 'shells.txt', new TextEncoder().encode(`${SHELLS}!`));
  await note.getByText('the run is another one').waitFor({ timeout: 60_000 });
  await dropFile(other, 'the same.txt', new TextEncoder().encode(SHELLS));
  await expect.poll(() => note.count()).toBe(0);
  await train(other);
  expect(await losses(other)).toEqual(first);
  await Promise.all([one.close(), two.close()]);
});

test('whatever a link says: nothing runs, nothing is fetched from elsewhere, and each fault is named', async () => {
  const context = await fresh();
  const elsewhere: string[] = [];
  context.on('request', (request) => {
    if (/^https?:/.test(request.url()) && !request.url().startsWith(new URL(site.address).origin))
      elsewhere.push(request.url());
  });
  const bad = '<img src=x onerror=window.ran=1>';
  const page = await open(
    context,
    `${site.address}#text=shakespeare&layers=1000&heads=${encodeURIComponent(bad)}&from=${encodeURIComponent(bad)}&javascript:window.ran=1&panel=nowhere`,
  );
  const note = page.getByRole('note');
  await note.getByText('in the link say nothing here and were left out').waitFor({ timeout: 60_000 });
  await note.getByText(`from the weights of “${bad}”`).waitFor();
  await note.getByText('Tiny Shakespeare, which is fetched from GitHub').waitFor();
  await page
    .locator('model-card')
    .getByText('n_layer (layers) must be a whole number from 1 to 96, not 1000.')
    .waitFor();
  expect(await page.evaluate(() => 'ran' in window)).toBe(false);
  expect(elsewhere).toEqual([]);
  await note.getByRole('button', { name: 'Forget the link' }).click();
  await expect.poll(() => note.count()).toBe(0);

  // a link that is followed in the page, and the panel that it names
  await page.evaluate(() => {
    location.hash = 'preset=small&steps=77&panel=inside';
  });
  await page.getByRole('tab', { name: 'Look inside', selected: true }).waitFor();
  await page.getByRole('tab', { name: 'Train' }).click();
  await expect.poll(() => fragment(page)).toMatch(/preset=small&steps=77$/);
  expect(await field(page, 'Steps').inputValue()).toBe('77');
  await context.close();
});

test('the link of a kept run is of that run, whatever is chosen since', async () => {
  const one = await fresh();
  const page = await open(one, `${site.address}#preset=tiny&text=copying&layers=1&heads=1&width=8&steps=9&seed=5`);
  await page.getByText('Next run: Copying').waitFor({ timeout: 60_000 });
  await train(page);
  const first = await losses(page);
  await page.getByRole('radio', { name: /^Small/ }).check();
  await page.locator('runs-panel').getByRole('button', { name: 'Copy link to Copying' }).click();
  await page.locator('.spoken', { hasText: 'Link copied' }).waitFor();
  const address = await copied(page);
  expect(address).toContain('layers=1&heads=1&width=8&steps=9&seed=5&adapter=');

  const two = await fresh();
  const other = await open(two, address);
  await other.getByText('Next run: Copying · 1 layer, 8 wide · 9 steps').waitFor({ timeout: 60_000 });
  expect(await other.getByRole('note').count()).toBe(0); // it is the same adapter
  await waitForReading(other, 'Training loss', Number.isNaN, 1000);
  await train(other);
  expect(await losses(other)).toEqual(first);
  await Promise.all([one.close(), two.close()]);
});
