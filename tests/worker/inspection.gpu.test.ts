import * as Comlink from 'comlink';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { preset, type RunConfig } from '../../src/model/config.ts';
import { initialParameters, layoutOf } from '../../src/model/parameters.ts';
import type { InspectionCommands } from '../../src/worker/inspection/messages.ts';
import type { Result, SessionCommands, SessionEvent } from '../../src/worker/messages.ts';

// The real worker, behind the real comlink: what arrives here is what the page gets. One for all tests, and so its kernels
// are compiled once.

const TEXT = 'A drop of ink may make a million think;\nit may also make a blot. '.repeat(60);
const V = new Set(TEXT).size + 1;

let worker: Worker;
let session: Comlink.Remote<SessionCommands>;
let inspection: Comlink.Remote<InspectionCommands>;
let events: SessionEvent[];

beforeAll(async () => {
  worker = new Worker(new URL('../../src/worker/session.worker.ts', import.meta.url), { type: 'module' });
  session = Comlink.wrap<SessionCommands>(worker);
  inspection = session.inspection as never;
  await session.listen(Comlink.proxy((event: SessionEvent) => void events.push(event)));
  expect(await session.loadText({ kind: 'paste', text: TEXT })).toMatchObject({ ok: true });
});
beforeEach(() => {
  events = [];
});
afterAll(() => worker.terminate());

const SHAPE = { n_layer: 2, n_head: 2, n_embd: 8, n_inner: 16, block_size: 16 };

function config(change: Partial<RunConfig['training']> = {}): RunConfig {
  const { model, training } = preset('tiny');
  const quick = { batch_size: 3, max_iters: 40, eval_interval: 4, eval_iters: 1, sample_interval: 0 };
  return { model: { ...model, ...SHAPE }, training: { ...training, ...quick, ...change } };
}

const until = (holds: () => boolean) => expect.poll(holds, { timeout: 60_000, interval: 5 }).toBe(true);
const phase = () => events.flatMap((event) => (event.kind === 'status' ? [event.phase] : [])).at(-1);
const losses = () => events.flatMap((event) => (event.kind === 'step' ? event.records : []));

async function value<T>(answer: Promise<Result<T>>): Promise<T> {
  const result = await answer;
  if (!result.ok) throw new Error(result.failure.message);
  return result.value;
}

const WTE = 'transformer.wte.weight';

test('a run that is looked at all along is the same run, and can be looked at when it is over', async () => {
  expect(await inspection.movements()).toMatchObject({ ok: false, failure: { code: 'no-model' } });
  expect(await session.train(config())).toMatchObject({ ok: true });
  await until(() => phase() === 'finished');
  const undisturbed = losses();
  events.length = 0;

  expect(await session.train(config())).toMatchObject({ ok: true });
  let looks = 0;
  for (; phase() !== 'finished'; looks++) {
    const { losses: ofText } = await value(inspection.lookAt('A drop'));
    expect(ofText).toHaveLength(5);
    await value(inspection.movements());
    const walk = await value(inspection.walk(looks % 3, true));
    // the step that it tells of is one of this run, to the bit
    const made = undisturbed[walk.step];
    if (made) expect(walk).toMatchObject({ loss: made.loss, grad_norm: made.grad_norm, lr: made.lr });
  }
  expect(looks).toBeGreaterThan(0);
  await until(() => losses().length === 40);
  expect(losses()).toEqual(undisturbed);

  const { step, tensors, sources } = await value(inspection.movements());
  expect(step).toBe(40);
  expect(sources).toEqual(['weights', 'change', 'gradient', 'moment1', 'moment2']);
  const layout = layoutOf({ ...config().model, vocab_size: V });
  const before = await initialParameters({ ...config().model, vocab_size: V }, layout, config().training.seed);
  const now = await value(inspection.weights());
  for (const { name, norm, before: began, gradient } of tensors) {
    const { offset, size } = layout.slot(name);
    const of = (flat: Float32Array) => [...flat.subarray(offset / 4, offset / 4 + size)];
    const moved = Math.hypot(...of(now).map((w, i) => w - of(before)[i]!));
    expect(norm).toBeCloseTo(Math.hypot(...of(now)), 5);
    expect(began!.norm).toBeCloseTo(Math.hypot(...of(before)), 5);
    expect(began!.moved).toBeCloseTo(moved, 5);
    expect(moved).toBeGreaterThan(0);
    expect(gradient).toBeGreaterThan(0);
  }
  const change = await value(inspection.tensor({ name: WTE, source: 'change', thinning: 'mean' }));
  expect(change.picture).toMatchObject({ shape: [V, 8], height: V, width: 8 });
  const { offset } = layout.slot(WTE);
  expect([...change.picture.cells]).toEqual(
    [...change.picture.cells.keys()].map((i) => Math.fround(now[offset / 4 + i]! - before[offset / 4 + i]!)),
  );
  const part = { rows: [2, 5], columns: [1, 4] } as const;
  const closer = await value(inspection.tensor({ name: WTE, source: 'weights', part, thinning: 'mean' }));
  expect(closer.picture).toMatchObject({ height: 3, width: 3 });
  expect(closer.picture.cells[0]).toBe(now[offset / 4 + 2 * 8 + 1]);

  const map = await value(inspection.embeddingMap());
  expect(map.characters).toHaveLength(V);
  expect(map.points).toHaveLength(2 * V);
  const nearest = await value(inspection.neighbours(3, 4));
  expect(nearest).toHaveLength(4);
  expect(nearest.map(({ id }) => id)).not.toContain(3);
  expect(nearest.map(({ cosine }) => cosine)).toEqual(nearest.map(({ cosine }) => cosine).toSorted((a, b) => b - a));
});

