import * as Comlink from 'comlink';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { anatomyOf } from '../../src/model/counts.ts';
import { labRun, type Variant } from '../../src/ui/panels/lab/variants.ts';
import type { LabCommands, LabOutcome, Losses } from '../../src/worker/lab.ts';
import type { SessionCommands, SessionEvent, TextSource } from '../../src/worker/messages.ts';
import type { RateCommands } from '../../src/worker/rates.ts';

// The runs that the page's lab asks for, in the real worker on the real GPU.

const SETTINGS = { characters: 500, steps: 160, seed: 1337 };

let worker: Worker;
let session: Comlink.Remote<SessionCommands>;
let lab: Comlink.Remote<LabCommands>;
let rates: Comlink.Remote<RateCommands>;
let phase = '';
/** The SHA-256 of the text that is chosen. */
let text = '';

beforeAll(async () => {
  worker = new Worker(new URL('../../src/worker/session.worker.ts', import.meta.url), { type: 'module' });
  session = Comlink.wrap<SessionCommands>(worker);
  lab = session.lab as never as Comlink.Remote<LabCommands>;
  rates = session.rates as never as Comlink.Remote<RateCommands>;
  await session.listen(
    Comlink.proxy((event: SessionEvent) => {
      if (event.kind === 'status') phase = event.phase;
    }),
  );
  expect(await session.connect()).toMatchObject({ ok: true });
  await choose({ kind: 'dataset', name: 'moby-dick' });
});
afterAll(() => worker.terminate());

async function choose(source: TextSource): Promise<void> {
  const loaded = await session.loadText(source);
  if (!loaded.ok) throw new Error(loaded.failure.message);
  text = loaded.value.sha256;
}

/** A run to its end, and what it has told. */
async function train(
  variant: Variant,
  settings = SETTINGS,
): Promise<LabOutcome & { told: Losses[]; since: (number | null)[] }> {
  const told: Losses[] = [];
  const since: (number | null)[] = [];
  const listener = Comlink.proxy((losses: Losses, overfits: number | null) => {
    told.push(losses);
    since.push(overfits);
  });
  const result = await lab.train(labRun(variant, settings, text), listener);
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message}`);
  return { ...result.value, told, since };
}

test('without a remedy it overfits, and weight decay ends lower on the same text held back', async () => {
  const plain = await train('plain');
  const best = Math.min(...plain.evaluations.map(({ val_loss }) => val_loss));
  const last = plain.evaluations.at(-1)!;
  expect(plain.told).toEqual(plain.evaluations);
  expect(plain.overfitting_since).not.toBeNull();
  expect(plain.since.at(-1)).toBe(plain.overfitting_since);
  expect(last.val_loss).toBeGreaterThan(best + 0.1);
  expect(last.train_loss).toBeLessThan(last.val_loss - 0.8);

  const decay = await train('decay');
  expect(decay.evaluations[0]).toEqual(plain.evaluations[0]); // the same weights, the same text
  expect(decay.evaluations.at(-1)!.val_loss).toBeLessThan(last.val_loss - 0.1);
  expect(decay.norm).toBeLessThan(0.8 * plain.norm);
});

test('the same seed repeats a run to the bit; another one does not', async () => {
  const short = { ...SETTINGS, steps: 12 };
  const once = await train('plain', short);
  expect(await train('plain', short)).toEqual(once);
  expect((await train('plain', { ...short, seed: 2 })).evaluations).not.toEqual(once.evaluations);
});

test.each([
  { bias: true, tied: true },
  { bias: false, tied: false, n_layer: 3, n_head: 3, n_embd: 21, n_inner: 50 },
])('a trainer has as many parameters as are counted: %o', async (change) => {
  const run = labRun('plain', { ...SETTINGS, steps: 1 }, text);
  const model = { ...run.config.model, ...change };
  const result = await lab.train(
    { ...run, config: { ...run.config, model } },
    Comlink.proxy(() => {}),
  );
  const vocab_size = 84; // Moby-Dick's 83 characters and <|endoftext|>
  expect(result.ok && result.value.parameters).toBe(anatomyOf({ ...model, vocab_size }).parameters);
});

test('it is ended when it is asked to, and by a run that begins; beside one it is refused', async () => {
  const nothing = Comlink.proxy(() => {});
  const long = { ...SETTINGS, steps: 5000 };
  const ended = lab.train(labRun('plain', long, text), nothing);
  expect(await lab.train(labRun('plain', long, text), nothing)).toMatchObject({ failure: { code: 'gpu-busy' } });
  expect(await rates.measure()).toMatchObject({ failure: { code: 'gpu-busy' } });
  await lab.stop();
  expect(await ended).toMatchObject({ ok: false, failure: { code: 'stopped' } });

  const overtaken = lab.train(labRun('plain', long, text), nothing);
  const { config } = labRun('plain', long, text);
  expect(await session.train(config)).toEqual({ ok: true, value: null });
  expect(await overtaken).toMatchObject({ ok: false, failure: { code: 'stopped' } });
  expect(await lab.train(labRun('plain', long, text), nothing)).toMatchObject({
    failure: { code: 'still-training' },
  });
  expect(await rates.measure()).toMatchObject({ failure: { code: 'still-training' } });
  await session.stop();
  await expect.poll(() => phase, { timeout: 20_000 }).toBe('stopped');
});

test('another text than that which it began with is refused, and one too short for it with the length it needs', async () => {
  const before = labRun('more', SETTINGS, text);
  await choose({ kind: 'paste', text: 'To be, or not to be. '.repeat(100) });
  const nothing = Comlink.proxy(() => {});
  expect(await lab.train(before, nothing)).toMatchObject({ ok: false, failure: { code: 'other-text' } });
  expect(await lab.train(labRun('more', SETTINGS, text), nothing)).toMatchObject({
    ok: false,
    failure: { code: 'short-text', message: expect.stringContaining('6,048') },
  });
});
