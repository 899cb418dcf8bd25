import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { expect, inject, test } from 'vitest';
import { listFiles } from '../../site/offline.ts';
import { openPage, openSite, waitForReading } from './browser.ts';

/** Waits until the page is kept, and its service worker in charge. */
const kept = (page: Page) =>
  page.waitForFunction(async () => {
    await navigator.serviceWorker.ready;
    return navigator.serviceWorker.controller?.state === 'activated';
  });

test('after the first visit the page opens and trains without a network, every part of it', async () => {
  const site = await openSite();
  try {
    const { page, complaints } = await openPage(site);
    await kept(page);
    await site.unplug();
    await page.context().setOffline(true);
    await page.goto(`${site.address}?a=1#b`);
    await page.getByRole('button', { name: 'Train' }).click();
    await waitForReading(page, 'Training loss', Number.isFinite, 60_000);
    for (const name of ['Parameters', 'Look inside', 'Lab']) {
      await page.getByRole('tab', { name }).click();
      await page.getByRole('tabpanel').getByRole('heading').first().waitFor();
    }
    expect(complaints).toEqual([]);
  } finally {
    await site.close();
  }
});

test('a new version waits while a run goes on, and comes when the person wants it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'inkling-version-'));
  cpSync(inject('site'), folder, { recursive: true });
  const site = await openSite({ folder });
  try {
    const { page } = await openPage(site);
    await kept(page);
    await page.getByRole('button', { name: 'Train' }).click();
    await waitForReading(page, 'Training loss', Number.isFinite, 60_000);

    const built = readFileSync(join(inject('site'), 'service-worker.js'), 'utf8');
    /** Another version of the site, known by a class of its body. */
    const publish = (name: string) => {
      const index = readFileSync(join(inject('site'), 'index.html'), 'utf8');
      writeFileSync(join(folder, 'index.html'), index.replace('<body>', `<body class="${name}">`));
      writeFileSync(join(folder, 'service-worker.js'), relisted(built));
      listFiles(folder);
    };
    /** The caches of versions, and whether one of them waits. */
    const versions = () =>
      page.evaluate(async () => {
        const registration = await navigator.serviceWorker.ready;
        await registration.update();
        const names = (await caches.keys()).filter((name) => !name.endsWith(' notes'));
        return { names, waiting: registration.waiting?.state };
      });
    const installed = async (count: number) => {
      await expect.poll(async () => (await versions()).names.length).toBe(count);
      await expect.poll(async () => (await versions()).waiting).toBe('installed');
      return (await versions()).names;
    };
    publish('skipped');
    await installed(2);
    publish('newer');
    const [active, skipped, newer] = await installed(3);
    const offer = page.getByRole('button', { name: 'Reload with it' });
    await page.waitForTimeout(300);
    expect(await offer.count()).toBe(0);
    await page.getByRole('button', { name: 'Stop' }).click();
    await offer.waitFor();
    expect(await page.locator('body.newer').count()).toBe(0);
    await offer.click();
    await page.locator('body.newer').waitFor();
    await page.getByRole('button', { name: 'Train' }).waitFor();
    // pages of the version before may still load parts of it
    await expect.poll(async () => (await versions()).names).toEqual([active, newer]);
    expect(newer).not.toBe(skipped);
  } finally {
    await site.close();
    rmSync(folder, { recursive: true });
  }
});

/** A service worker as it is before its list is written in. */
function relisted(script: string): string {
  const list = /\[\{"path":.*?\}\]/.exec(script)![0];
  return script.replace(list, '__FILES__').replace(/"[0-9a-f]{16}"/, '__VERSION__');
}
