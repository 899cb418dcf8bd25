import { readFile } from 'node:fs/promises';
import type { Locator, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPage, openSite, type Site } from './browser.ts';

const STEPS = 60;

let site: Site;
let page: Page;
let complaints: string[];
beforeAll(async () => {
  site = await openSite();
  ({ page, complaints } = await openPage(site));
  await train(STEPS);
});
afterAll(() => site.close());

/** A whole run, from the button to its end. */
async function train(steps: number): Promise<void> {
  await page.getByRole('spinbutton', { name: 'Steps' }).first().fill(String(steps));
  await page.getByRole('spinbutton', { name: 'Steps' }).first().press('Tab');
  await page.getByRole('button', { name: 'Train' }).click();
  await page.getByRole('button', { name: 'Stop' }).waitFor();
  await page.getByRole('button', { name: 'Train' }).waitFor({ timeout: 120_000 });
}

const chart = (name: string): Locator => page.locator(`series-chart.${name}`);

/** Opens what stands behind a chart. */
async function open(name: string): Promise<Locator> {
  const details = chart(name).locator('details');
  if ((await details.getAttribute('open')) === null) await chart(name).getByText('Numbers and files').click();
  await details.getByRole('table').waitFor();
  return details;
}

/** The steps in a chart's table. */
async function stepsOf(name: string): Promise<number[]> {
  const rows = await chart(name).getByRole('rowheader').allTextContents();
  return rows.map((step) => Number(step.replaceAll(',', '')));
}

/** Where a chart's curves lie on the screen. */
async function area(name: string) {
  await chart(name).locator('.held').scrollIntoViewIfNeeded();
  return (await chart(name).locator('.u-over').boundingBox())!;
}

/** Moves the pointer across a chart, from one share of its width to another. */
async function drag(name: string, from: number, to: number): Promise<void> {
  const box = await area(name);
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + from * box.width, y);
  await page.mouse.down();
  await page.mouse.move(box.x + ((from + to) / 2) * box.width, y);
  await page.mouse.move(box.x + to * box.width, y);
  await page.mouse.up();
}

/** Where a chart's crosshair stands, as a share of its width. */
const crosshair = (name: string): Promise<number> =>
  chart(name)
    .locator('.u-cursor-x')
    .evaluate((line) => {
      const over = line.parentElement!.getBoundingClientRect();
      return (line.getBoundingClientRect().right - over.left) / over.width;
    });

const legend = async (name: string): Promise<string> =>
  ((await chart(name).locator('.legend').textContent()) ?? '').replace(/\s+/g, ' ').trim();

async function save(button: Locator): Promise<Buffer> {
  const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
  return readFile(await download.path());
}

async function savedSteps(): Promise<{ header: string; lines: string[][] }> {
  const text = (await save(page.getByRole('button', { name: 'Every step as CSV' }))).toString();
  const [header = '', ...lines] = text.trimEnd().split('\n');
  return { header, lines: lines.map((line) => line.split(',')) };
}

