import type * as Comlink from 'comlink';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { BenchmarkCommands } from '../../src/worker/benchmarking.ts';
import type { PlanningCommands } from '../../src/worker/planning.ts';
import { Tab, TEXT, tinyRun, traceOf } from './run-harness.ts';

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

test('a benchmark is ended by a run, which begins when that is off the GPU', async () => {
  const benchmarking = tab.session.benchmarking as never as Comlink.Remote<BenchmarkCommands>;
  const request = { config: 'tiny', precision: 'f32', profile: true, patience_ms: 100_000 } as const;
  const benchmark = benchmarking.run(request);
  expect(await tab.session.train(tinyRun({ max_iters: 100_000 }))).toMatchObject({ ok: true });
  expect(await benchmark).toMatchObject({ ok: false, failure: { code: 'stopped' } });
  expect(tab.of('error')).toEqual([]);
  expect(await benchmarking.run(request)).toMatchObject({ ok: false, failure: { code: 'still-training' } });
});

test('kernels compiled ahead are those that a run takes: it starts at once, and is the same run', async () => {
  const config = tinyRun({ max_iters: 6, eval_interval: 3, sample_interval: 0, batch_size: 5 });
  const whole = async (one: Tab) => {
    const run = await one.train(config);
    await one.until(() => one.phase === 'finished');
    return traceOf(one, run);
  };
  const compiled = (one: Tab) => one.of('status').filter(({ detail }) => /Compiling kernels, \d/.test(detail));
  const other = await Tab.open();
  const unprepared = await whole(other);
  expect(compiled(other)).not.toEqual([]);
  other.close();

  const planning = tab.session.planning as never as Comlink.Remote<PlanningCommands>;
  expect(await planning.prepare(config)).toEqual({ ok: true, value: true });
  expect(await whole(tab)).toEqual(unprepared);
  expect(compiled(tab)).toEqual([]);
});

test('compiling ahead gives way: to what is chosen next, to a run, and to a measurement', async () => {
  const planning = tab.session.planning as never as Comlink.Remote<PlanningCommands>;
  const left = planning.prepare(tinyRun({ batch_size: 7 }));
  expect(await planning.prepare(tinyRun({ batch_size: 5 }))).toEqual({ ok: true, value: true });
  expect(await left).toEqual({ ok: true, value: false });

  const beforeTrial = planning.prepare(tinyRun({ batch_size: 9 }));
  expect(await planning.measure(tinyRun())).toMatchObject({ ok: true });
  expect(await beforeTrial).toEqual({ ok: true, value: false });

  const beforeRun = planning.prepare(tinyRun({ batch_size: 11 }));
  expect(await tab.session.train(tinyRun({ max_iters: 100_000 }))).toMatchObject({ ok: true });
  expect(await beforeRun).toEqual({ ok: true, value: false });
  expect(await planning.prepare(tinyRun({ batch_size: 13 }))).toEqual({ ok: true, value: false }); // beside a run
  const unsound = tinyRun({ batch_size: 0 });
  expect(await planning.prepare(unsound)).toMatchObject({ ok: false, failure: { code: 'bad-config' } });
});
