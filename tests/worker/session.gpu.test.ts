import * as Comlink from 'comlink';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { preset, type RunConfig } from '../../src/model/config.ts';
import { initialParameters, layoutOf } from '../../src/model/parameters.ts';
import type { RunRecord } from '../../src/storage/database.ts';
import type { RunStore } from '../../src/storage/run-store.ts';
import { CharacterTokenizer } from '../../src/text/tokenizer.ts';
import { encodeCheckpoint } from '../../src/training/checkpoint.ts';
import { freshState } from '../../src/training/state.ts';
import type { GenerateRequest, SessionCommands, SessionEvent, Start } from '../../src/worker/messages.ts';
import { Session } from '../../src/worker/session.ts';

// The real worker, behind the real comlink, on the real GPU that this browser has. One for all tests, and so its kernels
// are compiled once.

const TEXT = 'A drop of ink may make a million think; it may also make a blot. '.repeat(60);
const V = new Set(TEXT).size + 1; // and <|endoftext|>

let worker: Worker;
let session: Comlink.Remote<SessionCommands>;
let events: SessionEvent[];

beforeAll(async () => {
  worker = new Worker(new URL('../../src/worker/session.worker.ts', import.meta.url), { type: 'module' });
  session = Comlink.wrap<SessionCommands>(worker);
  events = [];
  await session.listen(Comlink.proxy((event: SessionEvent) => void events.push(event)));
  expect(await session.connect()).toMatchObject({ ok: true });
});
beforeEach(async () => {
  await session.stop();
  await until(() => !['preparing', 'running', 'paused'].includes(phases().at(-1) ?? 'idle'));
  events.length = 0;
  expect(await session.loadText({ kind: 'paste', text: TEXT })).toMatchObject({ ok: true });
});
afterAll(() => worker.terminate());

function config(change: Partial<RunConfig['training']> = {}): RunConfig {
  const { model, training } = preset('tiny');
  return { model, training: { ...training, eval_interval: 20, eval_iters: 4, sample_interval: 20, ...change } };
}

const until = (holds: () => boolean) => expect.poll(holds, { timeout: 60_000, interval: 10 }).toBe(true);
const steps = () => events.flatMap((event) => (event.kind === 'step' ? event.records : []));
/** The phases that were told, each once however often it told how far it is. */
const phases = () =>
  events
    .flatMap((event) => (event.kind === 'status' ? [event.phase] : []))
    .filter((phase, i, all) => phase !== all[i - 1]);

/** The answer of a command, and how long it took. */
async function timed(command: () => Promise<unknown>): Promise<number> {
  const asked = performance.now();
  expect(await command()).toEqual({ ok: true, value: null });
  return performance.now() - asked;
}

test('no model to start from, stop while the kernels compile, a refused configuration, and a run that diverges', async () => {
  expect(await session.describeStart('run')).toMatchObject({ ok: false, failure: { code: 'no-model' } });
  const starting = session.train(config());
  await until(() => phases().at(-1) === 'preparing');
  // The worker is new, and the processor, which is the GPU too, busy: a stop that waited for the kernels took seconds.
  expect(await timed(() => session.stop())).toBeLessThan(1000);
  expect(await starting).toMatchObject({ ok: true });
  expect(phases().at(-1)).toBe('idle');

  const wrong = config();
  wrong.model.n_embd = 33;
  expect(await session.train(wrong)).toMatchObject({ ok: false, failure: { code: 'bad-config' } });

  await session.train(config({ learning_rate: 10, grad_clip: 0, warmup_iters: 0, max_iters: 2000, weight_decay: 10 }));
  await until(() => phases().at(-1) === 'failed' || phases().at(-1) === 'finished');
  const failure = events.find((event) => event.kind === 'error');
  expect(failure?.failure.code).toBe('diverged');
});

