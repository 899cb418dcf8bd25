import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Engine, type Measurement, type Model, openEngine, type Variant } from '../../src/index.ts';
import { layoutOf } from '../../src/model/parameters.ts';
import { decodeCheckpoint } from '../../src/training/checkpoint.ts';
import { prunable, zerosOf } from '../../src/training/pruning.ts';

const TEXT = 'A drop of ink may make a million think; it may also make a blot. '.repeat(20);
const SHAPE = { n_layer: 1, n_head: 1, n_embd: 8, block_size: 8 };
const SHORT = { max_iters: 30, batch_size: 2, eval_interval: 30, eval_iters: 1, learning_rate: 0.01 };
const STEPS = 8;
const TUNED: Variant = { bits: 32, prune: { share: 0.6, scope: 'global' }, fine_tune: STEPS };

let engine: Engine;
let model: Model;
let file: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  engine = await openEngine(navigator.gpu);
  model = await engine.create({ text: TEXT, preset: 'tiny', ...SHAPE });
  await model.train(TEXT, SHORT);
  file = model.save();
});
afterAll(() => engine.close());

const zerosIn = (of: Model) => {
  const { model: config, state } = decodeCheckpoint(of.save());
  return zerosOf(layoutOf(config), state.buffers.get('parameters')!);
};

async function study(
  of: Model,
  ...[ways, options]: [readonly Variant[], { prompt?: string }?]
): Promise<Measurement[]> {
  const measured: Measurement[] = [];
  for await (const one of of.studyShrinking(TEXT, ways, options)) measured.push(one);
  return measured;
}

test('quantized, it takes less memory, and writes and predicts nearly as before', async () => {
  const loss = await model.evaluate(TEXT);
  const [eight, four] = [model.quantize(8), model.quantize(4)];
  expect(eight).toMatchObject({ bits: 8, config: model.config, parameters: model.parameters });
  expect(four.bytes).toBeLessThan(eight.bytes);
  expect(eight.bytes).toBeLessThan(2 * model.parameters);
  expect(Math.abs((await eight.evaluate(TEXT)) / loss - 1)).toBeLessThan(0.01);
  expect(Math.abs((await four.evaluate(TEXT)) / loss - 1)).toBeLessThan(0.2);
  const [, measured] = await study(model, [{ bits: 8 }], { prompt: 'A drop' });
  expect(measured).toMatchObject({ variant: { bits: 8 }, bytes: eight.bytes, control_val_loss: null });
  expect(await eight.write('A drop', { length: 160, temperature: 0 })).toBe(measured!.sample);
  await Promise.all([eight.release(), four.release()]);
  expect(model.save()).toEqual(file);
});

test('pruned, its zeros stay while it is trained further, saved and loaded', async () => {
  const matrices = prunable(layoutOf(model.config));
  const inEach = model.prune(0.5, 'tensor');
  expect(zerosIn(inEach)).toBe(matrices.reduce((sum, { size }) => sum + Math.round(size / 2), 0));
  const pruned = model.prune(0.6);
  const zeros = Math.round(0.6 * matrices.reduce((sum, { size }) => sum + size, 0));
  expect(zerosIn(pruned)).toBe(zeros);
  const cut = await pruned.evaluate(TEXT);
  await expect(pruned.resume(TEXT)).rejects.toMatchObject({ code: 'other-text' }); // it has no run to go on with
  expect(await pruned.fineTune(TEXT, STEPS)).toMatchObject({ step: STEPS, finished: true });
  expect(await pruned.evaluate(TEXT)).toBeLessThan(cut);
  const again = await engine.load(pruned.save());
  await again.train(TEXT, { max_iters: 3 });
  expect([zerosIn(pruned), zerosIn(again)]).toEqual([zeros, zeros]);
  expect(model.save()).toEqual(file);
});

test('a study tells beside what mends a pruned model what the same steps give without pruning', async () => {
  const [before, tuned] = await study(model, [{ bits: 32 }, TUNED]);
  expect(before!.variant).toEqual({ bits: 32 });
  const whole = await engine.load(file);
  await whole.fineTune(TEXT, STEPS);
  const [control] = await study(whole, []);
  expect(tuned!.control_val_loss).toBe(control!.val_loss);
  expect(tuned!.control_val_loss).not.toBe(before!.val_loss);
  const pruned = model.prune(0.6);
  await pruned.fineTune(TEXT, STEPS);
  const [same] = await study(pruned, []);
  expect(tuned).toMatchObject({ val_loss: same!.val_loss, zeros: zerosIn(pruned), sample: same!.sample });
  expect(model.save()).toEqual(file);
});

test('refuses in words, and ends by its signal', async () => {
  expect(() => model.prune(1)).toThrow(expect.objectContaining({ code: 'bad-options' }));
  expect(() => model.prune(0.5, 'row' as 'tensor')).toThrow(expect.objectContaining({ code: 'bad-options' }));
  expect(() => model.quantize(3 as 4)).toThrow(expect.objectContaining({ code: 'bad-options' }));
  await expect(model.fineTune(TEXT, 0)).rejects.toMatchObject({ code: 'bad-config' });
  await expect(study(model, [{ ...TUNED, fine_tune: 0.5 }])).rejects.toMatchObject({ code: 'bad-options' });
  await expect(study(model, [], { prompt: 'ß' })).rejects.toMatchObject({ code: 'unknown-characters' });
  await expect(model.studyShrinking('short').next()).rejects.toMatchObject({ code: 'short-text' });
  const abort = new AbortController();
  const measured = model.studyShrinking(TEXT, undefined, { signal: abort.signal });
  expect((await measured.next()).value.variant).toEqual({ bits: 32 });
  abort.abort(new Error('enough'));
  await expect(measured.next()).rejects.toThrow('enough');
});
