import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Random } from '../reference/arrays.ts';
import { INTERRUPTIONS, report, Tab, tinyRun, traceOf } from './run-harness.ts';

// Each kind of interruption, at moments drawn from a seed, each followed by a resume. In the end every loss, evaluation
// and sample, and the bits of the weights and moments, are those of the run that nothing has disturbed.

/** One at a time, as long as it lives: with it go its compiled kernels. */
let tab: Tab;
let expected: Awaited<ReturnType<typeof traceOf>>;

beforeAll(async () => {
  tab = await Tab.open();
});
afterEach(() => tab.calm());
afterAll(() => tab.close());

const random = new Random(11);

test('nothing disturbs the run that the others are compared with', async () => {
  const id = await tab.train(tinyRun());
  await tab.until(() => tab.phase === 'finished');
  expected = await traceOf(tab, id);
  expect(expected.records).toHaveLength(tinyRun().training.max_iters);
});

test('the worker is killed', { timeout: 300_000 }, async () => {
  const id = await tab.train(tinyRun());
  let exact = 0;
  for (let i = 0; i < INTERRUPTIONS; i++) {
    const from = tab.step;
    // the first one once there is something to go on from
    const wanted = from + 3 + random.below(30);
    await tab.until(() => tab.of('checkpoint').length + i > 0 && (tab.step >= wanted || tab.phase === 'finished'));
    if (i % 3 === 2) void tab.session.save();
    tab.close();
    tab = await Tab.open();
    expect(await tab.session.resumeRun(id)).toEqual({ ok: true, value: null });
    await tab.until(() => tab.of('started').length > 0);
    const { before } = tab.of('started')[0]!;
    // what it has told before is what the undisturbed run told until then
    expect(before!.metrics.records).toEqual(expected.records.slice(0, before!.step));
    exact++;
  }
  await tab.until(() => tab.phase === 'finished');
  expect(await traceOf(tab, id)).toEqual(expected);
  report('the worker is killed', INTERRUPTIONS, exact);
});

test('the device is lost, and the run goes on by itself', { timeout: 300_000 }, async () => {
  const id = await tab.train(tinyRun());
  for (let i = 0; i < INTERRUPTIONS; i++) {
    const wanted = tab.step + 3 + random.below(20);
    await tab.until(() => tab.step >= wanted);
    // three in a row without a save would end the run: that is another test
    if (i % 2 === 0) await tab.session.save();
    expect(tab.phase, 'too few steps for so many losses').toBe('running');
    await tab.session.destroyDevice();
    await tab.until(() => tab.of('started').length === i + 2);
  }
  await tab.until(() => tab.phase === 'finished');
  expect(tab.of('recovering')).toHaveLength(INTERRUPTIONS);
  expect(tab.of('error')).toEqual([]);
  expect(await traceOf(tab, id)).toEqual(expected);
  report('device.destroy()', INTERRUPTIONS, tab.of('started').length - 1);
});
