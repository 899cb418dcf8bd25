import { expect, test } from 'vitest';
import { OpenCommands } from '../../src/ui/open-commands.ts';
import type { Failure, Result } from '../../src/worker/messages.ts';

const failure: Failure = { code: 'worker-died', message: 'It has died.', hint: 'Start it again.' };
const never = () => new Promise<Result<null>>(() => {});

test('commands that have been answered leave nothing behind', async () => {
  const open = new OpenCommands();
  expect(await open.answer(Promise.resolve({ ok: true, value: 3 }))).toEqual({ ok: true, value: 3 });
  const broken = await open.answer(Promise.reject(new TypeError('no clone')));
  expect(broken).toMatchObject({
    ok: false,
    failure: { code: 'internal', message: expect.stringContaining('no clone') },
  });
  expect(open.size).toBe(0);
});

test('those that wait fail together, and so does any that comes later', async () => {
  const open = new OpenCommands();
  const waiting = [open.answer(never()), open.answer(never())];
  expect(open.size).toBe(2);
  open.fail(failure);
  const failed = { ok: false, failure };
  expect(await Promise.all(waiting)).toEqual([failed, failed]);
  expect(await open.answer(never())).toEqual(failed);
  expect(open.size).toBe(0);
});
