import { describe, expect } from 'vitest';
import { withOptimizer } from '../../src/model/config.ts';
import { initialParameters, layoutOf } from '../../src/model/parameters.ts';
import { overfittingSince } from '../../src/training/overfitting.ts';
import { freshState, weightsOf } from '../../src/training/state.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { expectClose, gpuTest } from '../graph/harness.ts';
import { WholeModel } from '../model/whole-model.ts';
import { Random, relativeError } from '../reference/arrays.ts';
import { numericalGradient } from '../reference/finite_difference.ts';
import { gpt, randomParameters } from '../reference/gpt.ts';
import { corpus, inFloat64, losses, MODEL, named, options, run, TRAINING } from './runs.ts';

describe('dropout', () => {
  gpuTest('of a whole model is the reference’s, backward too, and not there in an evaluation', async ({ device }) => {
    const model = { ...MODEL, tied: false, n_layer: 1, n_embd: 6, n_inner: 5, vocab_size: 5, block_size: 4 };
    const training = { ...TRAINING, dropout: 0.3, grad_clip: 0 };
    const random = new Random(3);
    const params = randomParameters(model, random, 0.4);
    const shape = { B: 2, T: 4 };
    const x = random.tokens(8, 5);
    const y = random.tokens(8, 5);
    const whole = await WholeModel.create(device, model, training, params, shape);
    const rounded = inFloat64(await whole.parameters());
    const place = { seed: training.seed, step: 0, rate: 0.3 };
    const expected = gpt(model, rounded, x, y, 2, true, place);
    const { losses: plain } = await whole.evaluate(x, y);
    expectClose(plain, gpt(model, rounded, x, y, 2, false).losses, undefined, 'losses of an evaluation');
    const { loss } = await whole.step(x, y);
    expect(Math.abs(loss - expected.loss)).toBeLessThan(1e-5);
    const grads = await whole.gradients();
    for (const [name, grad] of expected.grads) {
      expectClose(grads.get(name), grad, undefined, `gradient of ${name}`);
      const differences = numericalGradient((values) => {
        const moved = new Map(rounded).set(name, values);
        return gpt(model, moved, x, y, 2, false, place).loss;
      }, rounded.get(name)!);
      // the gradient of the keys' bias is zero, and differences of it are rounding
      if (!name.endsWith('c_attn.bias')) {
        expectClose(grads.get(name), differences, undefined, `${name} by finite differences`);
      }
    }
    whole.destroy();
  });

  gpuTest('changes the steps, and nothing where it is zero', async ({ device }) => {
    const [with0, without, with2] = [
      await run(device, options({ dropout: 0, max_iters: 5 })),
      await run(device, options({ max_iters: 5 })),
      await run(device, options({ dropout: 0.2, max_iters: 5 })),
    ];
    expect(with0).toEqual(without);
    expect(losses(with2)).not.toEqual(losses(without));
    expect(with2.evaluations[0]).toEqual(without.evaluations[0]);
  });
});

describe('gradient accumulation', () => {
  gpuTest('is the step of the one large batch', async ({ device }) => {
    const large = await run(device, options({ batch_size: 3, eval_interval: 1000 }));
    const small = await run(device, options({ batch_size: 1, gradient_accumulation_steps: 3, eval_interval: 1000 }));
    expectClose(losses(small), losses(large), 1e-5, 'losses');
    const weights = (of: typeof small) => of.state.buffers.get('parameters')!;
    expect(relativeError(weights(small), weights(large))).toBeLessThan(1e-4);
    expect(small.records[0]!.grad_norm).toBeCloseTo(large.records[0]!.grad_norm, 5);
  });
});

describe('label smoothing', () => {
  gpuTest('is learnt from and not told: a target that is sure is never reached', async ({ device }) => {
    const window = corpus(MODEL.block_size + 1, 3);
    const given = { train: window, val: window };
    const sure = await run(device, options({ max_iters: 60, lr_decay_iters: 60 }, given));
    const smoothed = await run(device, options({ max_iters: 60, lr_decay_iters: 60, label_smoothing: 0.4 }, given));
    expect(smoothed.records[0]!.loss).toBe(sure.records[0]!.loss);
    // the lowest smoothed cross-entropy gives the target 1 - 0.4 + 0.4/13, whose loss is 0.46
    expect(sure.records.at(-1)!.loss).toBeLessThan(0.2);
    expect(smoothed.records.at(-1)!.loss).toBeGreaterThan(0.4);
    expect(smoothed.records.at(-1)!.loss).toBeLessThan(0.7);
  });
});

describe('the moving average', () => {
  gpuTest('is what evaluations use, and follows the weights', async ({ device }) => {
    const val = corpus(60, 2);
    const given = options({ ema_decay: 0.95 }, { val });
    const { state, evaluations, records } = await run(device, given);
    const plain = await run(device, options({}, { val }));
    expect(records).toEqual(plain.records);
    expect(state.buffers.get('parameters')).toEqual(plain.state.buffers.get('parameters'));
    const average = state.buffers.get('average')!;
    expect(weightsOf(state)).toBe(average);
    expect(relativeError(average, state.buffers.get('parameters')!)).toBeGreaterThan(0.003);
    const T = MODEL.block_size;
    const windows = [0, 10, 20, 30, 40, 50].map((at) => [...val.subarray(at, at + T + 1)]);
    const x = windows.flatMap((window) => window.slice(0, -1));
    const y = windows.flatMap((window) => window.slice(1));
    const { loss } = gpt(MODEL, inFloat64(named(average)), x, y, windows.length, false);
    expect(Math.abs(evaluations.at(-1)!.val_loss - loss)).toBeLessThan(1e-5);
  });
});

