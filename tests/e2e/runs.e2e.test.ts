import type { BrowserContext, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../reference/arrays.ts';
import { dropFile, openSite, type Site, waitForReading } from './browser.ts';

const TEXT = 'she sells sea shells by the sea shore, and the shells she sells are sea shells. '.repeat(40);
const INTERRUPTIONS = Number(process.env.INKLING_INTERRUPTIONS ?? 2);
const STEPS = 60 + 12 * INTERRUPTIONS;

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

/** Runs that share a browser's storage, as tabs of one window do. */
const newContext = () => site.browser.newContext({ viewport: { width: 1280, height: 900 } });

async function open(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.goto(site.address);
  return page;
}

/** Starts a short run of the smallest preset on a short text. */
async function train(page: Page, steps = STEPS): Promise<void> {
  await page.getByRole('button', { name: 'Train' }).waitFor();
  await dropFile(page, 'shells.txt', new TextEncoder().encode(TEXT));
  await page.getByText('shells.txt').first().waitFor({ timeout: 60_000 });
  await page.getByRole('spinbutton', { name: 'Steps' }).first().fill(String(steps));
  await page.getByRole('button', { name: 'Train' }).click();
  await waitForReading(page, 'Training loss', Number.isFinite, 60_000);
}

const status = (page: Page) => page.getByRole('status').first();
const finished = (page: Page) =>
  expect.poll(() => status(page).textContent(), { timeout: 120_000 }).toMatch(/^Finished/);
const stepOf = async (page: Page) =>
  Number((await page.getByRole('progressbar').getAttribute('aria-valuetext'))!.match(/[\d,]+/)![0].replaceAll(',', ''));

/** A record of the run or of a part of its curve. */
interface Stored {
  id: string;
  run: string;
  created: number;
  state: string;
  step: number;
  records: unknown[];
  evaluations: unknown[];
  samples: unknown[];
}

/** What the browser keeps of its newest run: the hash in the header of the newest slot, and the whole curve. */
function kept(page: Page) {
  return page.evaluate(async () => {
    const db = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open('inkling');
      request.onsuccess = () => resolve(request.result);
    });
    const all = (store: string) =>
      new Promise<Stored[]>((resolve) => {
        const request = db.transaction(store).objectStore(store).getAll();
        request.onsuccess = () => resolve(request.result);
      });
    const run = (await all('runs')).sort((a, b) => b.created - a.created)[0]!;
    const parts = (await all('metrics')).filter((part) => part.run === run.id);
    db.close();
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle('inkling');
    const folder = await (await root.getDirectoryHandle('runs')).getDirectoryHandle(run.id);
    const slots: { generation: bigint; hash: string }[] = [];
    for (const name of ['latest.0', 'latest.1']) {
      const handle = await folder.getFileHandle(name).catch(() => undefined); // at first there is one
      const header = await (await handle?.getFile())?.slice(0, 96).arrayBuffer();
      if (header?.byteLength !== 96) continue;
      const generation = new DataView(header).getBigUint64(16, true);
      slots.push({ generation, hash: [...new Uint8Array(header, 32, 32)].join() });
    }
    slots.sort((a, b) => Number(b.generation - a.generation));
    return {
      state: run.state,
      step: run.step,
      weights: slots[0]!.hash,
      records: parts.flatMap((part) => part.records),
      evaluations: parts.flatMap((part) => part.evaluations),
      samples: parts.flatMap((part) => part.samples),
    };
  });
}

describe('a run that the closing of its tab interrupts', () => {
  test('is on show when the page is opened again, and goes on with one click, exactly', {
    timeout: 600_000,
  }, async () => {
    const calm = await newContext();
    const undisturbed = await open(calm);
    await train(undisturbed);
    await finished(undisturbed);
    const expected = await kept(undisturbed);
    expect(expected.step).toBe(STEPS);
    await calm.close();

    const context = await newContext();
    const random = new Random(7);
    let page = await open(context);
    await train(page);
    for (let i = 0; i < INTERRUPTIONS; i++) {
      // what a browser tells a page that it is about to freeze or to throw away
      if (i % 2 === 0) {
        const from = await stepOf(page);
        await expect
          .poll(() => stepOf(page), { interval: 10 })
          .toBeGreaterThan(Math.min(from + random.below(6), STEPS - 8));
        await page.evaluate(() => document.dispatchEvent(new Event('freeze')));
      }
      await page.getByText(/saved up to step/).waitFor({ timeout: 30_000 });
      await page.waitForTimeout(random.below(150));
      expect((await kept(page)).state).toBe('running');
      await page.close();

      page = await open(context);
      const goOn = page.getByRole('button', { name: 'Continue this run' });
      await goOn.waitFor({ timeout: 30_000 });
      // the curve and the losses are there before anything is computed
      await waitForReading(page, 'Validation loss', Number.isFinite, 10_000);
      await expect.poll(() => goOn.getAttribute('aria-disabled'), { timeout: 30_000 }).toBe('false');
      await goOn.click();
      await expect
        .poll(() => status(page).textContent(), { timeout: 60_000, interval: 10 })
        .toMatch(/goes on from step|Finished/);
    }
    await finished(page);
    expect(await kept(page)).toEqual(expected);
    console.log(
      `interruption: the tab is closed; interrupted ${INTERRUPTIONS} times; exact resumes ${INTERRUPTIONS}; losses 0`,
    );
    await context.close();
  });
});

