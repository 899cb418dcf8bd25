import { describe, expect } from 'vitest';
import { readSafetensors, writeSafetensors } from '../../src/formats/safetensors.ts';
import { type GPTConfig, preset, type TrainingConfig } from '../../src/model/config.ts';
import { replayFixture } from '../../src/training/parity.ts';
import { batchOf, FIXTURES, parseFixture } from '../fixtures/fixture.ts';
import { expectClose, gpuTest } from '../graph/harness.ts';
import { dot, Random, relativeError, sum } from '../reference/arrays.ts';
import { gpt, randomParameters, type TrainingSettings, trainReference } from '../reference/gpt.ts';
import { WholeModel } from './whole-model.ts';

const files = import.meta.glob<string>('../fixtures/*.safetensors', { query: '?url', import: 'default', eager: true });

async function fetchFixture(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(files[`../fixtures/${name}.safetensors`]!);
  expect(response.ok).toBe(true);
  return new Uint8Array(await response.arrayBuffer());
}

const trainingOf = (settings: TrainingSettings, max_iters: number, batch_size: number): TrainingConfig => ({
  ...preset('tiny').training,
  ...settings,
  max_iters,
  batch_size,
});

describe.each(FIXTURES)('the fixture %s', (name) => {
  gpuTest.for([1, 32])('is followed step by step, %i threads a row', async (lanes, { device }) => {
    const fixture = parseFixture(await fetchFixture(name));
    const { model, training, tensors, steps, B } = fixture;
    const T = model.block_size;
    const config = trainingOf(training, steps, B);
    const whole = await WholeModel.create(device, model, config, fixture.group('init.'), { B, T }, lanes);
    const first = batchOf(fixture, 0);
    const { logits } = await whole.evaluate(first.x, first.y);
    expectClose(logits, tensors.get('logits')!, 1e-5, 'logits');
    for (let step = 0; step < steps; step++) {
      const { x, y } = batchOf(fixture, step);
      const record = await whole.step(x, y);
      if (step === 0) {
        const grads = await whole.gradients();
        for (const [key, grad] of fixture.group('grad.')) expectClose(grads.get(key), grad, 1e-5, `gradient of ${key}`);
      }
      expect(Math.abs(record.loss - tensors.get('loss')![step]!), `loss of step ${step}`).toBeLessThan(1e-5);
      expectClose([record.grad_norm], [tensors.get('grad_norm')![step]!], 1e-4, `gradient norm of step ${step}`);
      expectClose([record.lr], [tensors.get('lr')![step]!], 1e-6, `learning rate of step ${step}`);
    }
    const params = await whole.parameters();
    for (const [key, final] of fixture.group('final.')) expectClose(params.get(key), final, 1e-4, `final ${key}`);
    whole.destroy();
  });
});

// Every fixture passes it in tests/cli/commands.test.ts.
gpuTest('the parity report passes a fixture, and sees one that is wrong in one tensor', async ({ device }) => {
  const original = await fetchFixture('untied-nobias-gelu');
  const report = await replayFixture(device, original.slice());
  expect(report.steps).toBe(parseFixture(original.slice()).steps);
  expect(report.max_loss_error).toBeLessThan(1e-5);
  expect(report.max_logit_error).toBeLessThan(1e-5);
  expect(report.max_grad_error).toBeLessThan(1e-5);
  expect(report.max_final_error).toBeLessThan(1e-4);
  const disturbed = async (name: string) => {
    const { metadata, tensors } = readSafetensors(original.slice());
    tensors.get(name)!.data[3] = 0.9;
    return replayFixture(device, writeSafetensors(tensors, metadata));
  };
  expect((await disturbed('loss')).max_loss_error).toBeGreaterThan(0.1);
  expect((await disturbed('logits')).max_logit_error).toBeGreaterThan(1e-3);
  expect((await disturbed('grad.transformer.h.0.ln_2.weight')).max_grad_error).toBeGreaterThan(0.1);
  expect((await disturbed('final.transformer.ln_f.weight')).max_final_error).toBeGreaterThan(1e-3);
  expect((await disturbed('init.transformer.wpe.weight')).max_logit_error).toBeGreaterThan(1e-3);
});

const MODELS: (GPTConfig & { B: number; T: number; lanes: number })[] = [
  {
    n_layer: 2,
    n_head: 3,
    n_embd: 21,
    n_inner: 50,
    block_size: 11,
    vocab_size: 19,
    bias: true,
    tied: true,
    activation: 'gelu_tanh',
    B: 3,
    T: 11,
    lanes: 1,
  },
  // A batch that is shorter than the context, and rows shared by threads.
  {
    n_layer: 1,
    n_head: 2,
    n_embd: 26,
    n_inner: 39,
    block_size: 40,
    vocab_size: 87,
    bias: false,
    tied: false,
    activation: 'gelu',
    B: 2,
    T: 37,
    lanes: 32,
  },
  {
    n_layer: 2,
    n_head: 4,
    n_embd: 32,
    n_inner: 128,
    block_size: 32,
    vocab_size: 64,
    bias: true,
    tied: false,
    activation: 'relu',
    B: 2,
    T: 32,
    lanes: 64,
  },
];

