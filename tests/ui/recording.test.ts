import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { LIKELIEST, SHARES } from '../../src/storage/choices.ts';
import { eventsBetween, type Recording } from '../../src/ui/recording/player.ts';
import type { RecordingView } from '../../src/ui/recording/recording.ts';
import { reduce, Store } from '../../src/ui/store.ts';
import { canGenerate, canTrain, initialView, type View } from '../../src/ui/view.ts';

const FILE = fileURLToPath(new URL('../../src/ui/recording/moby-dick.json', import.meta.url));
const recording: Recording = JSON.parse(readFileSync(FILE, 'utf8'));
const steps = recording.steps.loss.length;

function play(view: View, from: number, to: number): View {
  const { adapter, recorded, seconds } = recording;
  const state: RecordingView = { adapter, recorded, seconds, steps, step: to, playing: true, speed: 1 };
  const events = eventsBetween(recording, from, to);
  return reduce(view, { kind: 'recorded', afresh: from < 0, events, recording: state });
}

describe('the recorded run', () => {
  test('is a whole one that has learnt something', () => {
    const { run } = play(initialView(), -1, steps);
    expect(steps).toBe(run!.config.training.max_iters);
    expect(run!.step).toBe(steps);
    expect(run!.history.loss.x).toHaveLength(steps);
    expect(run!.evaluations[0]!.val).toBeCloseTo(Math.log(run!.vocabulary), 0);
    expect(run!.evaluations.at(-1)!.val).toBeLessThan(2.6);
    expect(run!.evaluations.at(-1)!.step).toBe(steps);
    expect(run!.samples.length).toBeGreaterThan(10);
    expect(recording.adapter).not.toBe('');
  });

  test('has how each character was chosen, and how far each layer moved', () => {
    const { run } = play(initialView(), -1, steps);
    for (const { text, choices } of run!.samples) {
      const characters = [...text].length;
      expect(choices!.shares.length / characters).toBe(SHARES);
      expect(choices!.likeliest.length / characters).toBe(LIKELIEST);
    }
    expect(run!.norms.length).toBeGreaterThan(20);
    expect(run!.norms.at(-1)).toMatchObject({ step: steps, names: recording.tensors });
  });

  test('comes to the same whether it is played at once or in pieces', () => {
    let pieces = play(initialView(), -1, 0);
    expect(pieces.run!.step).toBe(0);
    expect(pieces.run!.evaluations).toHaveLength(1);
    for (const [from, to] of [
      [0, 1],
      [1, 50],
      [50, 50],
      [50, 333],
      [333, steps],
    ] as const)
      pieces = play(pieces, from, to);
    expect(pieces).toEqual(play(initialView(), -1, steps));
  });

  test('is never taken for a run of this browser', () => {
    const playing = play(initialView(), -1, 500);
    expect(playing).toMatchObject({ phase: 'idle', recording: { step: 500 }, run: { live: false, id: null } });
    expect(playing.milestone).toMatch(/recorded run/);
    expect(canTrain(playing)).toBe(false);
    expect(canGenerate(playing)).toBe(false);
    const connected = reduce(playing, {
      kind: 'connected',
      adapter: { name: 'a', software: false, preset: 'tiny' } as never,
    });
    expect(connected).toMatchObject({ recording: null, run: null });
    const started = reduce(playing, recording.started);
    expect(started).toMatchObject({ recording: null, run: { live: true } });
  });
});

test('an own run on show stays when the browser connects', () => {
  const store = new Store();
  store.dispatch(recording.started);
  store.dispatch({ kind: 'connected', adapter: { name: 'a', software: false, preset: 'tiny' } as never });
  expect(store.view.run).not.toBeNull();
});
