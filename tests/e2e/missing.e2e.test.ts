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
      await expect.poll(() => page.getByRole('alert').textContent(), { timeout: 20_000 }).toMatch(words);
    } finally {
      await site.close();
    }
  });
});

test('when the GPU is pulled away the page says so, and Train starts anew', async () => {
  const site = await openSite();
  try {
    const { page } = await openPage(site);
    await page.getByRole('button', { name: 'Train' }).click();
    await waitForReading(page, 'Training loss', Number.isFinite, 60_000);
    const session = await site.browser.newBrowserCDPSession();
    await session.send('Browser.crashGpuProcess').catch(() => {});
    await expect.poll(() => page.getByRole('alert').textContent(), { timeout: 30_000 }).toMatch(/lost/);
    await page.getByRole('button', { name: 'Train' }).click({ timeout: 30_000 });
    const loss = await waitForReading(page, 'Validation loss', (value) => value > 4, 60_000);
    expect(loss).toBeGreaterThan(4.2);
  } finally {
    await site.close();
  }
});