describe.each(MODELS)('a model of $n_layer layers, $n_head heads, width $n_embd, $activation', (options) => {
  const { B, T, lanes, ...model } = options;
  const random = new Random(model.n_embd);
  const params = randomParameters(model, random, 0.15);
  const batches = Array.from({ length: 4 }, () => ({
    x: random.tokens(B * T, model.vocab_size),
    y: random.tokens(B * T, model.vocab_size),
    B,
  }));
  const { x, y } = batches[0]!;
  const training = { ...preset('tiny').training, max_iters: 4, warmup_iters: 1, lr_decay_iters: 4 };

  gpuTest('agrees with the reference and trains as it does', async ({ device }) => {
    const whole = await WholeModel.create(device, model, training, params, { B, T }, lanes);
    const expected = gpt(model, params, x, y, B);
    const { logits, losses } = await whole.evaluate(x, y);
    expectClose(logits, expected.logits, undefined, 'logits');
    expectClose(losses, expected.losses, undefined, 'losses');
    const trained = new Map([...params].map(([name, data]) => [name, data.slice()]));
    const reference = trainReference(model, training, trained, batches);
    for (const [step, batch] of batches.entries()) {
      const record = await whole.step(batch.x, batch.y);
      if (step === 0) {
        const grads = await whole.gradients();
        for (const [name, grad] of expected.grads) expectClose(grads.get(name), grad, 2e-5, `gradient of ${name}`);
      }
      expect(Math.abs(record.loss - reference[step]!.loss)).toBeLessThan(1e-5);
    }
    for (const [name, tensor] of await whole.parameters()) expectClose(tensor, trained.get(name)!, 1e-4, name);
    whole.destroy();
  });

  gpuTest('has the slopes that its gradients say, tensor by tensor', async ({ device }) => {
    const whole = await WholeModel.create(device, model, training, params, { B, T }, lanes);
    await whole.step(x, y);
    const grads = await whole.gradients();
    for (const [name, data] of params) whole.write(name, data);
    // Averaged in f64: f32 leaves each row's loss uncertain by about 2e-7.
    const loss = async () => {
      const { losses } = await whole.evaluate(x, y);
      return sum(losses) / losses.length;
    };
    for (const [name, at] of params) {
      const grad = grads.get(name)!;
      // Half along the gradient, so that there is a slope to measure, half at random, so that all of it is looked at.
      const noise = random.normals(grad.length);
      const [long, wide] = [Math.hypot(...grad), Math.hypot(...noise)];
      const direction = noise.map((n, i) => n / wide + grad[i]! / long);
      const slope = dot(grad, direction);
      const along = async (h: number) => {
        whole.write(
          name,
          Float32Array.from(at, (p, i) => p + h * direction[i]!),
        );
        return loss();
      };
      // ReLU has corners: the further a step goes, the more of them it passes, and each bends the slope.
      const [h, bend] = model.activation === 'relu' ? [1e-3, 2e-2] : [2e-2, 2e-3];
      const [a, b, c, d] = [await along(2 * h), await along(h), await along(-h), await along(-2 * h)];
      const measured = (8 * (b - c) - (a - d)) / (12 * h);
      whole.write(name, at);
      // The rounding of the losses over the step, and a part of the slope for what the five points leave out.
      const bound = bend * Math.abs(slope) + 4e-7 / h;
      expect(Math.abs(measured - slope), `${name}: ${measured} measured, ${slope} expected`).toBeLessThan(bound);
    }
    whole.destroy();
  });
});

gpuTest('the bias of the keys, which a softmax does not notice, stays exactly as it is', async ({ device }) => {
  const { B, T, lanes, ...model } = MODELS[0]!;
  const C = model.n_embd;
  const random = new Random(8);
  const params = randomParameters(model, random, 0.3);
  const whole = await WholeModel.create(device, model, preset('tiny').training, params, { B, T }, lanes);
  await whole.step(random.tokens(B * T, model.vocab_size), random.tokens(B * T, model.vocab_size));
  // Its true gradient is 0. Adam would turn what rounding leaves of that into steps of full size.
  const name = 'transformer.h.1.attn.c_attn.bias';
  const [before, after] = [params.get(name)!, (await whole.parameters()).get(name)!];
  expect([...after.subarray(C, 2 * C)]).toEqual([...before.subarray(C, 2 * C)]);
  expect(after.subarray(0, C).some((value, i) => value === before[i])).toBe(false);
  expect(after.subarray(2 * C).some((value, i) => value === before[2 * C + i])).toBe(false);
  whole.destroy();
});

gpuTest('a later token changes no earlier logit', async ({ device }) => {
  const { B, T, lanes, ...model } = MODELS[0]!;
  const random = new Random(9);
  const params = randomParameters(model, random, 0.3);
  const whole = await WholeModel.create(device, model, preset('tiny').training, params, { B, T }, lanes);
  const x = random.tokens(B * T, model.vocab_size);
  const changed = x.map((token, i) => (i % T >= 6 ? (token + 1) % model.vocab_size : token));
  const one = await whole.evaluate(x, x);
  const other = await whole.evaluate(changed, x);
  const V = model.vocab_size;
  for (let n = 0; n < B * T; n++) {
    const rows = [one, other].map(({ logits }) => logits.slice(n * V, (n + 1) * V));
    if (n % T < 6) expect(rows[1]).toEqual(rows[0]);
    else expect(relativeError(rows[1]!, rows[0]!)).toBeGreaterThan(1e-3);
  }
  whole.destroy();
});