test('a run tells its start, each step once and in order, its evaluations, its samples and its end', async () => {
  expect(await session.train(config({ max_iters: 50 }))).toEqual({ ok: true, value: null });
  await until(() => phases().at(-1) === 'finished');
  expect(phases()).toEqual(['preparing', 'running', 'finished']);
  const started = events.find((event) => event.kind === 'started');
  expect(started).toMatchObject({ vocab_size: V, parameters: 26_496 + 32 * V });
  expect(started?.gpu_bytes).toBeGreaterThan(4 * 4 * 26_496);
  expect(started?.dispatches).toBeLessThanOrEqual(60);
  expect(steps().map(({ step }) => step)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  const of = (kind: 'eval' | 'sample') => events.flatMap((event) => (event.kind === kind ? [event.step] : []));
  expect(of('eval')).toEqual([0, 20, 40, 50]);
  expect(of('sample')).toEqual([20, 40, 50]);
  const sample = events.find((event) => event.kind === 'sample');
  expect(Array.from(sample?.text ?? '')).toHaveLength(160);
});

test('pause, resume and stop answer within 200 ms, and nothing is computed while paused', async () => {
  await session.train(config({ max_iters: 100_000 }));
  await until(() => steps().length > 10);
  expect(await timed(() => session.pause())).toBeLessThan(200);
  await new Promise((resolve) => setTimeout(resolve, 400)); // what was in flight arrives
  const seen = steps().length;
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(steps()).toHaveLength(seen);

  // a prompt is answered meanwhile, the same for the same seed, and does not disturb the run
  const write = async (change: Partial<GenerateRequest> = {}) => {
    const from = events.length;
    const request = { prompt: 'A drop', length: 30, temperature: 0.8, seed: 5, ...change };
    expect(await session.generate(request)).toMatchObject({ ok: true });
    return events
      .slice(from)
      .flatMap((event) => (event.kind === 'generated' ? [event.text] : []))
      .join('');
  };
  const written = await write();
  expect(written).toHaveLength(30);
  expect(await write()).toBe(written);
  expect(await write({ seed: 6 })).not.toBe(written);
  const greedy = await write({ temperature: 0 });
  expect(await write({ top_k: 1 })).toBe(greedy);
  expect(await write({ top_p: 1e-6, seed: 6 })).toBe(greedy);
  expect(await write({ temperature: 0, repetition_penalty: 3 })).not.toBe(greedy);
  expect(await session.generate({ prompt: 'A', length: 1, temperature: -1, seed: 1 })).toMatchObject({
    failure: { code: 'bad-options' },
  });
  expect(await session.generate({ prompt: 'é', length: 1, temperature: 1, seed: 1 })).toMatchObject({
    ok: false,
    failure: { code: 'unknown-characters' },
  });

  expect(await timed(() => session.resume())).toBeLessThan(200);
  await until(() => steps().length > seen + 5);
  expect(await timed(() => session.stop())).toBeLessThan(200);
  await until(() => phases().at(-1) === 'stopped');
  expect(phases()).toEqual(['preparing', 'running', 'paused', 'running', 'stopped']);
  expect(events.filter((event) => event.kind === 'error')).toEqual([]);
});

test('pausing and prompting change no loss; the same seed gives the same bits', async () => {
  const run = async (disturb: () => Promise<void>) => {
    events.length = 0;
    await session.train(config({ max_iters: 60, sample_interval: 0 }));
    await disturb();
    await until(() => phases().at(-1) === 'finished');
    return [...steps(), ...events.filter((event) => event.kind === 'eval')];
  };
  const calm = await run(async () => {});
  const disturbed = await run(async () => {
    await until(() => steps().length > 15);
    await session.pause();
    await session.generate({ prompt: '', length: 10, temperature: 1, seed: 1 });
    await session.resume();
    await session.generate({ prompt: '', length: 10, temperature: 1, seed: 1 });
  });
  expect(disturbed).toEqual(calm);
});

test('prompts that overtake each other: the newest is answered, none fails, and the run with its samples goes on', async () => {
  await session.train(config({ max_iters: 100_000, sample_interval: 3 }));
  await until(() => steps().length > 4);
  const ask = (seed: number) => session.generate({ prompt: 'A drop', length: 30, temperature: 0.8, seed });
  const answers = await Promise.all(Array.from({ length: 12 }, (_, seed) => ask(seed)));
  expect(answers.every(({ ok }) => ok)).toBe(true);
  const ends = () => events.filter((event) => event.kind === 'generated' && event.done).length;
  expect(ends()).toBe(1);
  const seen = steps().length;
  await until(() => steps().length > seen + 6);
  expect(events.filter((event) => event.kind === 'error')).toEqual([]);
});

test('stop, and pause at once: the run stops', async () => {
  await session.train(config({ max_iters: 100_000 }));
  await until(() => steps().length > 4);
  await Promise.all([session.stop(), session.pause()]);
  await until(() => phases().at(-1) === 'stopped');
  expect(phases()).toEqual(['preparing', 'running', 'stopped']);
});

test('commands that come together share one device', async () => {
  let asked = 0;
  const counting = new Proxy(navigator.gpu, {
    get: (gpu, name) => {
      if (name === 'requestAdapter') {
        return (options: GPURequestAdapterOptions) => {
          asked++;
          return gpu.requestAdapter(options);
        };
      }
      return Reflect.get(gpu, name);
    },
  });
  const here = new Session(counting, true);
  await here.loadText({ kind: 'paste', text: TEXT });
  const [connected, estimated] = await Promise.all([here.connect(), here.planning.estimate(config())]);
  expect([connected.ok, estimated.ok]).toEqual([true, true]);
  expect(asked).toBe(1);
});

test('a run that is stopped while it is put into the list of runs is none of them afterwards', async () => {
  const kept = new Set<string>();
  let stopped = false;
  const store = {
    add: async ({ id }: RunRecord) => {
      kept.add(id);
      await here.stop();
      stopped = true;
    },
    remove: async (id: string) => void kept.delete(id),
  };
  const here = new Session(navigator.gpu, true, async () => store as never as RunStore);
  const told: SessionEvent[] = [];
  here.listen((event) => void told.push(event));
  await here.loadText({ kind: 'paste', text: TEXT });
  expect(await here.train(config())).toEqual({ ok: true, value: null });
  expect(stopped).toBe(true);
  await expect.poll(() => kept.size).toBe(0);
  expect(told.some(({ kind }) => kind === 'started')).toBe(false);
  expect(told.findLast((event) => event.kind === 'status')).toMatchObject({ phase: 'idle' });
});

const names = () => session.loadText({ kind: 'dataset', name: 'names' });
const samples = () => events.flatMap((event) => (event.kind === 'sample' ? [event.text] : []));

test('names: a text of documents, whose samples end where a document does', async () => {
  expect(await names()).toMatchObject({ ok: true, value: { name: 'First names', dataset: 'names', opening: '' } });
  await session.train(config({ max_iters: 200, sample_interval: 100, eval_interval: 200 }));
  await until(() => phases().at(-1) === 'finished');
  const { val_loss } = events.findLast((event) => event.kind === 'eval')!;
  expect(val_loss).toBeLessThan(2.7); // ln 55 = 4.0
  // a sample is a name: it ends long before the 160 characters are full
  for (const sample of samples()) {
    expect(sample).not.toContain('<');
    expect(sample.length).toBeLessThan(60);
  }
  events.length = 0;
  for (let seed = 0; seed < 3; seed++) await session.generate({ prompt: 'Jo', length: 100, temperature: 0.8, seed });
  const written = events.flatMap((event) => (event.kind === 'generated' ? [event.text] : [])).join('');
  expect(written.length).toBeLessThan(100);
  expect(written).not.toContain('<');
});

test('a task tells its accuracy at each evaluation', async () => {
  await session.loadText({ kind: 'dataset', name: 'copying' });
  await session.train(config({ max_iters: 20 }));
  await until(() => phases().at(-1) === 'finished');
  const accuracies = () => events.flatMap((event) => (event.kind === 'eval' ? [event.accuracy] : []));
  expect(accuracies()).toHaveLength(2);
  for (const accuracy of accuracies()) expect(accuracy).toBeLessThanOrEqual(0.1);
});

test('a model goes on with another text: what it does not know is listed, and added or left out', async () => {
  await session.train(config({ max_iters: 40, eval_interval: 40 }));
  await until(() => phases().at(-1) === 'finished');
  const lossOf = (step: number) => events.find((event) => event.kind === 'eval' && event.step === step);
  const { val_loss } = lossOf(40) as { val_loss: number };

  // the same text: it goes on where it was
  const goOn = async (start: Start) => {
    events.length = 0;
    const result = await session.train(config({ max_iters: 1, seed: 4 }), start);
    if (result.ok) await until(() => phases().at(-1) === 'finished');
    return result;
  };
  expect(await goOn({ from: 'run', unknown: null })).toMatchObject({ ok: true });
  expect(lossOf(0)).toMatchObject({ val_loss });

  await session.loadText({ kind: 'paste', text: TEXT.replaceAll('ink', 'ïnk!') });
  expect(await session.describeStart('run')).toMatchObject({
    value: { name: 'Pasted text', unknown: { count: 2, listed: '“!” (U+0021), “ï” (U+00EF)' } },
  });
  expect(await goOn({ from: 'run', unknown: null })).toMatchObject({
    ok: false,
    failure: { code: 'unknown-characters', message: expect.stringContaining('“ï” (U+00EF)') },
  });
  expect(await goOn({ from: 'run', unknown: 'drop' })).toMatchObject({ ok: true });
  expect(events.find((event) => event.kind === 'started')).toMatchObject({ vocab_size: V });
  expect(await goOn({ from: 'run', unknown: 'add' })).toMatchObject({ ok: true });
  expect(events.find((event) => event.kind === 'started')).toMatchObject({ vocab_size: V + 2 });
  // what it knew, it still knows: only two characters are new to it
  expect((lossOf(0) as { val_loss: number }).val_loss).toBeLessThan(val_loss + 1);
  events.length = 0;
  expect(await session.generate({ prompt: 'ï!', length: 3, temperature: 1, seed: 1 })).toMatchObject({ ok: true });
});

test('a saved model is opened, and what is none is refused', async () => {
  expect(await session.openModel('no.safetensors', new Blob(['no model']))).toMatchObject({
    ok: false,
    failure: { code: 'bad-safetensors', message: expect.stringMatching(/^no\.safetensors: /) },
  });
  const { model, training } = config();
  const tokenizer = CharacterTokenizer.from('abl ');
  const shape = { ...model, n_layer: 1, vocab_size: tokenizer.vocab_size };
  const weights = await initialParameters(shape, layoutOf(shape), 1);
  const file = encodeCheckpoint({
    model: shape,
    training,
    vocabulary: tokenizer.vocabulary,
    text: { name: 'abc', sha256: '0' },
    val_loss: null,
    state: freshState(training, weights),
  });
  expect(await session.openModel('abc.safetensors', new Blob([file]))).toEqual({ ok: true, value: null });
  expect(await session.train(config({ max_iters: 1 }), { from: 'file', unknown: 'add' })).toMatchObject({ ok: true });
  await until(() => phases().at(-1) === 'finished');
  // the file decides the shape: one layer instead of two
  expect(events.find((event) => event.kind === 'started')).toMatchObject({
    config: { model: { n_layer: 1 } },
    vocab_size: V,
  });
});

test('a large file is read as a stream and tells how far it is; a newer text takes its place', async () => {
  const large = new Blob(Array.from({ length: 40 }, () => new Uint8Array(2 ** 20).map((_, i) => 97 + (i % 26))));
  const reading = session.loadText({ kind: 'file', name: 'large.txt', file: large });
  await until(() => events.some((event) => event.kind === 'reading'));
  expect(events.find((event) => event.kind === 'reading')).toMatchObject({ total: 40 * 2 ** 20 });
  expect(await session.loadText({ kind: 'paste', text: TEXT })).toMatchObject({ ok: true });
  const outcome = await reading;
  if (!outcome.ok) expect(outcome.failure.code).toBe('superseded'); // Firefox may have read it all by then
  expect(await session.loadText({ kind: 'file', name: 'large.txt', file: large })).toMatchObject({
    value: { characters: 40 * 2 ** 20, vocab_size: 27 },
  });
});
