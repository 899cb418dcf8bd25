import { describe, expect, test } from 'vitest';
import { openPage, openSite, waitForReading } from './browser.ts';

// Chromium has no switch that takes navigator.gpu away: that message is tested in tests/worker/session.test.ts.
describe('ways in which WebGPU can be missing', () => {
  test.for([
    ['an insecure page', { extra: ['--host-resolver-rules=MAP inkling.test 127.0.0.1'] }, 'inkling.test', /secure/],
    ['a machine without an adapter', { webgpu: false, extra: ['--disable-gpu'] }, undefined, /no graphics adapter/],
  ] as const)('%s', async ([, options, host, words]) => {
    const site = await openSite({ webgpu: true, ...options, extra: [...options.extra] });
    try {
      const { page } = await openPage(site, host ? site.address.replace('127.0.0.1', host) : site.address);
      await expect.poll(() => page.getByRole('alert').textContent(), { timeout: 60_000 }).toMatch(words);
    } finally {
      await site.close();
    }
  });
});

test('when the GPU is pulled away, the run goes on by itself from its last save, in sight of the user', async () => {
  const site = await openSite();
  try {
    const { page } = await openPage(site);
    await page.getByRole('button', { name: 'Train' }).click();
    await page.getByText(/saved up to step/).waitFor({ timeout: 60_000 });
    await waitForReading(page, 'Training loss', Number.isFinite, 60_000);
    // each word that a screen reader is told
    await page.evaluate(() => {
      const told: string[] = [];
      Object.assign(window, { told });
      const status = document.querySelector('inkling-page')!.shadowRoot!.querySelector('run-controls')!.shadowRoot!;
      new MutationObserver(() => told.push(status.querySelector('[role=status]')!.textContent!)).observe(status, {
        subtree: true,
        childList: true,
        characterData: true,
      });
    });
    const session = await site.browser.newBrowserCDPSession();
    await session.send('Browser.crashGpuProcess').catch(() => {});
    const told = () => page.evaluate(() => (window as unknown as { told: string[] }).told.join('\n'));
    await expect
      .poll(told, { timeout: 60_000 })
      .toMatch(/device was lost\. Going on from step \d+.*goes on from step/s);
    await waitForReading(page, 'Validation loss', (value) => value < 4.2, 120_000);
    expect((await page.getByRole('alert').textContent())?.trim()).toBe('');
  } finally {
    await site.close();
  }
});

test('a part of the page that cannot be fetched is told, and is there when it is chosen again', async () => {
  const site = await openSite();
  try {
    const context = await site.browser.newContext({ serviceWorkers: 'block' }); // it would have kept the part
    const page = await context.newPage();
    const part = /assets\/(inside|bench)-panel-/;
    await page.route(part, (route) => route.abort());
    await page.goto(site.address);
    await page.getByText('Ready. Press Train.').waitFor({ timeout: 60_000 });
    const alert = () => expect.poll(async () => (await page.getByRole('alert').textContent())?.trim());
    for (const press of [
      () => page.getByRole('tab', { name: 'Look inside' }).click(),
      () => page.getByRole('button', { name: 'Benchmark this adapter' }).click(),
    ]) {
      await press();
      await alert().toMatch(/^A part of this page could not be fetched\..*reload the page/s);
      await page.getByRole('button', { name: 'Dismiss' }).click();
      await alert().toBe('');
    }
    await page.unroute(part);
    await page.getByRole('tab', { name: 'Train' }).click();
    await page.getByRole('tab', { name: 'Look inside' }).click();
    await page.locator('inside-panel').getByRole('heading').first().waitFor();
    await alert().toBe('');
  } finally {
    await site.close();
  }
});
