import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Engine, openEngine } from '../../src/index.ts';
import { encodeCheckpoint, startingCheckpoint } from '../../src/training/checkpoint.ts';
import { bytePairModel } from '../formats/models.ts';

const TEXT = 'A drop of ink may make a million think; it may also make a blot. '.repeat(20);
const SHAPE = { n_layer: 1, n_head: 1, n_embd: 8, block_size: 8 };
const SHORT = { max_iters: 12, batch_size: 2, eval_interval: 6, eval_iters: 1 };

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine(navigator.gpu);
});
afterAll(() => engine.close());

test('the example for a worker trains and streams', async () => {
  const worker = new Worker(new URL('../../examples/worker.js', import.meta.url), { type: 'module' });
  const said: Record<string, unknown>[] = [];
  const done = new Promise<void>((resolve, reject) => {
    worker.onmessage = ({ data }) => {
      said.push(data);
      if (data.done) resolve();
      if (data.error) reject(new Error(data.error));
    };
    worker.onerror = (event) => reject(new Error(event.message));
  });
  worker.postMessage({ text: TEXT, prompt: 'A drop' });
  await done;
  worker.terminate();
  const steps = said.filter((message) => 'step' in message);
  expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
  const text = said.flatMap(({ piece }) => piece ?? []).join('');
  expect(text.length).toBeGreaterThan(0);
  expect(text).not.toContain('.');
});

describe('a model', () => {
  test('trains, writes while it does, is saved and loaded, to the same bits', async () => {
    const model = await engine.create({ text: TEXT, preset: 'tiny', ...SHAPE });
    expect(model.config).toMatchObject({ ...SHAPE, n_inner: 32 });
    const evaluations: number[] = [];
    const written: string[] = [];
    const result = await model.train(TEXT, {
      ...SHORT,
      onEvaluation: async ({ step, val_loss }) => {
        evaluations.push(val_loss);
        written.push(`${step} ${await model.write('A', { length: 5 })}`);
      },
    });
    expect(result).toEqual({ step: 12, finished: true, val_loss: evaluations.at(-1) });
    expect(written).toHaveLength(3);
    const same = await engine.load(model.save());
    expect(same.save()).toEqual(model.save());
    expect(await same.evaluate(TEXT)).toBe(await model.evaluate(TEXT));
    const text = await model.write('A drop', { length: 20, seed: 4 });
    expect(Array.from(text)).toHaveLength(20);
    expect(await same.write('A drop', { length: 20, seed: 4 })).toBe(text);
    // A second run starts from these weights.
    const losses: number[] = [];
    await same.train(TEXT, { ...SHORT, onEvaluation: ({ val_loss }) => void losses.push(val_loss) });
    expect(losses[0]).toBe(evaluations.at(-1));
    await model.release();
    expect(await model.write('A drop', { length: 20, seed: 4 })).toBe(text);
  });

  test('ended by its signal, it resumes as if it had not been', async () => {
    const options = { text: TEXT, preset: 'tiny', ...SHAPE } as const;
    const whole = await engine.create(options);
    await whole.train(TEXT, SHORT);
    const parts = await engine.create(options);
    const abort = new AbortController();
    const onStep = ({ step }: { step: number }) => step >= 4 && abort.abort();
    const first = await parts.train(TEXT, { ...SHORT, onStep, signal: abort.signal });
    expect(first.finished).toBe(false);
    const again = await engine.load(parts.save());
    await expect(again.resume(`${TEXT}A`)).rejects.toMatchObject({ code: 'other-text' });
    expect(await again.resume(TEXT)).toMatchObject({ finished: true, step: 12 });
    expect(again.save()).toEqual(whole.save());
  });

  test('with a tokenizer of its own is read, written with and trained by it', async () => {
    const started = startingCheckpoint(bytePairModel());
    const model = await engine.load(encodeCheckpoint(started));
    const text = 'the thing in the inn sings. '.repeat(30);
    const loss = await model.evaluate(text);
    expect(Math.abs(loss - Math.log(started.model.vocab_size))).toBeLessThan(3);
    expect(await model.write('thing in', { length: 6, temperature: 0 })).toMatch(/./);
    const { step } = await model.train(text, { ...SHORT, learning_rate: 0.01 });
    expect(step).toBe(SHORT.max_iters);
    expect(await model.evaluate(text)).toBeLessThan(loss);
    expect(await engine.load(model.save()).then((same) => same.evaluate(text))).toBe(await model.evaluate(text));
  });

  test('refuses in words', async () => {
    await expect(engine.create({ text: TEXT, n_embd: 33, n_head: 2 })).rejects.toMatchObject({ code: 'bad-config' });
    const model = await engine.create({ text: TEXT, preset: 'tiny', ...SHAPE });
    await expect(model.write('ß')).rejects.toMatchObject({ code: 'unknown-characters' });
    await expect(model.write('A', { temperature: -1 })).rejects.toMatchObject({ code: 'bad-options' });
    await expect(model.train('short')).rejects.toMatchObject({ code: 'short-text' });
    await expect(model.train(TEXT.toUpperCase())).rejects.toMatchObject({ code: 'unknown-characters' });
    await expect(engine.load(new Uint8Array(9))).rejects.toMatchObject({ code: 'bad-safetensors' });
    const both = [model.train(TEXT, SHORT), model.train(TEXT, SHORT)];
    expect((await Promise.allSettled(both)).map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});
