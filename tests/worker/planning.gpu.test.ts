import type * as Comlink from 'comlink';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { PlanningCommands } from '../../src/worker/planning.ts';
import { Tab, TEXT, tinyRun } from './run-harness.ts';

let tab: Tab;
beforeAll(async () => {
  tab = await Tab.open();
  expect(await tab.session.loadText({ kind: 'paste', text: TEXT })).toMatchObject({ ok: true });
});
afterEach(() => tab.calm());
afterAll(() => tab.close());

test('what a run takes is known before it starts, to the byte; a trial times it and leaves nothing behind', async () => {
  const planning = tab.session.planning as never as Comlink.Remote<PlanningCommands>;
  for (const change of [
    {},
    { optimizer: 'muon', patience: 2 },
    { batch_size: 3, dropout: 0.1, ema_decay: 0.9 },
  ] as const) {
    const config = tinyRun({ max_iters: 2, sample_interval: 0, ...change });
    const estimate = await planning.estimate(config);
    if (!estimate.ok) throw new Error(estimate.failure.message);
    const from = tab.of('started').length;
    expect(await tab.session.train(config)).toMatchObject({ ok: true });
    await tab.until(() => tab.of('started').length > from && tab.phase === 'finished');
    const { parameters, gpu_bytes } = tab.of('started').at(-1)!;
    expect(estimate.value.parameters).toBe(parameters);
    expect(Math.abs(estimate.value.memory.total / gpu_bytes - 1)).toBeLessThan(0.15); // but for alignment and small tables
    expect(estimate.value.failure).toBeNull();
  }
  const runs = (await tab.session.listRuns()) as { ok: true; value: { runs: unknown[] } };
  const measured = await planning.measure(tinyRun());
  if (!measured.ok) throw new Error(measured.failure.message);
  expect(measured.value.ms_per_step).toBeGreaterThan(0);
  expect(measured.value.steps).toBeGreaterThanOrEqual(4);
  expect(await tab.session.listRuns()).toMatchObject({ value: { runs: { length: runs.value.runs.length } } });
  expect(tab.phase).toBe('finished');
});

test('a trial gives way to a run, and none is made beside one', async () => {
  const planning = tab.session.planning as never as Comlink.Remote<PlanningCommands>;
  const large = tinyRun({ batch_size: 64, gradient_accumulation_steps: 8, max_iters: 100_000, sample_interval: 0 });
  const trial = planning.measure(large);
  expect(await tab.session.train(tinyRun({ max_iters: 100_000 }))).toMatchObject({ ok: true });
  const ended = await trial;
  if (!ended.ok) expect(ended.failure.code).toMatch(/superseded|still-training/);
  expect(await planning.measure(large)).toMatchObject({ ok: false, failure: { code: 'still-training' } });
  const huge = tinyRun();
  huge.model.n_embd = 16384;
  huge.model.n_head = 128;
  huge.model.n_layer = 20;
  huge.model.n_inner = 65536;
  expect(await planning.estimate(huge)).toMatchObject({ value: { failure: { code: 'too-large' } } });
  expect(await tab.session.train(huge)).toMatchObject({ ok: false, failure: { code: 'too-large' } });
});