describe('a run that goes on', () => {
  let context: BrowserContext;
  let page: Page;
  beforeAll(async () => {
    context = await newContext();
    page = await open(context);
    await train(page, 100_000);
    await page.getByText(/saved up to step/).waitFor({ timeout: 30_000 });
  });
  afterAll(() => context.close());

  test('over a full disk keeps what is saved, says so, and training goes on', async () => {
    const before = await kept(page);
    const devtools = await context.newCDPSession(page);
    const origin = new URL(site.address).origin;
    await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
    await page.getByRole('button', { name: 'Pause' }).click(); // saves
    const alert = page.getByRole('alert');
    await expect.poll(() => alert.textContent(), { timeout: 30_000 }).toMatch(/storage is full.*saved up to step/s);
    expect((await kept(page)).step).toBe(before.step);
    await page.getByRole('button', { name: 'Resume' }).click();
    const from = await stepOf(page);
    await expect.poll(() => stepOf(page), { timeout: 30_000 }).toBeGreaterThan(from);
    await devtools.send('Storage.overrideQuotaForOrigin', { origin });
    await page.getByRole('button', { name: 'Pause' }).click();
    await expect.poll(async () => (await kept(page)).step, { timeout: 30_000 }).toBeGreaterThan(before.step);
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('button', { name: 'Pause' }).waitFor();
  });

  test('outlives its worker, which is replaced, and goes on by itself', async () => {
    const [worker] = page.workers();
    await worker!.evaluate(() => self.close());
    await expect.poll(() => status(page).textContent(), { timeout: 60_000 }).toMatch(/goes on from step/);
    const from = await stepOf(page);
    await expect.poll(() => stepOf(page), { timeout: 30_000 }).toBeGreaterThan(from);
  });

  test('is told to a second tab, which can watch and fork it; runs are renamed and deleted', async () => {
    const other = await open(context);
    const runs = other.locator('runs-panel');
    await runs.getByText('open in another tab').waitFor({ timeout: 30_000 });
    expect(await runs.getByRole('button', { name: 'Continue shells.txt, Tiny' }).getAttribute('aria-disabled')).toBe(
      'true',
    );
    expect(await runs.getByRole('button', { name: 'Delete shells.txt, Tiny' }).getAttribute('aria-disabled')).toBe(
      'true',
    );
    await expect
      .poll(() => runs.getByRole('button', { name: 'Show shells.txt, Tiny' }).getAttribute('aria-disabled'))
      .toBe('false');
    await runs.getByRole('button', { name: 'Show shells.txt, Tiny' }).click();
    await waitForReading(other, 'Validation loss', Number.isFinite, 10_000);

    await runs.getByRole('button', { name: 'Fork shells.txt, Tiny' }).click();
    await other.getByRole('textbox', { name: 'Name' }).fill('a copy of mine');
    await other.getByRole('dialog').getByRole('button', { name: 'Fork' }).click();
    await runs.getByRole('button', { name: 'Continue a copy of mine' }).click();
    await expect.poll(() => status(other).textContent(), { timeout: 60_000 }).toMatch(/goes on from step/);
    const from = await stepOf(other);
    await expect.poll(() => stepOf(other), { timeout: 30_000 }).toBeGreaterThan(from);
    await other.getByRole('button', { name: 'Stop' }).click();
    await expect.poll(() => status(other).textContent(), { timeout: 30_000 }).toMatch(/^Stopped/);

    await runs.getByRole('button', { name: 'Rename a copy of mine' }).click();
    await other.getByRole('textbox', { name: 'Name' }).fill('renamed');
    await other.keyboard.press('Enter');
    await runs.getByRole('heading', { name: 'renamed' }).waitFor();
    await runs.getByRole('button', { name: 'Delete renamed' }).click();
    await other.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await expect.poll(() => runs.getByRole('heading', { level: 3 }).allTextContents()).toEqual(['shells.txt, Tiny']);

    // the first tab goes, and the run is there to be gone on with
    await page.close();
    await runs.getByText('interrupted').waitFor({ timeout: 30_000 });
    await other.getByRole('button', { name: 'Continue this run' }).waitFor();
  });
});
