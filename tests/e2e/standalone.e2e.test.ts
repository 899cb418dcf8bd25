import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { standaloneTemplate } from '../../site/standalone-page.ts';
import type { PortableModel } from '../../src/formats/portable-model.ts';
import { encodeStandalone } from '../../src/formats/standalone.ts';
import { keptTokens } from '../../src/generation/window.ts';
import { layoutOf } from '../../src/model/parameters.ts';
import { dequantize, quantize } from '../../src/model/quantization.ts';
import { randomModel, referenceLogits } from '../formats/models.ts';
import { complaintsOfAxe } from './axe.ts';
import { dropFile, openPage, openSite, type Site, waitForReading } from './browser.ts';

const LINE = 'she sells sea shells by the sea shore, and the shells she sells are sea shells. ';

let folder: string;
let site: Site;
/** Without WebGPU. */
let bare: Browser;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'inkling-standalone-'));
  site = await openSite();
  bare = await chromium.launch({
    ...(process.env.CHROME_PATH ? { executablePath: process.env.CHROME_PATH } : {}),
    args: ['--no-sandbox', '--disable-background-networking'],
  });
});
afterAll(async () => {
  await bare.close();
  await site.close();
  rmSync(folder, { recursive: true });
});

/** Opens a page from the disk in a browser that has no network, and has it write. */
async function writeWith(
  browser: Browser,
  page: Uint8Array,
  { prompt, length, temperature = 0 }: { prompt: string; length: number; temperature?: number },
  look: (page: Page) => Promise<void> = async () => {},
): Promise<{ text: string; state: string }> {
  const path = join(folder, 'model.html');
  writeFileSync(path, page);
  const context = await browser.newContext({ offline: true });
  const opened = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  opened.on('pageerror', (error) => complaints.push(error.message));
  opened.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  opened.on('request', (request) => requests.push(request.url()));
  await opened.goto(pathToFileURL(path).href);
  await opened.getByText('Ready to write').waitFor({ timeout: 60_000 });
  await opened.getByRole('textbox', { name: 'Prompt' }).fill(prompt);
  await opened.getByRole('spinbutton', { name: 'Temperature' }).fill(String(temperature));
  await opened.getByRole('spinbutton', { name: 'Characters' }).fill(String(length));
  await opened.getByRole('button', { name: 'Generate' }).click();
  const state = opened.getByRole('status');
  await opened.getByText(' a second.').waitFor({ timeout: 60_000 });
  const text = (await opened.getByRole('region', { name: 'Text' }).textContent())!.trimStart();
  const said = (await state.textContent())!;
  await look(opened);
  expect(complaints).toEqual([]);
  expect(requests).toHaveLength(1);
  await context.close();
  return { text, state: said };
}

/** What the largest logits say, in float64 and without a cache. */
function greedyText(model: PortableModel, prompt: string, length: number): string {
  const { vocabulary } = model;
  const T = model.model.block_size;
  const never = vocabulary.length - 1;
  let window = Array.from(prompt, (character) => vocabulary.indexOf(character));
  let text = prompt;
  for (let n = 0; n < length; n++) {
    const logits = referenceLogits(model, window).subarray(-vocabulary.length);
    const best = logits.reduce((most, l, id) => (id !== never && l > logits[most]! ? id : most), 0);
    text += vocabulary[best];
    window.push(best);
    if (window.length > T) window = window.slice(-keptTokens(T));
  }
  return text;
}

describe('a model of odd sizes', () => {
  test.for([
    { bits: 8, options: {} },
    { bits: 4, options: { tied: false, bias: false, activation: 'gelu', n_embd: 14 } },
    { bits: 32, options: { activation: 'relu' } },
  ] as const)(
    '$bits bits: by WebGPU and in plain JavaScript it writes what the float64 reference does',
    async ({ bits, options }) => {
      const model = randomModel(options, 'abcdefghij \n', bits);
      const file = encodeStandalone(await standaloneTemplate(), model, bits, {
        ...{ text: '', steps: 0, val_loss: null, prompt: '' },
      });
      const request = { prompt: 'abcb', length: 40 };
      const gpu = await writeWith(site.browser, file, request);
      const plain = await writeWith(bare, file, request);
      expect(gpu.state).toMatch(/^40 characters written by WebGPU/);
      expect(plain.state).toMatch(/^40 characters written in plain JavaScript/);
      const layout = layoutOf(model.model);
      const parameters = bits === 32 ? model.parameters : dequantize(layout, quantize(layout, model.parameters, bits));
      const expected = greedyText({ ...model, parameters }, request.prompt, request.length);
      expect(gpu.text).toBe(expected);
      expect(plain.text).toBe(expected);
      const bold = { ...request, temperature: 0.9 };
      expect((await writeWith(bare, file, bold)).text).toBe((await writeWith(site.browser, file, bold)).text);
    },
  );
});