test('a text is looked at as far as the context goes, and characters that nobody knows are named', async () => {
  await session.train(config({ max_iters: 8 }));
  await until(() => phase() === 'finished');
  expect(await inspection.lookAt('日')).toMatchObject({
    ok: false,
    failure: { code: 'unknown-characters', message: expect.stringContaining('日') },
  });
  const long = await value(inspection.lookAt(TEXT.slice(0, 50)));
  expect(long.characters.join('')).toBe(TEXT.slice(50 - 16, 50));
  expect(long).toMatchObject({ leftOut: 34, most: 16, layers: 2, heads: 2 });
  const view = await value(inspection.lookAt('A drop\nof'));
  const n = 9;
  expect(view.characters).toEqual([...'A drop\nof']);
  expect(view.attention).toHaveLength(2 * 2 * n * n);
  for (let row = 0; row < 4 * n; row++) {
    expect(view.attention.subarray(row * n, (row + 1) * n).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
  }
  const { kept, lens, right, losses: told } = view;
  for (let t = 0; t < n - 1; t++) {
    // the loss, the probability of the right one and the lens's last layer tell the same
    expect(-Math.log(right[2 * (n - 1) + t]!)).toBeCloseTo(told[t]!, 4);
    const at = (2 * n + t) * kept;
    const rank = [...lens.ids.subarray(at, at + kept)].findIndex(
      (id) => view.vocabulary[id] === view.characters[t + 1],
    );
    if (rank >= 0) expect(lens.probabilities[at + rank]).toBe(right[2 * (n - 1) + t]);
  }
  expect((await value(inspection.lookAt(''))).characters).toEqual(['\n']);
});

test('a walk shows the places of its sequence, and ends with its run', async () => {
  await session.train(config({ max_iters: 8 }));
  await until(() => phase() === 'finished');
  expect(await inspection.walkPlace(0)).toMatchObject({ ok: false, failure: { code: 'no-walk' } });
  const walk = await value(inspection.walk(1, true));
  expect(walk).toMatchObject({ step: 8, beyond: true, sequence: 1, layers: 2, heads: 2 });
  expect(walk.rows).toHaveLength(3);
  expect(TEXT).toContain(walk.rows[1]!.join(''));
  expect(walk.backwards.map(({ stage }) => stage)).toHaveLength(1 + 2 * 5 + 1);
  expect(walk.backwards.every(({ norm }) => norm > 0)).toBe(true);
  const norm = Math.hypot(...walk.tensors.map(({ gradient }) => gradient));
  expect(norm / walk.grad_norm).toBeCloseTo(1, 5);

  const t = 5;
  const place = await value(inspection.walkPlace(t));
  const next = walk.vocabulary.indexOf(walk.rows[1]![t + 1]!);
  expect(-Math.log(place.probabilities[next]!)).toBeCloseTo(walk.losses[t]!, 4);
  for (const [c, x] of place.token.entries()) expect(place.embedding[c]).toBeCloseTo(x + place.position[c]!, 6);
  const block = await value(inspection.walkBlock(1, 0, t));
  expect(block.pattern).toMatchObject({ height: 16, width: 16 });
  expect(block.attended).toEqual(block.pattern.cells.subarray(t * 16, (t + 1) * 16));
  expect(block.attended.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
  expect([block.query, block.key, block.value].map(({ length }) => length)).toEqual([4, 4, 4]);
  expect([block.mixed, block.hidden, block.out].map(({ length }) => length)).toEqual([8, 16, 8]);
  const update = await value(inspection.walkUpdate(WTE, walk.ids[t]! * 8));
  expect(update.weight[1]).not.toBe(update.weight[0]);

  // once nobody looks any more, and with another run, it is gone
  await value(inspection.release());
  expect(await inspection.walkUpdate(WTE, 0)).toMatchObject({ ok: false, failure: { code: 'no-walk' } });
  await value(inspection.walk(0, true));
  await session.train(config({ max_iters: 8, seed: 4 }), { from: 'run', unknown: null });
  await until(() => phase() === 'finished');
  expect(await inspection.walkPlace(0)).toMatchObject({ ok: false, failure: { code: 'no-walk' } });
  // this one began with the weights of the other: nobody can say from the seed how far it has come
  const { tensors, sources } = await value(inspection.movements());
  expect(sources).not.toContain('change');
  expect(tensors.every(({ before }) => before === null)).toBe(true);
  expect(await inspection.tensor({ name: WTE, source: 'change', thinning: 'mean' })).toMatchObject({
    ok: false,
    failure: { code: 'no-beginning' },
  });
});
