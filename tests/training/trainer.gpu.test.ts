import { describe, expect, vi } from 'vitest';
import { WorkLimit } from '../../src/gpu/work-limit.ts';
import { PROGRESS } from '../../src/training/state.ts';
import { type StepRecord, Trainer } from '../../src/training/trainer.ts';
import { expectClose, gpuTest } from '../graph/harness.ts';
import { gpt, trainReference } from '../reference/gpt.ts';
import { globalNorm } from '../reference/optimizer.ts';
import { corpus, inFloat64, losses, MODEL, named, options, run, startOf, TRAINING } from './runs.ts';

describe('a run', () => {
  gpuTest('reports every step once and in order, and learns', async ({ device }) => {
    const done = await run(device, options({ max_iters: 300, lr_decay_iters: 300 }));
    expect(done.finished).toBe(true);
    expect(done.records.map(({ step }) => step)).toEqual(Array.from({ length: 300 }, (_, i) => i + 1));
    expect(done.state.step).toBe(300);
    expect(done.evaluations.map(({ step }) => step)).toEqual(Array.from({ length: 31 }, (_, i) => 10 * i));
    const [first, last] = [done.evaluations[0]!, done.evaluations.at(-1)!];
    expect(Math.abs(first.val_loss - Math.log(MODEL.vocab_size))).toBeLessThan(0.1);
    // The walk itself has an entropy of about 1.0 nats.
    expect(last.val_loss).toBeLessThan(1.7);
  });

  gpuTest('is bit-identical for one seed, and another run for another', async ({ device }) => {
    const [one, again, other] = [
      await run(device, options()),
      await run(device, options()),
      await run(device, options({ seed: 6 })),
    ];
    expect(again.records).toEqual(one.records);
    expect(again.evaluations).toEqual(one.evaluations);
    expect(again.state).toEqual(one.state);
    expect(losses(other).filter((loss, i) => loss === one.records[i]!.loss)).toEqual([]);
  });

  // As in Firefox, which hears of several submits at once.
  gpuTest('is the same where a browser tells of a later submit first', async ({ device }) => {
    const inOrder = await run(device, options());
    const { mapAsync } = GPUBuffer.prototype;
    let calls = 0;
    const spy = vi.spyOn(GPUBuffer.prototype, 'mapAsync').mockImplementation(async function (
      this: GPUBuffer,
      ...given
    ) {
      const late = calls++ % 2 === 0;
      await mapAsync.apply(this, given);
      if (late) await new Promise((resolve) => setTimeout(resolve, 20));
      return undefined;
    });
    try {
      expect(await run(device, options())).toEqual(inOrder);
      expect(calls).toBeGreaterThan(4);
    } finally {
      spy.mockRestore();
    }
  });

  gpuTest('is what the reference does, where the text has one window only', async ({ device }) => {
    const window = corpus(MODEL.block_size + 1, 3);
    const given = options({ grad_clip: 0.5 }, { train: window, val: window });
    const done = await run(device, given);
    const params = inFloat64(await startOf(device, given));
    const B = TRAINING.batch_size;
    const x = Array.from({ length: B }, () => [...window.subarray(0, -1)]).flat();
    const y = Array.from({ length: B }, () => [...window.subarray(1)]).flat();
    const before = gpt(MODEL, params, x, y, B, false).loss;
    expect(Math.abs(done.evaluations[0]!.val_loss - before)).toBeLessThan(1e-5);
    expect(Math.abs(done.evaluations[0]!.train_loss - before)).toBeLessThan(1e-5);
    const batches = Array.from({ length: TRAINING.max_iters }, () => ({ x, y, B }));
    const expected = trainReference(MODEL, given.training, params, batches);
    done.records.forEach((record, i) => {
      expect(Math.abs(record.loss - expected[i]!.loss), `loss of step ${record.step}`).toBeLessThan(1e-4);
      expectClose([record.grad_norm], [expected[i]!.grad_norm], 1e-3, `gradient norm of step ${record.step}`);
      expectClose([record.lr], [expected[i]!.lr], 1e-6, `learning rate of step ${record.step}`);
    });
    const after = gpt(MODEL, params, x, y, B, false).loss;
    expect(Math.abs(done.evaluations.at(-1)!.val_loss - after)).toBeLessThan(1e-4);
  });
});

