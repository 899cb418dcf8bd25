import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { importHuggingFace, modelFiles } from '../../src/formats/huggingface/import.ts';
import { readZip } from '../../src/formats/zip.ts';
import { decodeCheckpoint } from '../../src/training/checkpoint.ts';
import { dropFile, openPage, openSite, type Site, waitForReading } from './browser.ts';

/** A step has a loss, a rate, a norm and a speed; an evaluation has two losses. */
const CURVE =
  /^step,loss,lr,grad_norm,tokens_per_s,train_loss,val_loss.*\n0,,,,,4\.\d+,4\.\d+,?\n1,4\.\d+,[^,]+,[^,]+,[^,]*,,,?\n/;

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

describe('the bundled text', () => {
  test('Train, with no choice made, brings the validation loss below 2.9; then the model answers a prompt', async () => {
    const { page, complaints } = await openPage(site);
    await page.getByRole('button', { name: 'Train' }).click();

    // ln 84 = 4.43: 83 characters and <|endoftext|>
    const first = await waitForReading(page, 'Validation loss', Number.isFinite, 60_000);
    expect(first).toBeGreaterThan(4.2);
    expect(first).toBeLessThan(4.7);
    await waitForReading(page, 'Validation loss', (loss) => loss < 2.9, 180_000);
    const progress = page.getByRole('progressbar', { name: 'Training progress' });
    expect(Number(await progress.getAttribute('aria-valuenow'))).toBeGreaterThan(0);

    // Pause and Resume answer within 200 ms, and nothing moves while paused.
    const pressed = Date.now();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Resume' }).waitFor();
    expect(Date.now() - pressed).toBeLessThan(1000); // the click itself and Playwright's polling included
    await page.waitForTimeout(500);
    const paused = await page.getByLabel('Training loss', { exact: true }).textContent();
    await page.waitForTimeout(700);
    expect(await page.getByLabel('Training loss', { exact: true }).textContent()).toBe(paused);

    // A model can be prompted while it is paused.
    await page.getByRole('textbox', { name: 'Prompt' }).fill('The whale');
    await page.getByRole('spinbutton', { name: 'Characters' }).fill('40');
    await page.getByRole('button', { name: 'Generate' }).click();
    const sample = page.getByRole('region', { name: 'Sample' });
    await expect.poll(async () => (await sample.textContent())?.length ?? 0, { timeout: 30_000 }).toBeGreaterThan(45);
    expect(await sample.textContent()).toContain('The whale');

    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('button', { name: 'Train' }).waitFor();

    // ... and after it has been stopped; the same seed writes the same text.
    const write = async (seed: number) => {
      const prompt = `Ishmael and ${seed}`; // in the sample's text as soon as it is this one
      await page.getByRole('textbox', { name: 'Prompt' }).fill(prompt);
      await page.getByRole('spinbutton', { name: 'Seed' }).first().fill(String(seed));
      await page.getByRole('button', { name: 'Generate' }).click();
      await sample.getByText('Written from your prompt').waitFor({ timeout: 30_000 });
      await sample.getByText(prompt).waitFor({ timeout: 30_000 });
      // it is written out a little at a time: the whole of it stands there when nothing more comes
      let text = await sample.textContent();
      for (let before: string | null = null; before !== text; text = await sample.textContent()) {
        before = text;
        await page.waitForTimeout(400);
      }
      return text?.replace(prompt, '');
    };
    const first7 = await write(7);
    const other = await write(8);
    expect(await write(7)).toBe(first7);
    expect(other).not.toBe(first7);

    await page.getByRole('button', { name: 'Copy', exact: true }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    await page.getByText('More about the choice of characters').click();
    await page.getByRole('spinbutton', { name: 'Top-k' }).fill('1');
    expect(await write(7)).not.toBe(first7); // the likeliest character each time

    // The model leaves the page, as files that say what they are.
    const take = async (name: string) => {
      const download = page.waitForEvent('download');
      await page.getByRole('button', { name }).click();
      return new Uint8Array(readFileSync(await (await download).path()));
    };
    expect(new TextDecoder().decode((await take('GGUF')).subarray(0, 4))).toBe('GGUF');
    const { model, parameters } = importHuggingFace(modelFiles(readZip(await take('Hugging Face'))));
    expect(model).toMatchObject({ n_layer: 2, n_embd: 32, block_size: 32, vocab_size: 84 });
    const checkpoint = decodeCheckpoint(await take('Checkpoint'));
    expect(checkpoint.state.buffers.get('parameters')).toEqual(parameters);
    expect(new TextDecoder().decode(await take('Curve'))).toMatch(CURVE);

    expect((await page.getByRole('alert').textContent())?.trim()).toBe('');
    expect(complaints).toEqual([]);
    await page.close();
  });
});

describe('own text, in one page from first to last', () => {
  const LINE = 'she sells sea shells by the sea shore, and the shells she sells are sea shells. ';

  let page: Page;
  let complaints: string[];
  const alert = () => expect.poll(() => page.getByRole('alert').textContent(), { timeout: 60_000 });
  const press = (name: string) => page.getByRole('button', { name }).click();
  beforeAll(async () => {
    ({ page, complaints } = await openPage(site));
    await page.getByText('Next run: Moby-Dick').waitFor({ timeout: 60_000 });
  });
  afterAll(() => page.close());

  test.for([
    ['a PDF', 'paper.pdf', new TextEncoder().encode('%PDF-1.7\n%âãÏÓ\n1 0 obj'), /PDF/],
    ['an empty file', 'nothing.txt', new Uint8Array(0), /empty/i],
    ['bytes that are no UTF-8', 'latin.txt', Uint8Array.from({ length: 500 }, (_, i) => 160 + (i % 60)), /UTF-8/],
  ] as const)('%s is refused in one sentence, and the text before it stays', async ([, name, bytes, words]) => {
    await dropFile(page, name, bytes);
    await alert().toMatch(words);
    await page.getByText('Next run: Moby-Dick').waitFor();
  });

  test('what is learnt is still Moby-Dick; a character that it has not is named, and the run goes on', async () => {
    await press('Train');
    const first = await waitForReading(page, 'Validation loss', Number.isFinite, 60_000);
    expect(first).toBeGreaterThan(4.2); // ln 84
    await page.getByRole('textbox', { name: 'Prompt' }).fill('日本');
    await press('Generate');
    await alert().toContain('日');
    expect(await page.getByRole('button', { name: 'Pause' }).count()).toBe(1);
    await press('Stop');
    await page.getByRole('button', { name: 'Train' }).waitFor();
  });

  test('a text too short for the context is told on Train, with the length it needs', async () => {
    await dropFile(page, 'short.txt', new TextEncoder().encode(LINE));
    await page.getByText('short.txt').first().waitFor({ timeout: 60_000 });
    await press('Train');
    await alert().toMatch(/at least 321/);
    await page.getByRole('button', { name: 'Train' }).waitFor();
  });

  test('a dropped file is what the next run learns', async () => {
    await dropFile(page, 'shells.txt', new TextEncoder().encode(LINE.repeat(100)));
    await page.getByText('Next run: shells.txt').waitFor({ timeout: 60_000 });
    await press('Train');
    // it falls below what Moby-Dick allows
    await waitForReading(page, 'Validation loss', (loss) => loss < 1.6, 180_000);
    await press('Stop');
    await page.getByRole('button', { name: 'Train' }).waitFor();
    expect(complaints).toEqual([]);
  });

  test('advanced options: a wrong one is told in place, each takes effect, and a run that diverges offers a lower rate', async () => {
    const summary = page.locator('summary', { hasText: 'Advanced' });
    await summary.click();
    const enter = async (label: string, value: string) => {
      await page.getByLabel(label, { exact: true }).fill(value);
      await page.getByLabel(label, { exact: true }).press('Enter');
    };
    await enter('Averaging', '2');
    await page.getByText('ema_decay must be a number from 0 to 0.999999, not 2.').first().waitFor();
    await enter('Averaging', '0.9');
    await page.getByText('Advanced (1 changed)').waitFor();
    await enter('Averaging', '');
    await page.getByText('Advanced', { exact: true }).waitFor();

    await page.getByLabel('Optimizer', { exact: true }).selectOption('muon');
    expect(await page.getByLabel('Momentum', { exact: true }).inputValue()).toBe('0.95');
    await page.getByRole('button', { name: 'Train' }).click();
    await page.getByText('58 GPU dispatches a step').waitFor({ timeout: 60_000 });
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('button', { name: 'Train' }).waitFor();

    await page.getByLabel('Optimizer', { exact: true }).selectOption('sgd');
    for (const [label, value] of Object.entries({
      'Learning rate': '10',
      'Weight decay': '10',
      'Clip gradients at': '0',
    })) {
      await enter(label, value);
    }
    await page.getByRole('button', { name: 'Train' }).click();
    await expect
      .poll(() => page.getByRole('alert').textContent(), { timeout: 60_000 })
      .toMatch(/diverged.*last good ones/);
    await page.getByRole('button', { name: 'Try again at a learning rate of 3.3' }).waitFor();
    expect(complaints).toEqual([]);
  });
});

describe('other texts', () => {
  const dataset = (page: Page) => page.getByRole('combobox', { name: 'A text at hand' });

  test('a task shows its accuracy; its model goes on with names, once it is said what it does not know', async () => {
    const { page, complaints } = await openPage(site);
    await dataset(page).selectOption('Sorting');
    await page.getByText('Next run: Sorting').waitFor({ timeout: 60_000 });
    await page.getByRole('spinbutton', { name: 'Steps' }).fill('8');
    await page.getByRole('button', { name: 'Train' }).click();
    await waitForReading(page, 'Accuracy', (accuracy) => accuracy >= 0, 60_000);
    await page.getByRole('status').getByText('Finished').waitFor({ timeout: 60_000 });
    expect(await page.getByRole('textbox', { name: 'Prompt' }).inputValue()).toMatch(/^[a-h]{3,6}>$/);

    await dataset(page).selectOption('First names');
    await page.getByText('Next run: First names').waitFor({ timeout: 60_000 });
    await page.getByRole('radio', { name: 'The model on show' }).check();
    await page.getByText(/does not know \d+ of the text’s characters/).waitFor({ timeout: 60_000 });
    await page.getByRole('button', { name: 'Train' }).click();
    await expect.poll(() => page.getByRole('alert').textContent(), { timeout: 60_000 }).toContain('“A”, “B”, “C”');
    await page.getByRole('radio', { name: 'Add them to the model' }).check();
    await page.getByRole('button', { name: 'Train' }).click();
    await waitForReading(page, 'Validation loss', (loss) => loss > 3, 60_000); // letters in order are no names
    await page.getByRole('status').getByText('Finished').waitFor({ timeout: 60_000 });
    expect(await page.getByLabel('Accuracy', { exact: true }).count()).toBe(0);
    // the model on show is this one now, which knows them
    await page.getByText(/does not know \d+ of the text’s characters/).waitFor({ state: 'hidden' });
    expect((await page.getByRole('alert').textContent())?.trim()).toBe('');

    await dropFile(page, 'torn.safetensors', new TextEncoder().encode('torn'));
    await expect.poll(() => page.getByRole('alert').textContent()).toContain('torn.safetensors: This is no sound');
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('a text by its address: read where its server allows it, explained where not; nothing is asked for unbidden', async () => {
    const text = 'To be, or not to be, that is the question. '.repeat(50);
    const server = createServer((request, response) => {
      const open = request.url === '/open.txt';
      response.writeHead(200, open ? { 'access-control-allow-origin': '*' } : {}).end(text);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { page } = await openPage(site);
    const elsewhere: string[] = [];
    page.on('request', (request) => {
      if (/^https?:/.test(request.url()) && !request.url().startsWith(new URL(site.address).origin))
        elsewhere.push(request.url());
    });
    await page.getByText('Next run: Moby-Dick').waitFor({ timeout: 60_000 });
    expect(elsewhere).toEqual([]);
    const fetchText = async (address: string) => {
      await page.getByRole('button', { name: 'From the web' }).click();
      await page.getByRole('textbox', { name: 'Address' }).fill(address);
      await page.getByRole('button', { name: 'Fetch this text' }).click();
    };
    await fetchText(`${base}/closed.txt`);
    await expect.poll(() => page.getByRole('alert').textContent(), { timeout: 60_000 }).toMatch(/CORS/);
    await page.getByText('Next run: Moby-Dick').waitFor();
    await fetchText(`${base}/open.txt`);
    await page.getByText('Next run: open.txt').waitFor({ timeout: 60_000 });
    await page.getByText(`${text.length.toLocaleString('en')} characters`).waitFor();
    await page.close();
    server.close();
  });
});
