import { afterEach, expect, test } from 'vitest';
import { Random } from '../reference/arrays.ts';
import { INTERRUPTIONS, report, Tab, tinyRun, traceOf } from './run-harness.ts';

// Each kind of interruption, at moments drawn from a seed, each followed by a resume. In the end every loss, evaluation
// and sample, and the bits of the weights and moments, are those of the run that nothing has disturbed.

const tabs: Tab[] = [];
const open = async () => {
  const tab = await Tab.open();
  tabs.push(tab);
  return tab;
};
afterEach(() => {
  for (const tab of tabs.splice(0)) tab.close();
});

let undisturbed: ReturnType<typeof traceOf> | undefined;
/** The run that nothing disturbs, once. */
function reference(): ReturnType<typeof traceOf> {
  undisturbed ??= (async () => {
    const tab = await open();
    const id = await tab.train(tinyRun());
    await tab.until(() => tab.phase === 'finished');
    return traceOf(tab, id);
  })();
  return undisturbed;
}

const random = new Random(11);

test('the worker is killed', { timeout: 300_000 }, async () => {
  const expected = await reference();
  let tab = await open();
  const id = await tab.train(tinyRun());
  let exact = 0;
  for (let i = 0; i < INTERRUPTIONS; i++) {
    const from = tab.step;
    // the first one once there is something to go on from
    const wanted = from + 3 + random.below(30);
    await tab.until(() => tab.of('checkpoint').length + i > 0 && (tab.step >= wanted || tab.phase === 'finished'));
    if (i % 3 === 2) void tab.session.save();
    tab.close();
    tab = await open();
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
  const expected = await reference();
  const tab = await open();
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