describe('work that a driver may not be given at once', () => {
  gpuTest('is cut into submits, and computes the same bits', async ({ device }) => {
    const usual = await run(device, options());
    const narrow = new WorkLimit();
    narrow.learn(1, 1e6); // as on an adapter that would take hours
    const most = narrow.most;
    narrow.learn = () => {};
    let submits = 0;
    const cut = await run({ ...device, limit: narrow }, options(), (trainer) => {
      submits = trainer.submits;
      expect(trainer.submits).toBeGreaterThanOrEqual(trainer.step * trainer.dispatchesPerStep);
    });
    expect(most).toBeLessThan(1e-3);
    expect(submits).toBeGreaterThan(options().training.max_iters);
    expect(cut).toEqual(usual);
  });

  gpuTest('a step that was left out without a word ends the run, which is not kept', async ({ device }) => {
    const trainer = await Trainer.create(device, options({ max_iters: 1000, eval_interval: 1000 }));
    let lost = false;
    const going = trainer.run({
      steps: (records) => {
        // as a driver does that drops the submit in which step 20 is counted
        if (records.some(({ step }) => step === 20)) {
          device.gpu.queue.writeBuffer(trainer.inside.buffer(PROGRESS), 0, new Uint32Array([5]));
          lost = true;
        }
      },
    });
    const failure = { code: 'work-lost', message: expect.stringMatching(/has left out step \d+/) };
    // whoever asks meanwhile waits for what is in flight, some for the submit after the one that tells of it
    const asked: Promise<unknown>[] = [];
    const asking = setInterval(() => {
      if (lost) asked.push(trainer.snapshot().catch((error) => error));
    }, 1);
    await expect(going).rejects.toMatchObject(failure);
    clearInterval(asking);
    const refusals = (await Promise.all(asked)).filter((told) => told instanceof Error);
    for (const refusal of refusals) expect(refusal).toMatchObject(failure);
    await expect(trainer.snapshot()).rejects.toMatchObject(failure);
    await expect(trainer.run({})).rejects.toMatchObject(failure);
    trainer.destroy();
  });
});

