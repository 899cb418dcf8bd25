import { describe, expect, test } from 'vitest';
import { add, dot, type Numbers, Random, relativeError } from './arrays.ts';
import { attention, attentionBackward } from './attention.ts';
import { crossEntropy } from './cross_entropy.ts';
import { embedding, embeddingBackward } from './embedding.ts';
import { numericalGradient } from './finite_difference.ts';
import { layerNorm, layerNormBackward } from './layer_norm.ts';
import { linear, linearBackward } from './linear.ts';

const TOLERANCE = 1e-9;

/** Compares a gradient with the slope of ⟨f(x), dout⟩. */
function expectGradient(grad: Numbers, f: (x: Float64Array) => Float64Array, at: Numbers, dout: Numbers, h?: number) {
  const numerical = numericalGradient((x) => dot(f(x), dout), at, h);
  expect(relativeError(grad, numerical)).toBeLessThan(TOLERANCE);
}

test('relativeError sees what is not finite and what is not zero', () => {
  expect(relativeError([1, 2], [1, 2])).toBe(0);
  expect(relativeError([1, Number.NaN], [1, 2])).toBe(Number.POSITIVE_INFINITY);
  expect(relativeError([3, 4], [0, 0])).toBe(5);
  expect(() => relativeError([1], [1, 2])).toThrow(RangeError);
});

test('embedding', () => {
  const random = new Random(1);
  const shape = { B: 2, T: 3, C: 5 };
  const tokens = [4, 0, 4, 6, 4, 1];
  const wte = random.normals(7 * 5);
  const wpe = random.normals(4 * 5);
  const dout = random.normals(2 * 3 * 5);
  const out = embedding(tokens, wte, wpe, shape);
  expect(out[3 * 5 + 2]).toBe(wte[6 * 5 + 2]! + wpe[2]!);
  const { dwte, dwpe } = embeddingBackward(tokens, dout, shape, { wte: 7, wpe: 4 });
  expectGradient(dwte, (w) => embedding(tokens, w, wpe, shape), wte, dout);
  expectGradient(dwpe, (w) => embedding(tokens, wte, w, shape), wpe, dout);
});

test.each([
  [3, 5, true],
  [4, 7, false],
  [2, 1, true],
])('layer norm of %i rows of %i', (N, C, hasBias) => {
  const random = new Random(2);
  const x = random.normals(N * C, 2, 0.5);
  const weight = random.normals(C, 0.3, 1);
  const bias = hasBias ? random.normals(C) : null;
  const dout = random.normals(N * C);
  const { dx, dweight, dbias } = layerNormBackward(x, weight, dout);
  expectGradient(dx, (z) => layerNorm(z, weight, bias), x, dout);
  expectGradient(dweight, (w) => layerNorm(x, w, bias), weight, dout);
  if (bias) expectGradient(dbias, (b) => layerNorm(x, weight, b), bias, dout);
});

test('layer norm makes rows of mean 0 and variance 1, and keeps a constant row at the bias', () => {
  const out = layerNorm([1, 2, 3, 6, 5, 5, 5, 5], [1, 1, 1, 1], [0, 0, 0, 1]);
  const row = [out[0]!, out[1]!, out[2]!, out[3]! - 1];
  expect(Math.abs(dot(row, [1, 1, 1, 1]))).toBeLessThan(1e-12);
  expect(Math.abs(dot(row, row) / 4 - 3.5 / 3.50001)).toBeLessThan(1e-12);
  expect([...out.slice(4)]).toEqual([0, 0, 0, 1]);
});

describe.each([undefined, 'gelu', 'gelu_tanh', 'relu'] as const)('linear with activation %s', (activation) => {
  test.each([true, false])('and a bias: %s', (hasBias) => {
    const random = new Random(3);
    const shape = { N: 3, C: 5, M: 4 };
    const x = random.normals(3 * 5);
    const weight = random.normals(4 * 5);
    const bias = hasBias ? random.normals(4) : null;
    const residual = hasBias ? random.normals(3 * 4) : undefined;
    const dout = random.normals(3 * 4);
    // A small step keeps ReLU on one side of its corner; it is linear on each side, so that nothing is lost.
    const h = activation === 'relu' ? 1e-6 : 1e-3;
    const run = (changed: { x?: Numbers; weight?: Numbers; bias?: Numbers; residual?: Numbers }) =>
      linear(changed.x ?? x, changed.weight ?? weight, shape, { bias, activation, residual, ...changed });
    const grads = linearBackward(x, weight, dout, shape, { bias, activation });
    expectGradient(grads.dx, (z) => run({ x: z }), x, dout, h);
    expectGradient(grads.dweight, (w) => run({ weight: w }), weight, dout, h);
    if (bias) expectGradient(grads.dbias, (b) => run({ bias: b }), bias, dout, h);
    if (residual) expectGradient(grads.dresidual, (r) => run({ residual: r }), residual, dout, h);
  });
});

test.each([
  { B: 1, T: 4, NH: 1, HS: 3 },
  { B: 2, T: 5, NH: 3, HS: 2 },
  { B: 2, T: 1, NH: 2, HS: 3 },
])('attention $B $T $NH $HS', (shape) => {
  const random = new Random(4);
  const rows = shape.B * shape.T * shape.NH * shape.HS;
  const qkv = random.normals(3 * rows);
  const dout = random.normals(rows);
  const out = attention(qkv, shape);
  // The first row sees itself alone.
  expect(relativeError(out.slice(0, shape.HS), qkv.slice(2 * shape.NH * shape.HS).slice(0, shape.HS))).toBeLessThan(
    1e-15,
  );
  expectGradient(attentionBackward(qkv, dout, shape), (z) => attention(z, shape), qkv, dout);
});

test('attention never looks ahead', () => {
  const random = new Random(5);
  const shape = { B: 1, T: 6, NH: 2, HS: 3 };
  const qkv = random.normals(6 * 18);
  const changed = qkv.slice();
  changed.fill(9, 4 * 18);
  const prefix = 4 * 6;
  expect(attention(changed, shape).slice(0, prefix)).toEqual(attention(qkv, shape).slice(0, prefix));
});

test('cross-entropy', () => {
  const random = new Random(6);
  const logits = random.normals(4 * 7, 3);
  const targets = [6, 0, 3, 3];
  const { losses, mean, dlogits } = crossEntropy(logits, targets);
  expect(mean).toBeCloseTo(losses.reduce((a, b) => a + b) / 4, 14);
  expectGradient(dlogits, (z) => Float64Array.of(crossEntropy(z, targets).mean), logits, [1]);
  expect(crossEntropy(new Float64Array(7), [2]).mean).toBeCloseTo(Math.log(7), 14);
  expect(crossEntropy([1e4, -1e4, 0], [1]).mean).toBe(2e4);
});

test('add refuses lengths that differ', () => {
  expect([...add([1, 2], [3, 4])]).toEqual([4, 6]);
  expect(() => add([1], [1, 2])).toThrow(RangeError);
});
