import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Reading, thereAndBack, timeBriefly } from '../../src/gpu/measure.ts';

interface Machine {
  /** Milliseconds of a replay. */
  replay: number;
  /** What the GPU's clock moves in; 0 where it has none. */
  step: number;
  /** What a submit costs beside its replays, and by how much that differs. */
  submit: number;
  jitter: number;
  /** Milliseconds between two looks of the browser at what its GPU has done. */
  look?: number;
  /** The samples that something else on the machine makes longer, and by how much. */
  disturbed?: ReadonlyMap<number, number>;
}

/** Samples as such a machine takes them, and what all of them took. */
function samplesOf({ replay, step, submit, jitter, look = 0, disturbed }: Machine) {
  let taken = 0;
  let now = 0;
  const time = async (repeats: number): Promise<Reading> => {
    const more = disturbed?.get(taken) ?? 0;
    const phase = (0.618 * taken++) % 1;
    const exact = repeats * replay + more;
    const clock = step > 0 ? step * (Math.floor(phase + exact / step) || 0) : undefined;
    const ended = now + exact + submit + phase * jitter;
    const heard = look > 0 ? look * Math.ceil(ended / look) : ended;
    const elapsed = heard - now;
    now = heard + 0.37 * phase;
    return { clock, elapsed };
  };
  return { time, took: () => now };
}

const MACHINES = {
  'a fine clock': { step: 1e-6, submit: 0.05, jitter: 0.02 },
  'the clock of Chrome': { step: 0.065, submit: 0.1, jitter: 0.05 },
  'no clock': { step: 0, submit: 0.8, jitter: 0.3 },
  'no clock and a tardy browser': { step: 0, submit: 1, jitter: 0.5, look: 4 },
};

test.each(Object.entries(MACHINES))('a replay is timed by %s to a third, quick or slow', async (_, machine) => {
  const replays = fc.double({ min: Math.log(1e-3), max: Math.log(200), noNaN: true }).map(Math.exp);
  const guesses = fc.double({ min: Math.log(0.05), max: Math.log(20), noNaN: true }).map(Math.exp);
  await fc.assert(
    fc.asyncProperty(replays, guesses, async (replay, factor) => {
      const { time, took } = samplesOf({ ...machine, replay });
      const ms = await timeBriefly(time, factor * replay, 'look' in machine);
      expect(ms / replay).toBeGreaterThan(0.66);
      expect(ms / replay).toBeLessThan(1.5);
      // in a few milliseconds, or a few replays of a slow one, and never in one long submit
      expect(took()).toBeLessThan(120 + 12 * replay);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('one disturbed sample, whichever it is, makes no replay seem quicker or slower', async () => {
  for (const replay of [0.02, 0.1, 1]) {
    for (let sample = 0; sample < 4; sample++) {
      for (const more of [0.5, 2, 10]) {
        const { time } = samplesOf({ ...MACHINES['a fine clock'], replay, disturbed: new Map([[sample, more]]) });
        const ms = await timeBriefly(time, replay);
        expect(ms / replay).toBeGreaterThan(0.9);
        expect(ms / replay, `${replay} ms, sample ${sample} + ${more}`).toBeLessThan(1.1);
      }
    }
  }
});

test('a clock that stands still is given up on after so many replays', async () => {
  let most = 0;
  const stuck = async (repeats: number): Promise<Reading> => {
    most = Math.max(most, repeats);
    return { clock: 0, elapsed: 1 };
  };
  expect(await timeBriefly(stuck, 1)).toBe(0);
  expect(most).toBeLessThan(5000);
});

test('of several the quickest is told while the GPU wakes up', async () => {
  const exact = [3, 2, 2.4, 2.1];
  let slowness = 4; // as much as an H200 was at first, and less each time
  const time = async (index: number) => {
    slowness -= 0.4;
    return exact[index]! * slowness;
  };
  expect(await thereAndBack(exact.length, time)).toEqual(exact.map((ms) => expect.closeTo(2.2 * ms, 8)));
  const asked: unknown[] = [];
  await thereAndBack(2, async (...about) => asked.push(about));
  expect(asked).toEqual([[0], [1], [1, 2], [0, 1]]);
});
