import { expect, test } from 'vitest';
import { Session } from '../../src/worker/session.ts';

test('a text that is chosen while another one is counted has the word', async () => {
  const session = new Session(undefined, true);
  const long = session.loadText({ kind: 'paste', text: 'The whale is white, and so is the sea. '.repeat(80_000) });
  // the long one is read in some turns of the loop, and then counted
  const answers = [];
  for (let turn = 0; turn < 8; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    answers.push(session.loadText({ kind: 'paste', text: `Shells, ${turn} of them. `.repeat(50) }));
  }
  const told: string[] = [];
  await Promise.all([
    long.then((answer) => told.push(answer.ok ? 'long' : answer.failure.code)),
    ...answers.map((one, turn) => one.then((answer) => told.push(answer.ok ? `shells ${turn}` : answer.failure.code))),
  ]);
  // whatever was told last is the newest
  expect(told.filter((what) => what !== 'superseded').at(-1)).toBe('shells 7');
  expect(told).not.toContain('long');
});
