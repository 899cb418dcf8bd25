import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright';
import { preview } from 'vite';
import { inject } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A real Chromium on the real page, built as it is for the public and served under a path of its own. */
export interface Site {
  browser: Browser;
  address: string;
  /** Stops serving the page, as if the network were gone. */
  unplug(): Promise<void>;
  close(): Promise<void>;
}

/**
 * `extra` Chromium flags; `webgpu: false` leaves out those that give WebGPU to a machine without a GPU; `folder` of a
 * built site, if it is not the one that all tests share.
 */
export async function openSite({ extra = [] as string[], webgpu = true, folder = inject('site') } = {}): Promise<Site> {
  const server = await preview({
    root: ROOT,
    configFile: join(ROOT, 'vite.config.ts'),
    logLevel: 'error',
    build: { outDir: folder },
    base: '/some/where/',
    preview: { host: '127.0.0.1', port: 0, allowedHosts: true },
  });
  const address = server.resolvedUrls!.local[0]!;
  const gpu = webgpu ? ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'] : [];
  const browser = await chromium.launch({
    ...(process.env.CHROME_PATH ? { executablePath: process.env.CHROME_PATH } : {}),
    args: ['--no-sandbox', '--disable-background-networking', ...gpu, ...extra],
  });
  let served = true;
  const unplug = async () => {
    if (served) await server.close();
    served = false;
  };
  return {
    browser,
    address,
    unplug,
    close: async () => {
      await browser.close();
      await unplug();
    },
  };
}

/** A page that collects what goes wrong in its console, so that a test can ask for silence. */
export async function openPage(site: Site, address = site.address): Promise<{ page: Page; complaints: string[] }> {
  const page = await site.browser.newPage({ viewport: { width: 1280, height: 900 } });
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') {
      complaints.push(message.text());
    }
  });
  await page.goto(address);
  return { page, complaints };
}

/** Waits until the labelled reading satisfies `holds`, and returns it. */
export async function waitForReading(
  page: Page,
  label: string,
  holds: (value: number) => boolean,
  timeout: number,
): Promise<number> {
  const end = Date.now() + timeout;
  let value = Number.NaN;
  while (Date.now() < end) {
    value = Number.parseFloat((await page.getByLabel(label, { exact: true }).textContent()) ?? '');
    if (holds(value)) {
      return value;
    }
    await page.waitForTimeout(100);
  }
  throw new Error(`${label} is ${value} after ${timeout / 1000} s.`);
}

/** Drops a file on the page, as the browser does it when a person lets go of the mouse. */
export async function dropFile(page: Page, name: string, bytes: Uint8Array): Promise<void> {
  const transfer = await page.evaluateHandle(
    ({ name, numbers }) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(numbers)], name));
      return data;
    },
    { name, numbers: [...bytes] },
  );
  for (const event of ['dragenter', 'dragover', 'drop']) {
    await page.dispatchEvent('body', event, { dataTransfer: transfer });
  }
}
