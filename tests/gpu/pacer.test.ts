import { describe, expect, test } from 'vitest';
import { Pacer } from '../../src/gpu/pacer.ts';

/** Trains for a while on a GPU that takes `step` milliseconds a step, two submits in flight, as the trainer does. */
function train(pacer: Pacer, step: (submit: number) => number, submits = 40): number[] {
  const inFlight: number[] = [];
  const flights: { steps: number; ms: number }[] = [];
  for (let submit = 0; submit < submits; submit++) {
    const { steps } = pacer;
    flights.push({ steps, ms: steps * step(submit) });
    if (flights.length === 2) {
      inFlight.push(flights[0]!.ms + flights[1]!.ms);
      const done = flights.shift()!;
      pacer.learn(done.steps, done.ms);
    }
  }
  return inFlight;
}

describe('the work in flight', () => {
  test.each([0.1, 0.35, 1, 2.5, 6])('is 10 to 30 ms where a step takes %d ms', (ms) => {
    const settled = train(new Pacer(), () => ms).slice(12);
    expect(Math.min(...settled)).toBeGreaterThanOrEqual(10);
    expect(Math.max(...settled)).toBeLessThanOrEqual(30);
  });

  test('is one step at a time where that takes longer', () => {
    const pacer = new Pacer();
    train(pacer, () => 400);
    expect(pacer.steps).toBe(1);
  });

  test('falls at once when the GPU slows down, and after one odd reading no more than doubles', () => {
    const pacer = new Pacer();
    train(pacer, () => 0.5);
    const { steps } = pacer;
    expect(steps).toBe(28);
    pacer.learn(steps, 20 * steps * 0.5); // another page takes the GPU
    expect(pacer.steps).toBeLessThanOrEqual(2);
    pacer.learn(2, 0); // a clock that stood still
    expect(pacer.steps).toBeLessThanOrEqual(4);
  });
});
