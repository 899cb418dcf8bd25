import { describe, expect } from 'vitest';
import { Draws } from '../../src/generation/draws.ts';
import type { Device } from '../../src/gpu/device.ts';
import { ALTERNATIVES, drawToken, RECORD_NUMBERS } from '../../src/graph/operators/window.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { gpuTest, runExperiment } from '../graph/harness.ts';
import { Random, sum } from '../reference/arrays.ts';
import { type DrawSettings, penalised, probabilities, softmax } from '../reference/sampling.ts';

const PLAIN: DrawSettings = { temperature: 1, top_k: 0, top_p: 1, repetition_penalty: 1, never: null };
const T = 6;
const KEEP = 3;
const RING = 16;

interface Draw {
  logits: Float32Array<ArrayBuffer>;
  /** The same window for each of B sequences; it begins with token `first`. */
  window: number[];
  settings: DrawSettings;
  lanes: number;
  B?: number;
  seed?: number;
  first?: number;
}

/** Draws once for each of B sequences that all have the same logits, and reads `result` back as it is, bit for bit. */
async function draw(device: Device, one: Draw, result: 'weights' | 'drawn' | 'state' | 'history' | 'latest') {
  const { logits, window, settings, lanes, B = 1, seed = 1, first = 20 } = one;
  const V = logits.length;
  const count = first + window.length;
  const repeat = (numbers: ArrayLike<number>) => Array.from({ length: B }, () => Array.from(numbers)).flat();
  const history = new Uint32Array(T);
  const latest = new Uint32Array(V);
  latest[0] = first; // seen just before the window begins
  window.forEach((id, i) => {
    history[(first + i) % T] = id;
    latest[id] = first + i + 1;
  });
  const { temperature, top_p, repetition_penalty, top_k, never } = settings;
  const options = new Uint32Array([
    ...new Uint32Array(new Float32Array([temperature, top_p, repetition_penalty]).buffer),
    ...[top_k, seed, never ?? 0xffffffff],
  ]);
  const { out } = await runExperiment(device, {
    lanes,
    inputs: {
      logits: { shape: [B, 1, V], data: Float32Array.from(repeat(logits)) },
      options: { shape: [6], data: options },
      state: { shape: [B, 4], data: Uint32Array.from(repeat([window.length - 1, count, first, 0])) },
      history: { shape: [B, T], data: Uint32Array.from(repeat(history)) },
      latest: { shape: [B, V], data: Uint32Array.from(repeat(latest)) },
      drawn: { shape: [RING, B, RECORD_NUMBERS], data: new Uint32Array(RING * B * RECORD_NUMBERS) },
    },
    build: (graph, t) => {
      const { logits: l, ...tensors } = t as Record<
        'logits' | 'state' | 'history' | 'options' | 'latest' | 'drawn',
        Tensor
      >;
      const weights = drawToken(graph, l, tensors, KEEP);
      return result === 'weights' ? weights : t[result]!;
    },
  });
  return out;
}

const words = (out: Float32Array) => new Uint32Array(out.buffer, out.byteOffset, out.length);

/** The record of each sequence. */
async function draws(device: Device, one: Draw): Promise<Draws> {
  const { B = 1, first = 20, window } = one;
  const row = ((first + window.length) % RING) * B * RECORD_NUMBERS;
  return new Draws(words(await draw(device, one, 'drawn')).slice(row, row + B * RECORD_NUMBERS));
}

/** The token of each sequence. */
async function tokens(device: Device, one: Draw): Promise<Uint32Array> {
  const drawn = await draws(device, one);
  return Uint32Array.from({ length: one.B ?? 1 }, (_, b) => drawn.token(b));
}

const SETTINGS: Partial<DrawSettings>[] = [
  {},
  { temperature: 0.6 },
  { temperature: 3 },
  { top_k: 1 },
  { top_k: 5 },
  { top_k: 1000 },
  { top_p: 0.5 },
  { top_p: 0.93 },
  { top_p: 1e-6 },
  { repetition_penalty: 1.7 },
  { repetition_penalty: 0.5 },
  { never: 3 },
  { temperature: 0.8, top_k: 9, top_p: 0.8, repetition_penalty: 1.3, never: 5 },
];