describe('the charts of a run', () => {
  test('have a table with all that they show, at every chart', async () => {
    for (const name of ['loss', 'lr', 'gradNorm', 'speed', 'grad', 'update', 'ratio']) await open(name);
    await expect.poll(() => stepsOf('lr')).toContain(STEPS);
    expect(await stepsOf('loss')).toContain(0); // the evaluation before the first step
    expect(await chart('grad').getByRole('columnheader').allTextContents()).toEqual([
      'step',
      'embeddings',
      'layer 1',
      'layer 2',
      'head',
    ]);
    // at 10, 20 and 40 steps, and at each of four evaluations
    expect(await stepsOf('grad')).toEqual([10, 15, 20, 30, 40, 45, 60]);
    const ratios = await chart('ratio').getByRole('cell').allTextContents();
    for (const ratio of ratios.map((text) => Number(text.replaceAll('−', '-')))) {
      expect(ratio).toBeGreaterThan(1e-5);
      expect(ratio).toBeLessThan(1);
    }
  });

  test('share one crosshair, which the pointer and the arrow keys move', async () => {
    const box = await area('loss');
    await page.mouse.move(box.x + box.width / 2, box.y + 20);
    await expect.poll(() => legend('loss')).toMatch(/training \d\.\d+ validation \d\.\d+ step 30$/);
    for (const name of ['lr', 'gradNorm', 'speed']) {
      await expect.poll(() => legend(name)).toMatch(/step 30$/);
      expect(Math.abs((await crosshair(name)) - 0.5)).toBeLessThan(0.03);
    }
    await page.mouse.move(box.x + box.width / 2, box.y - 30);
    await expect.poll(() => legend('lr')).not.toMatch(/step \d/);

    await chart('gradNorm').locator('.held').focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => legend('loss')).toMatch(/step 3$/);
    // and it is said to those who do not see it
    expect(await chart('gradNorm').locator('[aria-live]').textContent()).toMatch(/^step 3: Gradient norm \d/);
  });

  /** The crosshair, by keys: to step 6, one further than that of the evaluation before the first step. */
  async function goToSixth() {
    await chart('loss').locator('.held').focus();
    const go = async () => {
      await page.keyboard.press('End');
      await page.keyboard.press('Home');
      for (let i = 0; i < 6; i++) await page.keyboard.press('ArrowRight');
      return legend('loss');
    };
    await expect.poll(go).toMatch(/step 6$/); // again where the plot is built anew meanwhile: it may begin elsewhere
  }

  test('have logarithmic axes', async () => {
    await goToSixth();
    expect(Math.abs((await crosshair('loss')) - 6 / STEPS)).toBeLessThan(0.03);
    await page.getByLabel('Logarithmic steps').check();
    await expect
      .poll(async () => Math.abs((await crosshair('loss')) - Math.log(6) / Math.log(STEPS)))
      .toBeLessThan(0.03);
    const before = await chart('loss').locator('canvas').screenshot();
    await page.getByLabel('Logarithmic values').check();
    await expect.poll(async () => (await chart('loss').locator('canvas').screenshot()).equals(before)).toBe(false);
    await page.getByLabel('Logarithmic values').uncheck();
    await page.getByLabel('Logarithmic steps').uncheck();
    // the plot is built anew for other axes, a moment later
    await goToSixth();
    await expect.poll(async () => Math.abs((await crosshair('loss')) - 6 / STEPS)).toBeLessThan(0.03);
  });

  test('are zoomed together, by dragging and by keys, and shown whole again', async () => {
    const all = page.getByRole('button', { name: 'Show all steps' });
    await drag('loss', 0.25, 0.75);
    for (const name of ['loss', 'lr', 'grad']) {
      await expect.poll(async () => Math.min(...(await stepsOf(name)))).toBeGreaterThanOrEqual(14);
      await expect.poll(async () => Math.max(...(await stepsOf(name)))).toBeLessThanOrEqual(46);
    }
    expect(await all.getAttribute('aria-disabled')).toBe('false');
    await all.click();
    await expect.poll(() => stepsOf('lr')).toContain(STEPS);

    await chart('lr').locator('.held').focus();
    await page.keyboard.press('End');
    await page.keyboard.press('+');
    await expect.poll(async () => Math.min(...(await stepsOf('loss')))).toBeGreaterThan(STEPS / 2 - 2);
    await page.keyboard.press('PageUp');
    await expect.poll(async () => Math.max(...(await stepsOf('loss')))).toBeLessThan(STEPS);
    await page.keyboard.press('0');
    await expect.poll(() => stepsOf('loss')).toContain(0);
    await drag('gradNorm', 0.5, 0.9);
    await expect.poll(async () => Math.min(...(await stepsOf('loss')))).toBeGreaterThan(25);
    await chart('lr').locator('.u-over').dblclick();
    await expect.poll(() => stepsOf('loss')).toContain(STEPS);
  });

  test('are saved: every step in full, the norms of every tensor, and a picture', async () => {
    const { header, lines } = await savedSteps();
    expect(header).toBe('step,loss,lr,grad_norm,tokens_per_s,train_loss,val_loss,accuracy');
    const steps = lines.filter(([, loss]) => loss !== '');
    expect(steps.map(([step]) => Number(step))).toEqual(Array.from({ length: STEPS }, (_, i) => i + 1));
    for (const [, loss] of steps) expect(Math.fround(Number(loss))).toBe(Number(loss)); // as the GPU has it
    expect(lines.length - steps.length).toBe(5); // before the first step, and four more

    const norms = (await save(page.getByRole('button', { name: 'Norms as CSV' }))).toString().trimEnd().split('\n');
    expect(norms[0]).toBe('step,tensor,grad_norm,update_norm,weight_norm,distance_from_start');
    const atTen = norms.slice(1).filter((line) => line.startsWith('10,'));
    const total = Math.hypot(...atTen.map((line) => Number(line.split(',')[2])));
    const record = Number(steps.find(([step]) => step === '10')![3]);
    expect(Math.abs(total / record - 1)).toBeLessThan(1e-4);

    const behind = await open('loss');
    const png = await save(behind.getByRole('button', { name: 'Save as PNG' }));
    expect(png.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
    const canvas = await chart('loss')
      .locator('canvas')
      .evaluate((it: HTMLCanvasElement) => it.width);
    expect(png.readUInt32BE(16)).toBeGreaterThan(canvas);
    const csv = (await save(behind.getByRole('button', { name: 'Save as CSV' }))).toString();
    expect(csv.split('\n')[0]).toBe('step,training,training (lowest),training (highest),training,validation');
    expect(csv.trimEnd().split('\n')).toHaveLength(STEPS + 2);
  });

  test('are smoothed by a chosen amount, but for the learning rate', async () => {
    const { lines } = await savedSteps();
    await page.mouse.move(0, 0); // a pointer that leaves a chart, as the page scrolls, takes the crosshair with it
    const exact = Number(lines.find(([step, loss]) => step === '6' && loss !== '')![1]).toFixed(3);
    await chart('loss').locator('.held').focus();
    await page.keyboard.press('Home');
    for (let i = 0; i < 6; i++) await page.keyboard.press('ArrowRight');
    await expect.poll(() => legend('loss')).toMatch(/step 6$/);
    const rate = await legend('lr');
    const slider = page.getByRole('slider', { name: 'Smoothing' });
    await slider.fill('0');
    await expect.poll(() => slider.getAttribute('aria-valuetext')).toBe('off');
    await expect.poll(() => legend('loss')).toContain(`training ${exact} `);
    await slider.fill('7');
    await expect.poll(() => slider.getAttribute('aria-valuetext')).toBe('1,000 steps');
    await expect.poll(() => legend('loss')).not.toContain(`training ${exact} `);
    expect(await legend('lr')).toBe(rate);
  });

  test('show other runs over the present one, by name, until they are left out', async () => {
    await train(20);
    await expect.poll(() => stepsOf('lr')).not.toContain(STEPS);
    // The newest run stands first, and is the one on show: only the other one can be laid over it.
    const [own, other] = await page.getByRole('button', { name: /^Compare / }).all();
    expect(await own!.getAttribute('aria-disabled')).toBe('true');
    // By keyboard: tables above still grow by the run's last steps, and a pointer may be over something else when it is released.
    await other!.press('Enter');
    await expect.poll(() => other!.getAttribute('aria-pressed')).toBe('true');
    const name = (await other!.getAttribute('aria-label'))!.slice('Compare '.length);
    await expect
      .poll(() => chart('loss').getByRole('columnheader').allTextContents())
      .toEqual(['step', 'training', 'validation', name, `${name}, validation`]);
    await area('loss'); // what is out of sight is not drawn
    await expect.poll(() => stepsOf('loss')).toContain(STEPS);
    expect(await legend('loss')).toContain(name);
    await other!.press('Enter');
    await area('loss');
    await expect.poll(() => legend('loss')).not.toContain(name);
    await expect.poll(() => stepsOf('loss')).not.toContain(STEPS);
  });

  test('are there again after the page was closed, norms and speed too', async () => {
    await page.reload();
    await page
      .locator('runs-panel')
      .getByRole('button', { name: /^Show / })
      .last()
      .click(); // the first run
    for (const name of ['grad', 'speed']) await open(name);
    await expect.poll(() => stepsOf('grad')).toEqual([10, 15, 20, 30, 40, 45, 60]);
    expect((await stepsOf('speed')).length).toBeGreaterThan(0);
    expect(complaints).toEqual([]);
  });
});
