import { describe, expect } from 'vitest';
import { layoutOf } from '../../src/model/parameters.ts';
import { StepWalk } from '../../src/training/inspection/step-walk.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { expectClose, gpuTest } from '../graph/harness.ts';
import { gpt, parameterShapes, type Tensors } from '../reference/gpt.ts';
import { clipCoefficient, globalNorm, learningRate, update } from '../reference/optimizer.ts';
import { passage } from './patterns.ts';
import { begun, corpus, inFloat64, MODEL, named, options } from './runs.ts';

/** The hash that draws batches, written apart from the shader. */
function hash(input: number): number {
  const state = (Math.imul(input, 747796405) + 2891336453) >>> 0;
  const word = Math.imul(((state >>> ((state >>> 28) + 4)) ^ state) >>> 0, 277803737) >>> 0;
  return ((word >>> 22) ^ word) >>> 0;
}

const flat = (tensors: Tensors) => {
  const layout = layoutOf(MODEL);
  const numbers = new Float64Array(layout.bytes / 4);
  for (const [name, values] of tensors) numbers.set(values, layout.slot(name).offset / 4);
  return numbers;
};

describe('a walk through the next step', () => {
  for (const [optimizer, change] of [
    ['adamw', { grad_clip: 0.3, weight_decay: 0.1 }],
    ['adam', { weight_decay: 0, l2: 0.01 }],
    ['sgd', { momentum: 0.9, nesterov: true, weight_decay: 0 }],
    ['lion', { learning_rate: 1e-3, min_lr: 1e-4 }],
    ['muon', { learning_rate: 1e-3, min_lr: 1e-4 }],
  ] as const) {
    gpuTest(`agrees with the float64 reference on the batch that the run draws: ${optimizer}`, async ({ device }) => {
      const training = options({ optimizer, ...change }).training;
      const { trainer } = await begun(device, 5, training);
      const { step, buffers } = await trainer.snapshot();
      const walk = await StepWalk.create(trainer.inside);
      const chosen = 1;
      const made = await walk.make(chosen);
      expect(made.step).toBe(step);

      // the batch, by hash
      const { batch_size: B, seed } = training;
      const T = MODEL.block_size;
      const text = corpus(500);
      const starts = Array.from({ length: B }, (_, b) => hash((hash((hash(seed) ^ step) >>> 0) ^ b) >>> 0) % (500 - T));
      const x = starts.flatMap((start) => [...text.subarray(start, start + T)]);
      const y = starts.flatMap((start) => [...text.subarray(start + 1, start + T + 1)]);
      expect([...made.x]).toEqual(x);
      expect([...made.y]).toEqual(y);

      // forward and backward
      const params = inFloat64(named(buffers.get('parameters')!));
      const model = gpt(MODEL, params, x, y, B);
      expectClose([made.loss], [model.loss], 1e-5, 'loss');
      expectClose(made.losses, model.losses, 1e-5, 'losses');
      const ids = x.slice(chosen * T, (chosen + 1) * T);
      const { embedding, blocks } = passage(MODEL, params, ids);
      const kept = async (stage: string) => (await walk.read(stage)).values;
      expectClose(await kept('embedding'), embedding, 1e-5, 'embedding');
      for (const [layer, block] of blocks.entries()) {
        for (const stage of ['qkv', 'mixed', 'middle', 'hidden', 'out'] as const) {
          expectClose(await kept(`h.${layer}.${stage}`), block[stage], 1e-5, `${stage} ${layer}`);
        }
        expectClose(await kept(`h.${layer}.attention`), block.patterns.flat(), 1e-5, `attention ${layer}`);
      }
      const V = MODEL.vocab_size;
      const logits = model.logits.subarray(chosen * T * V, (chosen + 1) * T * V);
      expectClose(await kept('logits'), logits, 1e-5, 'logits');
      const probabilities = await kept('probabilities');
      const targets = y.slice(chosen * T, (chosen + 1) * T);
      targets.forEach((target, t) => {
        expectClose([-Math.log(probabilities[t * V + target]!)], [model.losses[chosen * T + t]!], 1e-5, 'probability');
      });
      // softmax minus one-hot, over all rows of the step
      const dlogits = (await walk.read('logits', true)).values;
      const expected = probabilities.map((p, i) => (p - (i % V === targets[Math.floor(i / V)] ? 1 : 0)) / (B * T));
      expectClose(dlogits, expected, 1e-5, 'gradient of the logits');

      const gradients = await walk.gradients();
      expectClose(gradients, flat(model.grads), 1e-5, 'gradients');
      const norm = globalNorm(model.grads.values());
      const clip = clipCoefficient(norm, training.grad_clip);
      expectClose([made.grad_norm, made.clip], [norm, clip], 1e-5, 'norm and clip');
      expectClose([made.lr], [learningRate(step, training)], 1e-6, 'learning rate');

      // the optimizer, from the run's own moments
      const shapes = parameterShapes(MODEL);
      const moments = (buffer: string) =>
        buffers.has(buffer)
          ? inFloat64(named(buffers.get(buffer)!))
          : new Map([...params].map(([n, p]) => [n, p.map(() => 0)]));
      const [m, v] = [moments('moment1'), moments('moment2')];
      for (const [name, param] of params) {
        const shape = shapes.get(name)!;
        const matrix = shape.length === 2;
        const grad = model.grads.get(name)!.map((g) => g * clip);
        const settings = { ...training, lr: learningRate(step, training), optimizer };
        if (!matrix) Object.assign(settings, { weight_decay: 0, l2: 0 });
        const hidden = matrix && name.startsWith('transformer.h.') ? (shape as [number, number]) : undefined;
        update({ param, m: m.get(name)!, v: v.get(name)! }, grad, step, settings, hidden);
      }
      // Lion takes a sign: where that of nearly nothing is taken, both are right.
      const certain = (at: number) => {
        const [m0, g] = [buffers.get('moment1')?.[at] ?? 0, gradients[at]! * clip];
        return optimizer !== 'lion' || Math.abs(training.beta1 * m0 + (1 - training.beta1) * g) > 1e-8;
      };
      const tolerance = optimizer === 'muon' ? 1e-4 : 1e-5; // five products of products
      const after = (await walk.after('parameters')).filter((_, at) => certain(at));
      expect(after.length).toBeGreaterThan(0.9 * layoutOf(MODEL).count);
      expectClose(
        after,
        flat(params).filter((_, at) => certain(at)),
        tolerance,
        'weights',
      );
      if (buffers.has('moment1')) expectClose(await walk.after('moment1'), flat(m), 1e-5, 'first moment');
      if (buffers.has('moment2')) expectClose(await walk.after('moment2'), flat(v), 1e-5, 'second moment');
      const layout = layoutOf(MODEL);
      for (const [name, index] of [
        ['transformer.h.0.attn.c_attn.weight', 19],
        ['transformer.ln_f.weight', 3],
      ] as const) {
        const one = await walk.update(name, index);
        const at = layout.slot(name).offset / 4 + index;
        expect(one.weight).toEqual([buffers.get('parameters')![at], (await walk.after('parameters'))[at]]);
        expect(one.weight[0]).not.toBe(one.weight[1]);
        expect(one.gradient).toBe(gradients[at]);
        expect(one.moment1?.[0]).toBe(buffers.get('moment1')?.[at]);
        expect(one.moment2?.[0]).toBe(buffers.get('moment2')?.[at]);
        if (optimizer === 'muon' && name.includes('c_attn')) {
          const [old, next] = one.weight;
          expect(Math.abs(old * (1 - made.lr * training.weight_decay) - made.lr * one.orthogonal! - next)).toBeLessThan(
            1e-7,
          );
        }
      }
      walk.destroy();
      trainer.destroy();
    });
  }

  gpuTest('is the step that the run then makes, to the bit, and leaves the run as it was', async ({ device }) => {
    const change = {
      dropout: 0.2,
      gradient_accumulation_steps: 2,
      ema_decay: 0.9,
      max_iters: 8,
      lr_decay_iters: 8,
      eval_interval: 2,
    };
    const plain = await Trainer.create(device, options(change));
    const records: { loss: number; grad_norm: number; lr: number }[] = [];
    await plain.run({ steps: (batch) => void records.push(...batch) });
    const undisturbed = await plain.snapshot();
    plain.destroy();

    const { trainer, going } = await begun(device, 1, change);
    const { step } = await trainer.snapshot();
    const walk = await StepWalk.create(trainer.inside);
    const made = await walk.make(0);
    const { loss, grad_norm, lr } = records[step]!;
    expect(made).toMatchObject({ step, loss, grad_norm, lr });
    expect(await walk.make(2)).toMatchObject({ step, loss, grad_norm, lr }); // another sequence, the same step
    trainer.control.resume();
    walk.take();
    expect((await walk.make(0)).step).toBeGreaterThanOrEqual(step); // also while it goes on
    await going;
    expect(await trainer.snapshot()).toEqual(undisturbed);

    // after its last step: one more, at the rate where the schedule ends
    walk.take();
    const more = await walk.make(0);
    expect(more.step).toBe(8);
    expect(more.lr).toBeCloseTo(options(change).training.min_lr, 7);
    expect(await trainer.snapshot()).toEqual(undisturbed);
    trainer.destroy();
    expect(() => walk.take()).toThrow('is gone');
    await expect(walk.make(0)).rejects.toMatchObject({ code: 'no-model' });
    walk.destroy();
  });
});
