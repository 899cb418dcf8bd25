import { expect, test } from 'vitest';
import type { Device } from '../../src/gpu/device.ts';
import { CharacterTokenizer } from '../../src/text/tokenizer.ts';
import type { LiveRun } from '../../src/worker/live-run.ts';
import { Shrinking } from '../../src/worker/shrinking.ts';
import { SpareTime } from '../../src/worker/spare-time.ts';

const REQUEST = { bits: true, scopes: [], fine_tune: 0, prompt: '' };
const nothing = () => {};

/** The failure's code of a study that must not begin. */
async function codeOf(run: LiveRun | undefined, running: boolean, request = REQUEST): Promise<string> {
  const spare = new SpareTime(
    async () => ({}) as Device,
    () => running,
  );
  const answer = await new Shrinking(spare, () => run).study(request, nothing, nothing);
  return answer.ok ? 'ok' : answer.failure.code;
}

test('says why a model cannot be shrunk now', async () => {
  const run = { tokenizer: CharacterTokenizer.from('abc') } as LiveRun;
  expect(await codeOf(undefined, false)).toBe('no-model');
  expect(await codeOf(run, true)).toBe('still-training');
  expect(await codeOf(run, false, { ...REQUEST, prompt: 'xyz' })).toBe('unknown-characters');
});

test('a study is ended by its stop, also before the device is open and where a second one was refused', async () => {
  let open: (device: Device) => void = nothing;
  const device = new Promise<Device>((resolve) => {
    open = resolve;
  });
  const spare = new SpareTime(
    () => device,
    () => false,
  );
  const shrinking = new Shrinking(spare, () => undefined);
  const first = shrinking.study(REQUEST, nothing, nothing);
  const second = await shrinking.study(REQUEST, nothing, nothing);
  expect(second).toMatchObject({ ok: false, failure: { code: 'gpu-busy' } });
  await shrinking.stop();
  open({} as Device);
  expect(await first).toMatchObject({ ok: false, failure: { code: 'stopped' } });
});
