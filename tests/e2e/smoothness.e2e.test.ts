import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPage, openSite, type Site } from './browser.ts';

/** INKLING_SMOOTHNESS=long takes 10,000 steps and a trace of 20 s. */
const long = process.env.INKLING_SMOOTHNESS === 'long';
const STEPS = long ? 10_000 : 1000;
const TRACE_MS = long ? 20_000 : 5000;

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  /** Microseconds on the clock, and on the processor. */
  dur?: number;
  tdur?: number;
  args?: { name?: string };
}

/** The tasks of the page's main thread meanwhile, in milliseconds: as the clock has it, and on the processor. */
async function mainThreadTasks(page: Page, ms: number): Promise<{ wall: number; processor: number }[]> {
  await site.browser.startTracing(page, { categories: ['disabled-by-default-devtools.timeline', '__metadata'] });
  await page.waitForTimeout(ms);
  const trace: TraceEvent[] = JSON.parse((await site.browser.stopTracing()).toString()).traceEvents;
  const main = trace.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain');
  const threads = main.map(({ pid, tid }) =>
    trace.filter((e) => e.name === 'RunTask' && e.pid === pid && e.tid === tid),
  );
  const tasks = threads.sort((a, b) => b.length - a.length)[0]!;
  return tasks.map(({ dur = 0, tdur = 0 }) => ({ wall: dur / 1000, processor: tdur / 1000 }));
}

/** Bytes of living objects on the page's heap. */
async function heap(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.enable');
  await session.send('HeapProfiler.collectGarbage');
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize;
}

const stepOf = async (page: Page): Promise<number> =>
  Number((await page.getByLabel('Step', { exact: true }).textContent())?.replaceAll(',', ''));

test('a run keeps the page’s main thread free, and its heap small', async () => {
  const config = 'layers=1&heads=1&width=16&context=8&batch=2&eval_interval=500&sample_interval=500';
  const { page, complaints } = await openPage(site, `${site.address}#${config}&steps=${STEPS}`);
  await page.getByRole('button', { name: 'Train' }).click();
  await expect.poll(() => stepOf(page), { timeout: 60_000 }).toBeGreaterThan(20);
  const [before, from] = [await heap(page), await stepOf(page)];

  const tasks = await mainThreadTasks(page, TRACE_MS);
  const moved = (await stepOf(page)) - from;
  expect(moved, 'steps made meanwhile').toBeGreaterThan(20);
  const longest = (key: 'wall' | 'processor') => Math.max(...tasks.map((task) => task[key]));
  const busy = tasks.reduce((sum, { processor }) => sum + processor, 0) / TRACE_MS;
  console.log(
    `${tasks.length} tasks in ${TRACE_MS / 1000} s and ${moved} steps: the longest took ${longest('processor').toFixed(1)} ms ` +
      `of the processor, ${longest('wall').toFixed(1)} ms of the clock; busy ${(100 * busy).toFixed(1)} %`,
  );
  // On the processor: a software adapter takes all cores, and keeps every thread of the machine waiting.
  expect(longest('processor')).toBeLessThan(50);

  await page
    .getByRole('status')
    .getByText(`Finished after ${STEPS.toLocaleString('en')} steps`)
    .waitFor({ timeout: 280_000 });
  const grown = (await heap(page)) - before;
  console.log(
    `heap: ${(before / 1e6).toFixed(2)} MB at step ${from}, grown by ${(grown / 1e6).toFixed(2)} MB at ${STEPS}`,
  );
  expect(grown).toBeLessThan(5e6);
  expect(complaints).toEqual([]);
});