describe('a small text', () => {
  // Random letters: what is learnt of them can only be learnt by heart.
  const small = { train: new Random(8).tokens(60, 13), val: new Random(9).tokens(40, 13) };
  const long = { max_iters: 200, lr_decay_iters: 200, eval_interval: 10 };

  gpuTest('is overfitted, and early stopping ends that on the best weights', async ({ device }) => {
    const whole = await run(device, options(long, small));
    expect(whole.state.step).toBe(200);
    const [first, last] = [whole.evaluations[0]!, whole.evaluations.at(-1)!];
    expect(last.train_loss).toBeLessThan(first.train_loss / 2);
    expect(last.val_loss).toBeGreaterThan(first.val_loss + 1);
    const lowest = whole.evaluations.reduce((a, b) => (b.val_loss < a.val_loss ? b : a));
    expect(overfittingSince(whole.evaluations)).toBe(lowest.step);

    const patience = 3;
    const ended = await run(device, options({ ...long, patience }, small));
    expect(ended.finished).toBe(true);
    expect(ended.state.best).toEqual({ step: lowest.step, val_loss: lowest.val_loss });
    expect(ended.state.step).toBe(lowest.step + 10 * patience);
    expect(ended.evaluations).toEqual(whole.evaluations.slice(0, ended.evaluations.length));
    expect(ended.improved).toEqual(ended.evaluations.filter(({ step }) => step <= lowest.step).map(({ step }) => step));

    // The model is the best one: another run from its weights begins with its loss.
    const from = freshState(options(long).training, weightsOf(ended.state));
    const after = await run(device, options({ ...long, max_iters: 1 }, { ...small, state: from }));
    expect(after.evaluations[0]!.val_loss).toBe(lowest.val_loss);
    const again = await run(device, options({ ...long, patience }, { ...small, state: ended.state }));
    expect(again.records).toEqual([]);
    expect(again.finished).toBe(true);
    expect(again.state).toEqual(ended.state);
  });
});

const EVERYTHING = {
  ...withOptimizer(TRAINING, 'muon'),
  dropout: 0.2,
  label_smoothing: 0.1,
  gradient_accumulation_steps: 2,
  ema_decay: 0.9,
  patience: 20,
  eval_interval: 5,
};

gpuTest('with every option on, a stopped run goes on as if it had never stopped', async ({ device }) => {
  const whole = await run(device, options(EVERYTHING));
  const first = await run(device, options(EVERYTHING), (trainer, records) => {
    if (records.length >= 12) trainer.control.stop();
  });
  expect(first.finished).toBe(false);
  const second = await run(device, options(EVERYTHING, { state: first.state }));
  expect([...first.records, ...second.records]).toEqual(whole.records);
  expect(second.state).toEqual(whole.state);
  expect([...first.evaluations, ...second.evaluations]).toEqual(whole.evaluations);
});

describe('a run that diverges', () => {
  gpuTest('stops at the last good weights, and says where it went wrong', async ({ device }) => {
    const absurd = { learning_rate: 10, min_lr: 10, weight_decay: 10, grad_clip: 0, warmup_iters: 0 };
    const trainer = await Trainer.create(device, options({ ...absurd, eval_interval: 1000 }));
    let steps = 0;
    const listener = {
      steps: (records: readonly unknown[]) => {
        steps += records.length;
      },
    };
    const failure = await trainer.run(listener).catch((error) => error);
    expect(failure).toMatchObject({ code: 'diverged' });
    expect(failure.message).toMatch(new RegExp(`in step ${steps + 1}, .*after step ${steps}, the last good`));
    expect(failure.message).toMatch(/first (tensor )?of the (forward|backward) pass|too large/);
    expect(failure.hint).toMatch(/3\.3 instead of 10, and turn gradient clipping on/);
    expect(trainer.step).toBe(steps);
    const state = await trainer.snapshot();
    trainer.destroy();
    expect(steps).toBeGreaterThan(0);
    const until = await run(device, options({ ...absurd, max_iters: steps, eval_interval: 1000 })).catch(() => null);
    for (const [name, values] of state.buffers) {
      expect(values.every(Number.isFinite), name).toBe(true);
      if (until) expect(values, name).toEqual(until.state.buffers.get(name));
    }
  });

  const spoilt = async (changes: Record<string, number>) => {
    const model = { ...MODEL, activation: 'relu' as const, tied: false };
    const layout = layoutOf(model);
    const parameters = await initialParameters(model, layout, 5);
    for (const [name, value] of Object.entries(changes)) {
      const { offset, size } = layout.slot(name);
      parameters.fill(value, offset / 4, offset / 4 + size);
    }
    const { training } = options();
    return options({}, { model, state: freshState(training, parameters, 0) });
  };

  gpuTest.for([
    [{ 'transformer.h.0.mlp.c_fc.bias': 3e38, 'transformer.h.0.mlp.c_fc.weight': 1e38 }, /h\.0\.mlp\.c_fc.* forward/],
    [
      { 'transformer.h.1.mlp.c_fc.bias': 1e37, 'transformer.h.1.mlp.c_proj.weight': 0, 'transformer.ln_f.weight': 1e5 },
      /gradient of transformer\.h\.1\.mlp\.c_proj\.weight was the first of the backward/,
    ],
    [
      { 'transformer.h.1.mlp.c_fc.bias': 1e30, 'transformer.h.1.mlp.c_proj.weight': 0 },
      /too large for their norm.*transformer\.h\.1\.mlp\.c_proj\.weight/,
    ],
  ] as const)('names the first tensor: %o', async ([changes, words], { device }) => {
    const trainer = await Trainer.create(device, await spoilt(changes));
    const before = await trainer.snapshot();
    await expect(trainer.run({})).rejects.toThrow(words);
    expect(await trainer.snapshot()).toEqual(before);
    trainer.destroy();
  });
});