describe('pause, resume and stop', () => {
  gpuTest('change nothing in what is computed', async ({ device }) => {
    const undisturbed = await run(device, options());
    let pauses = 0;
    const disturbed = await run(device, options(), (trainer) => {
      if (trainer.control.paused) return;
      pauses++;
      trainer.control.pause();
      setTimeout(() => trainer.control.resume(), 5);
    });
    expect(pauses).toBeGreaterThan(2);
    expect(disturbed).toEqual(undisturbed);
  });

  gpuTest('a paused run does nothing', async ({ device }) => {
    const trainer = await Trainer.create(device, options({ max_iters: 100_000 }));
    const records: StepRecord[] = [];
    const going = trainer.run({ steps: (batch) => void records.push(...batch) });
    while (records.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    trainer.control.pause();
    // What was in flight arrives; then it is quiet.
    await device.gpu.queue.onSubmittedWorkDone();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const quiet = records.length;
    const { step, buffers } = await trainer.snapshot();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(records.length).toBe(quiet);
    expect(step).toBe(quiet);
    expect((await trainer.snapshot()).buffers).toEqual(buffers);
    trainer.control.stop();
    expect(await going).toBe(false);
    trainer.destroy();
  });

  gpuTest('a stopped run goes on from its state as if it had never stopped', async ({ device }) => {
    const whole = await run(device, options());
    const first = await run(device, options(), (trainer, records) => {
      if (records.length >= 7) trainer.control.stop();
    });
    expect(first.finished).toBe(false);
    expect(first.records.length).toBeLessThan(TRAINING.max_iters);
    expect(first.state.step).toBe(first.records.length);
    const second = await run(device, options({}, { state: first.state }));
    expect([...first.records, ...second.records]).toEqual(whole.records);
    expect(second.state).toEqual(whole.state);
    expect([...first.evaluations, ...second.evaluations]).toEqual(whole.evaluations);
  });
});

describe('an evaluation', () => {
  gpuTest('leaves the training as it was', async ({ device }) => {
    const often = await run(device, options({ eval_interval: 1, eval_iters: 5 }));
    const seldom = await run(device, options({ eval_interval: 1000 }));
    expect(often.evaluations).toHaveLength(31);
    expect(seldom.evaluations).toHaveLength(2);
    expect(often.records).toEqual(seldom.records);
    expect(often.state.buffers).toEqual(seldom.state.buffers);
  });

  gpuTest('has one result for the same weights, whatever the seed of the run', async ({ device }) => {
    const one = await run(device, options({ max_iters: 1 }));
    const state = { ...one.state, step: 0, evaluated: -1, best: null };
    const still = { max_iters: 1, learning_rate: 0, min_lr: 0, weight_decay: 0 };
    const again = await run(device, options({ ...still, seed: 9 }, { state }));
    const { train_loss, val_loss } = one.evaluations.at(-1)!;
    expect(again.evaluations).toEqual([
      { step: 0, train_loss, val_loss },
      { step: 1, train_loss, val_loss },
    ]);
  });

  gpuTest('is the mean of the reference over its windows', async ({ device }) => {
    // Two batches of three windows, from places 0, 10, ... 50 of a part with 51 places.
    const val = corpus(60, 2);
    const given = options({ max_iters: 1 }, { val });
    const { evaluations } = await run(device, given);
    const params = inFloat64(await startOf(device, given));
    const T = MODEL.block_size;
    const windows = [0, 10, 20, 30, 40, 50].map((at) => [...val.subarray(at, at + T + 1)]);
    const x = windows.flatMap((window) => window.slice(0, -1));
    const y = windows.flatMap((window) => window.slice(1));
    const { loss } = gpt(MODEL, params, x, y, windows.length, false);
    expect(Math.abs(evaluations[0]!.val_loss - loss)).toBeLessThan(1e-5);
  });
});

describe('the optimizer', () => {
  const oneStep = { max_iters: 1, warmup_iters: 0, lr_decay_iters: 1 };

  gpuTest('clips: the first moment is as long as the limit lets it be', async ({ device }) => {
    const free = await run(device, options({ ...oneStep, grad_clip: 0 }));
    const norm = free.records[0]!.grad_norm;
    expect(norm).toBeGreaterThan(0.1);
    for (const grad_clip of [norm / 10, norm * 2]) {
      const given = options({ ...oneStep, grad_clip });
      const { state, records } = await run(device, given);
      expect(records[0]!.grad_norm).toBe(norm);
      const moment = globalNorm([state.buffers.get('moment1')!]) / (1 - TRAINING.beta1);
      expectClose([moment], [Math.min(norm, grad_clip)], 1e-5, 'clipped norm');
      const direction = state.buffers.get('moment1')!.map((m) => m * (norm / Math.min(norm, grad_clip)));
      expectClose(direction, free.state.buffers.get('moment1')!, 1e-6, 'direction');
    }
  });

  gpuTest('decays matrices and nothing else', async ({ device }) => {
    const decayed = options({ ...oneStep, weight_decay: 0.5 });
    const plain = options({ ...oneStep, weight_decay: 0 });
    const start = await startOf(device, plain);
    const a = named((await run(device, decayed)).state.buffers.get('parameters')!);
    const b = named((await run(device, plain)).state.buffers.get('parameters')!);
    for (const [name, before] of start) {
      if (name.endsWith('.bias') || name.includes('.ln_')) {
        expect(a.get(name), name).toEqual(b.get(name));
      } else {
        const shrunk = before.map((p) => -0.5 * TRAINING.learning_rate * p);
        // A difference of two numbers in f32 that are a hundred times as large as it.
        expectClose(
          a.get(name)!.map((p, i) => p - b.get(name)![i]!),
          shrunk,
          1e-4,
          name,
        );
      }
    }
  });
});