describe('a model that the page has trained', () => {
  test('is shrunk and measured, leaves as a page, and writes there what it wrote', async () => {
    const { page, complaints } = await openPage(site);
    await page.getByRole('button', { name: 'Train' }).waitFor();
    await dropFile(page, 'shells.txt', new TextEncoder().encode(LINE.repeat(80)));
    await page.getByText('shells.txt').first().waitFor({ timeout: 60_000 });
    await page.getByRole('button', { name: 'Train' }).click();
    await waitForReading(page, 'Validation loss', (loss) => loss < 2.2, 120_000);
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('button', { name: 'Train' }).waitFor();

    // what the page itself writes
    const prompt = 'she sells ';
    await page.getByRole('textbox', { name: 'Prompt' }).fill(prompt);
    await page.getByRole('spinbutton', { name: 'Characters' }).fill('160');
    await page.getByRole('slider', { name: 'Temperature' }).fill('0');
    await page.getByRole('button', { name: 'Generate' }).click();
    const sample = page.getByRole('region', { name: 'Sample' });
    await sample.getByText('Written from your prompt').waitFor({ timeout: 30_000 });

    // the study of it: a few rows, then ended
    await page.getByRole('tab', { name: 'Lab' }).click();
    const lab = page.locator('shrink-lab');
    await lab.getByRole('textbox', { name: 'Samples begin with' }).fill(prompt);
    await lab.getByRole('checkbox', { name: 'Pruning, each matrix' }).uncheck();
    await lab.getByRole('checkbox', { name: 'Train on after pruning' }).uncheck();
    await lab.getByRole('button', { name: 'Shrink and measure' }).click();
    await lab.getByRole('rowheader', { name: '30 % of all pruned' }).waitFor({ timeout: 120_000 });
    await lab.getByRole('button', { name: 'End it here' }).click();
    await lab.getByText('Ended before everything was measured').waitFor({ timeout: 30_000 });
    const figures = async (name: string) => {
      const cells = await lab.getByRole('row', { name }).getByRole('cell').allTextContents();
      return { loss: Number(cells[5]), speed: Number(cells[8]!.replaceAll(',', '')) };
    };
    const [before, packed, four] = [await figures('As trained'), await figures('8 bits'), await figures('4 bits')];
    expect(Math.abs(packed.loss / before.loss - 1)).toBeLessThan(0.005);
    expect(Math.abs(four.loss / before.loss - 1)).toBeLessThan(0.2);
    for (const { speed } of [before, packed, four]) expect(speed).toBeGreaterThan(0);
    const [trained, eight] = await lab.getByRole('definition').allTextContents();
    expect(await complaintsOfAxe(page, 'inkling-page', 'lab-panel', 'shrink-lab')).toEqual([]);

    await page.getByRole('tab', { name: 'Train' }).click();
    const take = async (bits: string) => {
      await page.getByRole('combobox', { name: 'Bits a number' }).selectOption(bits);
      const download = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Web page' }).click();
      return new Uint8Array(readFileSync(await (await download).path()));
    };
    const request = { prompt, length: 160 };
    const int8 = await take('html-8');
    const look = async (opened: Page) => {
      expect(await complaintsOfAxe(opened)).toEqual([]);
      expect(await opened.getByRole('heading', { level: 1 }).textContent()).toBe(
        'A small language model of shells.txt',
      );
      expect(await opened.getByText('to a validation loss of').count()).toBe(1);
    };
    expect((await writeWith(site.browser, int8, request, look)).text).toBe(prompt + eight);
    expect((await writeWith(bare, int8, request)).text).toBe(prompt + eight);
    const f32 = await take('html-32');
    const written = (await writeWith(site.browser, f32, request)).text;
    expect(written).toBe(prompt + trained);
    const plain = (text: string | null) => text!.trim().replaceAll(/\s+/g, ' ');
    await expect.poll(async () => plain(await sample.textContent())).toContain(plain(written));
    expect(complaints).toEqual([]);
    await page.close();
  });
});
