import { expect, test } from 'vitest';
import { preset } from '../../src/model/config.ts';
import type { SessionEvent } from '../../src/worker/messages.ts';
import { Session } from '../../src/worker/session.ts';

test('a browser without WebGPU, and a page that is not secure, each get their own message', async () => {
  const without = await new Session(undefined, true).connect();
  expect(without).toMatchObject({ ok: false, failure: { code: 'no-webgpu' } });
  const insecure = await new Session(undefined, false).connect();
  expect(insecure).toMatchObject({ ok: false, failure: { code: 'insecure-context' } });
});

test('commands that have nothing to act on answer in words or do nothing', async () => {
  const session = new Session(undefined, true);
  const events: SessionEvent[] = [];
  session.listen((event) => events.push(event));
  expect(await session.train(preset('tiny'))).toMatchObject({ ok: false, failure: { code: 'no-text' } });
  expect(await session.generate({ prompt: '', length: 1, temperature: 1, seed: 1 })).toMatchObject({
    ok: false,
    failure: { code: 'no-model' },
  });
  const exported = await session.exportModel('gguf');
  expect(exported).toMatchObject({ ok: false, failure: { code: 'no-model' } });
  for (const command of ['pause', 'resume', 'stop', 'cancelGeneration'] as const) {
    expect(await session[command]()).toEqual({ ok: true, value: null });
  }
  expect(events).toEqual([]);
});

test('a refused configuration or text changes nothing', async () => {
  const session = new Session(undefined, true);
  const config = preset('tiny');
  config.model.n_head = 3;
  expect(await session.train(config)).toMatchObject({ ok: false, failure: { code: 'bad-config' } });

  const loaded = await session.loadText({ kind: 'paste', text: 'abcd '.repeat(20) });
  expect(loaded).toMatchObject({ ok: true, value: { characters: 100, vocab_size: 6, name: 'Pasted text' } });
  const pdf = new Blob(['%PDF-1.7']);
  const refused = await session.loadText({ kind: 'file', name: 'a.pdf', file: pdf });
  expect(refused).toMatchObject({ ok: false, failure: { code: 'bad-text' } });
  // the pasted text is still there: it is its length that is complained about
  expect(await session.train(preset('tiny'))).toMatchObject({ ok: false, failure: { code: 'short-text' } });
});