describe.each([1, 8, 32])('the distribution, %i threads', (lanes) => {
  gpuTest.for(lanes === 32 ? [13, 64, 1100] : [13, 64])(
    'of %i tokens is what sorting gives in float64',
    async (V, { device }) => {
      const random = new Random(V);
      for (const [number, change] of SETTINGS.entries()) {
        if (V === 1100 && number % 4 > 0) continue; // a whole workgroup's threads, where lanes are shared
        const settings = { ...PLAIN, ...change };
        const logits = random.normals(V, 2);
        // Equal logits, in the middle of the order and at its top.
        logits[7] = logits[2]!;
        if (number % 2) logits[9] = logits[4] = logits[11] = 5;
        const window = [2, 4, 2, 6];
        const weights = await draw(device, { logits, window, settings, lanes }, 'weights');
        const total = sum(weights);
        const expected = probabilities(logits, window, settings);
        for (let id = 0; id < V; id++) {
          const name = `${JSON.stringify(change)}: token ${id}`;
          expect(weights[id] === 0, name).toBe(expected[id] === 0);
          expect(Math.abs(weights[id]! / total - expected[id]!), name).toBeLessThan(1e-6);
        }
      }
    },
  );

  gpuTest('temperature 0 takes the largest logit, of equals the lowest id', async ({ device }) => {
    for (const V of [13, 300]) {
      const random = new Random(V + 1);
      const logits = random.normals(V);
      for (const id of [V - 1, 11, 8]) logits[id] = 9;
      const one = { logits, window: [1], lanes, settings: { ...PLAIN, temperature: 0 } };
      expect([...(await tokens(device, one))]).toEqual([8]);
      expect([...(await tokens(device, { ...one, settings: { ...one.settings, never: 8 } }))]).toEqual([11]);
      const penalty = { ...one, window: [8, 11], settings: { ...one.settings, repetition_penalty: 2 } };
      expect([...(await tokens(device, penalty))]).toEqual([V - 1]);
      expect(penalised(logits, [8], penalty.settings)[8]).toBe(4.5);
    }
  });

  gpuTest.for(lanes === 32 ? [3, 13, 64, 1100] : [3, 13, 64])(
    'of %i tokens each draw says how likely it was and what else was likely, as float64 has it',
    async (V, { device }) => {
      const random = new Random(V + 2);
      for (const change of [
        {},
        { temperature: 0 },
        { temperature: 0.7, top_k: 9, top_p: 0.8, repetition_penalty: 1.3, never: 1 },
      ]) {
        const settings = { ...PLAIN, ...change };
        const B = 20;
        const logits = random.normals(V, 2);
        if (V > 3) logits[7] = logits[9] = logits[4] = 5; // of equals, the lowest id first
        const window = [2, 0, 2];
        const drawn = await draws(device, { logits, window, settings, lanes, B });
        const plain = softmax(logits);
        const bent = probabilities(logits, window, settings);
        const order = Array.from(plain.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b);
        const name = JSON.stringify({ V, ...change });
        for (let b = 0; b < B; b++) {
          const choice = drawn.choice(b);
          expect(Math.abs(choice.probability - plain[choice.token]!), name).toBeLessThan(1e-6);
          expect(Math.abs(choice.drawnWith - bent[choice.token]!), name).toBeLessThan(1e-6);
          expect(choice.likeliest.map(({ token }) => token)).toEqual(order.slice(0, ALTERNATIVES));
          for (const { token, probability } of choice.likeliest) {
            expect(Math.abs(probability - plain[token]!), name).toBeLessThan(1e-6);
          }
        }
      }
    },
  );

  gpuTest('draws fall as the probabilities say', async ({ device }) => {
    const random = new Random(77);
    const logits = random.normals(21, 1.5);
    for (const change of [{}, { top_k: 6 }, { top_p: 0.8, temperature: 1.4 }]) {
      const settings = { ...PLAIN, ...change };
      const B = lanes === 32 ? 1500 : 4000;
      const expected = probabilities(logits, [2, 4], settings);
      const drawn = await tokens(device, { logits, window: [2, 4], settings, lanes, B });
      const counts = new Float64Array(21);
      for (const id of drawn) counts[id]!++;
      let chi = 0;
      let degrees = -1;
      for (const [id, p] of expected.entries()) {
        if (p === 0) expect(counts[id]).toBe(0);
        else {
          chi += (counts[id]! - B * p) ** 2 / (B * p);
          degrees++;
        }
      }
      // Its mean is the degrees of freedom and its variance twice that; the seed is fixed, so this holds or never does.
      expect(chi).toBeLessThan(degrees + 4 * Math.sqrt(2 * degrees));
      expect(chi).toBeGreaterThan(degrees - 4 * Math.sqrt(2 * degrees));
      if (settings.top_k > 0 || settings.top_p < 1) continue;
      expect(await tokens(device, { logits, window: [2, 4], settings, lanes, B })).toEqual(drawn);
      expect(await tokens(device, { logits, window: [2, 4], settings, lanes, B, seed: 2 })).not.toEqual(drawn);
      expect(await tokens(device, { logits, window: [2, 4], settings, lanes, B, first: 21 })).not.toEqual(drawn);
    }
  });
});

gpuTest('what stands before the window has no penalty, and the sequence moves on', async ({ device }) => {
  const logits = new Float32Array(9).fill(1);
  const settings = { ...PLAIN, repetition_penalty: 2 };
  const one: Draw = { logits, window: [3, 5], settings, lanes: 1 };
  const weights = await draw(device, one, 'weights');
  expect([...weights].map((w) => w < 1)).toEqual(Array.from(logits, (_, id) => id === 3 || id === 5));
  const [token] = await tokens(device, one);
  expect([...words(await draw(device, one, 'state'))]).toEqual([2, 23, 20, 0]);
  expect(words(await draw(device, one, 'history'))[22 % T]).toBe(token);
  expect(words(await draw(device, one, 'latest'))[token!]).toBe(23);
  // The window is full: it goes on with its last three tokens, from position 0 on.
  const full = { ...one, window: [3, 5, 1, 2, 3, 4] };
  expect([...words(await draw(device, full, 'state'))]).toEqual([0, 27, 24, 0]);
});

gpuTest('logits that are no numbers do no harm', async ({ device }) => {
  const logits = new Float32Array(40).fill(Number.NaN);
  for (const lanes of [1, 8]) {
    const one: Draw = { logits, window: [1], settings: { ...PLAIN, top_k: 3, top_p: 0.5 }, lanes };
    expect((await tokens(device, one))[0]).toBeLessThan(40);
    expect((await draws(device, one)).choice(0)).toMatchObject({ probability: 0, likeliest: [] });
    expect([...words(await draw(device, one, 'state'))]).toEqual([1, 22, 20, 0]);
  }
});
