import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { batchOf, FIXTURES, type Fixture, parseFixture } from '../fixtures/fixture.ts';
import { Random, relativeError } from './arrays.ts';
import { numericalGradient } from './finite_difference.ts';
import { gpt, type ModelSettings, parameterShapes, randomParameters, trainReference } from './gpt.ts';

describe.each(FIXTURES)('the fixture %s', (name) => {
  const fixture: Fixture = parseFixture(
    Uint8Array.from(readFileSync(new URL(`../fixtures/${name}.safetensors`, import.meta.url))),
  );
  const { model, training, tensors, steps } = fixture;

  test('has the parameters that the reference names', () => {
    const shapes = parameterShapes(model);
    expect([...fixture.group('init.').keys()].sort()).toEqual([...shapes.keys()].sort());
    for (const [key, shape] of shapes) {
      expect(fixture.group('init.').get(key)!.length).toBe(shape.reduce((a, b) => a * b));
    }
  });

  test('has the logits and gradients of the reference', () => {
    const { x, y, B } = batchOf(fixture, 0);
    const { logits, grads } = gpt(model, fixture.group('init.'), x, y, B);
    // They are stored as f32.
    expect(relativeError(logits, tensors.get('logits')!)).toBeLessThan(1e-7);
    for (const [key, grad] of fixture.group('grad.')) {
      expect(relativeError(grads.get(key)!, grad), key).toBeLessThan(1e-7);
    }
  });

  test('trains as the reference does', () => {
    const params = fixture.group('init.');
    const batches = Array.from({ length: steps }, (_, step) => batchOf(fixture, step));
    const records = trainReference(model, training, params, batches);
    const column = (pick: (record: (typeof records)[number]) => number) => records.map(pick);
    expect(
      relativeError(
        column((r) => r.loss),
        tensors.get('loss')!,
      ),
    ).toBeLessThan(1e-12);
    expect(
      relativeError(
        column((r) => r.grad_norm),
        tensors.get('grad_norm')!,
      ),
    ).toBeLessThan(1e-11);
    expect(
      relativeError(
        column((r) => r.lr),
        tensors.get('lr')!,
      ),
    ).toBeLessThan(1e-15);
    for (const [key, final] of fixture.group('final.')) {
      expect(relativeError(params.get(key)!, final), key).toBeLessThan(1e-7);
    }
  });
});

test.each([
  { bias: true, tied: true, activation: 'gelu_tanh' },
  { bias: false, tied: false, activation: 'gelu' },
] as const)('the gradients of the whole model are its numerical gradients: $activation', (options) => {
  const model: ModelSettings = {
    n_layer: 2,
    n_head: 2,
    n_embd: 4,
    n_inner: 5,
    block_size: 4,
    vocab_size: 5,
    ...options,
  };
  const random = new Random(7);
  const shapes = parameterShapes(model);
  const params = randomParameters(model, random, 0.5);
  const x = random.tokens(6, 5);
  const y = random.tokens(6, 5);
  const { grads } = gpt(model, params, x, y, 2);
  expect([...grads.keys()].sort()).toEqual([...shapes.keys()].sort());
  for (const [key, param] of params) {
    const loss = (changed: Float64Array) => gpt(model, new Map(params).set(key, changed), x, y, 2, false).loss;
    expect(relativeError(grads.get(key)!, numericalGradient(loss, param)), key).toBeLessThan(1e-8);
  }
});
