import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EventStream, RunClock } from '../../src/worker/event-stream.ts';
import type { SessionEvent, StepRecord } from '../../src/worker/messages.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const record = (step: number): StepRecord => ({ step, loss: 1, lr: 1, grad_norm: 1 });

test('steps are told ten times a second, and before anything that comes after them', () => {
  const events: SessionEvent[] = [];
  const stream = new EventStream();
  stream.listener = (event) => events.push(event);
  stream.startRun(new RunClock(100, 10));
  for (let step = 1; step <= 50; step++) {
    stream.steps([record(step)]);
    vi.advanceTimersByTime(10);
  }
  expect(events).toHaveLength(5);
  stream.steps([record(51)]);
  stream.send({ kind: 'eval', step: 51, train_loss: 1, val_loss: 1, overfitting_since: null });
  expect(events.slice(-2).map(({ kind }) => kind)).toEqual(['step', 'eval']);
  const told = events.flatMap((event) => (event.kind === 'step' ? event.records.map(({ step }) => step) : []));
  expect(told).toEqual(Array.from({ length: 51 }, (_, i) => i + 1));
});

test('the speed is that of the unpaused time, also right after a pause', () => {
  const clock = new RunClock(1000, 32);
  const go = (steps: number) => {
    for (let i = 0; i < steps; i++) {
      vi.advanceTimersByTime(10);
      clock.advance(1);
    }
  };
  go(100); // 100 steps of 32 tokens a second
  expect(clock.tokensPerSecond()).toBeCloseTo(3200, 6);
  expect(clock.secondsLeft()).toBeCloseTo(9, 6);
  clock.pause();
  clock.advance(1); // what was in flight arrives
  vi.advanceTimersByTime(60_000);
  clock.resume();
  go(50);
  expect(clock.tokensPerSecond()).toBeCloseTo(3200, 6);
  expect(clock.elapsedMs()).toBeCloseTo(1500, 6);
});

test('what was told has been heard when the listener has done with the last of it, well or badly', async () => {
  const stream = new EventStream();
  await stream.heard(); // nothing was told yet
  let hear: () => void = () => {};
  stream.listener = () => new Promise<void>((resolve) => (hear = resolve));
  stream.startRun(new RunClock(1, 10));
  stream.steps([record(1)]);
  stream.flush();
  let heard = false;
  const waiting = stream.heard().then(() => (heard = true));
  await vi.advanceTimersByTimeAsync(10);
  expect(heard).toBe(false);
  hear();
  await waiting;

  stream.listener = () => Promise.reject(new Error('the page failed'));
  stream.send({ kind: 'recovering', step: 1 });
  await stream.heard();
});
