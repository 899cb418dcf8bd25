import { describe, expect } from 'vitest';
import type { Device } from '../../src/gpu/device.ts';
import type { StepNorms } from '../../src/training/statistics.ts';
import type { TrainerOptions } from '../../src/training/trainer.ts';
import { expectClose, gpuTest } from '../graph/harness.ts';
import { gpt } from '../reference/gpt.ts';
import { globalNorm } from '../reference/optimizer.ts';
import { corpus, inFloat64, MODEL, named, options, type Run, run, startOf, TRAINING } from './runs.ts';

async function watch(device: Device, given: TrainerOptions): Promise<Run & { norms: StepNorms[] }> {
  const norms: StepNorms[] = [];
  const done = await run(device, given, undefined, { norms: (taken) => void norms.push(taken) });
  return { ...done, norms };
}

/** A text of one window, so that every batch is known. */
const window = corpus(MODEL.block_size + 1, 3);
const texts = { train: window, val: window };

const normsOf = (tensors: ReadonlyMap<string, ArrayLike<number>>, names: readonly string[]) =>
  names.map((name) => globalNorm([Float64Array.from(tensors.get(name)!)]));

function difference(a: ReadonlyMap<string, Float32Array>, b: ReadonlyMap<string, Float32Array>) {
  return new Map([...a].map(([name, values]) => [name, values.map((value, i) => value - b.get(name)![i]!)]));
}

describe('norms of the tensors', () => {
  gpuTest('are taken at evaluations and at 10, 20, 40 … steps, and change nothing', async ({ device }) => {
    for (const changes of [{}, { optimizer: 'muon', dropout: 0.1, gradient_accumulation_steps: 2 }] as const) {
      const given = options({ ...changes, max_iters: 45, eval_interval: 15 });
      const { norms, ...watched } = await watch(device, given);
      expect(norms.map(({ step }) => step)).toEqual([10, 15, 20, 30, 40, 45]);
      expect(watched).toEqual(await run(device, given));
      for (const { step, grad, update } of norms) {
        // of all tensors together: what the record of that step says
        expectClose(
          [globalNorm([grad])],
          [watched.records[step - 1]!.grad_norm],
          1e-5,
          `gradient norm of step ${step}`,
        );
        expect(Math.min(...update)).toBeGreaterThan(0);
      }
    }
  });

  gpuTest('are those of the reference, for one real step', async ({ device }) => {
    const given = (max_iters: number) => options({ max_iters, grad_clip: 0.5 }, texts);
    const [before, after] = [await watch(device, given(9)), await watch(device, given(10))];
    const weights = [before, after].map(({ state }) => named(state.buffers.get('parameters')!));
    const { names, ...norms } = after.norms.at(-1)!;
    expect(norms.step).toBe(10);

    const B = TRAINING.batch_size;
    const x = Array.from({ length: B }, () => [...window.subarray(0, -1)]).flat();
    const y = Array.from({ length: B }, () => [...window.subarray(1)]).flat();
    const { grads } = gpt(MODEL, inFloat64(weights[0]!), x, y, B);
    expectClose(norms.grad, normsOf(grads, names), 1e-4, 'gradients');
    expectClose(norms.weight, normsOf(weights[1]!, names), 1e-6, 'weights');
    expectClose(norms.update, normsOf(difference(weights[1]!, weights[0]!), names), 1e-5, 'updates');
    const start = await startOf(device, given(10));
    expectClose(norms.moved!, normsOf(difference(weights[1]!, start), names), 1e-6, 'distances');
  });

  gpuTest('of a run that goes on are those that it would have had', async ({ device }) => {
    const given = options({ max_iters: 30 });
    const whole = await watch(device, given);
    const part = await run(device, given, (trainer) => trainer.control.stop());
    expect(part.state.step).toBeLessThan(30);
    const rest = await watch(device, { ...given, state: part.state, seeded: true });
    expect(rest.norms).toEqual(whole.norms.filter(({ step }) => step > part.state.step));
    // without the seed's word the first weights are not known, unless they are those of the state
    const stranger = await watch(device, { ...given, state: part.state });
    expect(stranger.norms.map(({ moved }) => moved)).toEqual(rest.norms.map(() => null));
    const begun = await watch(device, { ...given, state: { ...part.state, step: 0, evaluated: -1, best: null } });
    const [start, end] = [part.state, begun.state].map(({ buffers }) => named(buffers.get('parameters')!));
    const { moved, names } = begun.norms.at(-1)!;
    expectClose(moved!, normsOf(difference(end!, start!), names), 1e-6, 'distances');
  });
});
