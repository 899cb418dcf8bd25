import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gguf } from '@huggingface/gguf';
import { parseSafetensorsMetadata } from '@huggingface/hub';
import { AutoModelForCausalLM, AutoTokenizer, env } from '@huggingface/transformers';
import { getLlama, type LlamaModel, type Token } from 'node-llama-cpp';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openGPU } from '../src/cli/adapter.ts';
import { importHuggingFace, MODEL_FILES } from '../src/formats/huggingface/import.ts';
import { encodeOnnx } from '../src/formats/onnx.ts';
import type { PortableModel } from '../src/formats/portable-model.ts';
import { openDevice } from '../src/gpu/device.ts';
import { Graph, PARAMETERS } from '../src/graph/graph.ts';
import { Arena } from '../src/graph/program.ts';
import { traitsOf } from '../src/graph/traits.ts';
import type { GPTConfig } from '../src/model/config.ts';
import { gpt } from '../src/model/gpt.ts';
import { layoutOf } from '../src/model/parameters.ts';
import { CharacterTokenizer } from '../src/text/tokenizer.ts';
import { randomModel, referenceLogits } from '../tests/formats/models.ts';

/** A trained model that has learnt newlines, tabs, accents, CJK and emoji; see tests/fixtures/README.md. */
const FIXTURE = fileURLToPath(new URL('../tests/fixtures/many-scripts', import.meta.url));
const LAUNCH = fileURLToPath(new URL('../src/cli/launch.mjs', import.meta.url));
const PROMPTS = ['A drop', '墨', '\t😀'];
const LENGTH = 200;

let folder: string;
let model: PortableModel;
let tokenizer: CharacterTokenizer;
/** What `sample` writes, greedily, for each prompt. */
let greedy: string[];

/** A command of ours; resolves with the object that it prints. */
function inkling(...args: string[]): Record<string, unknown> {
  const { status, stdout, stderr } = spawnSync(process.execPath, [LAUNCH, ...args, '--json'], { encoding: 'utf8' });
  expect(stderr + status).toMatch(/0$/);
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inkling-clients-'));
  model = importHuggingFace(
    new Map(MODEL_FILES.map((name) => [name, new Uint8Array(readFileSync(join(FIXTURE, name)))])),
  );
  tokenizer = CharacterTokenizer.ofVocabulary(model.vocabulary);
  inkling('export', '--model', FIXTURE, '--format', 'huggingface', '--out', join(folder, 'hf'));
  inkling('export', '--model', FIXTURE, '--format', 'gguf', '--out', join(folder, 'model.gguf'));
  greedy = PROMPTS.map((prompt) => {
    const settings = ['--length', String(LENGTH), '--temperature', '0', '--prompt', prompt];
    return inkling('sample', '--model', FIXTURE, ...settings).text as string;
  });
});
afterAll(() => rmSync(folder, { recursive: true }));

test('the text has everything that formats get wrong, and is as long as asked for', () => {
  const all = greedy.join('');
  for (const kind of [/\n/, /\t/, /[éœñżß]/, /\p{Script=Han}/u, /\p{Script=Hiragana}/u, /\p{Emoji_Presentation}/u]) {
    expect(all).toMatch(kind);
  }
  greedy.forEach((text, i) => {
    expect(Array.from(text)).toHaveLength(LENGTH + Array.from(PROMPTS[i]!).length);
  });
});

describe('node-llama-cpp', () => {
  let llama: Awaited<ReturnType<typeof getLlama>>;
  let loaded: LlamaModel;
  beforeAll(async () => {
    llama = await getLlama({ build: 'never', gpu: false, logLevel: 'error' });
    loaded = await llama.loadModel({ modelPath: join(folder, 'model.gguf') });
  });
  afterAll(() => llama?.dispose());

  test('tokenizes exactly', () => {
    for (const text of greedy) {
      expect([...loaded.tokenize(text)]).toEqual([...tokenizer.encode(text)]);
      expect(loaded.detokenize(loaded.tokenize(text))).toBe(text);
    }
  });

  test('writes the same greedy characters', async () => {
    const context = await loaded.createContext({
      contextSize: model.model.block_size,
      threads: 1,
      flashAttention: false,
    });
    const sequence = context.getSequence();
    for (const [i, prompt] of PROMPTS.entries()) {
      await sequence.clearHistory();
      const written: Token[] = [];
      for await (const token of sequence.evaluate(loaded.tokenize(prompt), { temperature: 0 })) {
        if (written.push(token) === LENGTH) break;
      }
      expect(prompt + loaded.detokenize(written)).toBe(greedy[i]);
    }
    await context.dispose();
  });
});

describe('@huggingface/transformers', () => {
  test('writes the same greedy characters', async () => {
    env.allowRemoteModels = false;
    env.localModelPath = `${folder}/`;
    const words = await AutoTokenizer.from_pretrained('hf');
    const writer = await AutoModelForCausalLM.from_pretrained('hf', { dtype: 'fp32' });
    for (const [i, prompt] of PROMPTS.entries()) {
      const inputs = words(prompt);
      expect(Array.from(inputs.input_ids.data as BigInt64Array, Number)).toEqual([...tokenizer.encode(prompt)]);
      const ids = await writer.generate({ ...inputs, max_length: 0, max_new_tokens: LENGTH, do_sample: false });
      expect(words.batch_decode(ids as never, { skip_special_tokens: true })).toEqual([greedy[i]]);
    }
    await writer.dispose();
  });
});

/** The engine's own logits, by the dispatches that training uses. */
async function engineLogits(ids: readonly number[]): Promise<Float32Array> {
  const device = await openDevice(await openGPU());
  const graph = new Graph(layoutOf(model.model), traitsOf(device), false);
  const tokens = graph.input('tokens', [1, ids.length], 'u32');
  const logits = graph.output(gpt(graph, model.model, tokens));
  const arena = new Arena(device);
  arena.plan(graph);
  const parameters = await arena.named(PARAMETERS, model.parameters.byteLength);
  device.gpu.queue.writeBuffer(parameters, 0, model.parameters);
  const program = (await arena.compile()).get(graph)!;
  program.write(tokens, Uint32Array.from(ids));
  program.run();
  const values = new Float32Array(await program.read(logits));
  device.gpu.destroy();
  return values;
}

type Values = InferenceSession.OnnxValueMapType;

/** What ONNX Runtime is asked: ids after `before` others, whose keys and values are in `past`. */
function feed({ n_layer, n_head, n_embd }: GPTConfig, ids: readonly number[], before: number, past?: Values) {
  const int64 = (values: readonly number[]) =>
    new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
  const feeds: Record<string, Tensor> = {
    input_ids: int64(ids),
    attention_mask: int64(new Array(before + ids.length).fill(1)),
    position_ids: int64(ids.map((_, i) => before + i)),
  };
  for (let layer = 0; layer < n_layer; layer++) {
    for (const kind of ['key', 'value']) {
      const empty = new Tensor('float32', new Float32Array(0), [1, n_head, 0, n_embd / n_head]);
      feeds[`past_key_values.${layer}.${kind}`] = (past?.[`present.${layer}.${kind}`] as Tensor) ?? empty;
    }
  }
  return feeds;
}

function worst(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  expect(theirs).toHaveLength(ours.length);
  return Math.max(...Array.from(theirs, (value, i) => Math.abs(value - ours[i]!)));
}

describe('onnxruntime-node', () => {
  test('computes the same logits within 1e-4, at once and with a past', async () => {
    const session = await InferenceSession.create(join(folder, 'hf/onnx/model.onnx'));
    const ids = [...tokenizer.encode(greedy[0]!)];
    const run = (part: readonly number[], before: number, past?: Values) =>
      session.run(feed(model.model, part, before, past));
    const values = (result: Values) => result.logits!.data as Float32Array;
    const engine = await engineLogits(ids);
    const at = 90;
    const all = values(await run(ids, 0));
    const late = values(await run(ids.slice(at), at, await run(ids.slice(0, at), 0)));
    const errors = {
      engine: worst(engine, all),
      'with a past': worst(engine.subarray(at * model.model.vocab_size), late),
      float64: worst(referenceLogits(model, ids), all),
    };
    console.log('largest differences of logits:', errors);
    for (const error of Object.values(errors)) expect(error).toBeLessThan(1e-4);
  });
});

describe('onnxruntime-node, with every option of a model', () => {
  test.each([
    { tied: false, bias: false, activation: 'gelu' },
    { activation: 'relu', n_head: 3, n_inner: 7 },
    { n_layer: 1, n_head: 1, block_size: 33 },
  ] as const)('%j: the float64 reference’s logits within 1e-4', async (options) => {
    const random = randomModel(options);
    const session = await InferenceSession.create(encodeOnnx(random));
    const ids = Array.from({ length: 10 }, (_, i) => (7 * i) % random.model.vocab_size);
    const logits = (await session.run(feed(random.model, ids, 0))).logits!.data as Float32Array;
    expect(worst(referenceLogits(random, ids), logits)).toBeLessThan(1e-4);
  });
});

describe('headers', () => {
  test('@huggingface/gguf parses the GGUF', async () => {
    const { metadata, tensorInfos } = await gguf(join(folder, 'model.gguf'), { allowLocalFile: true });
    expect(metadata).toMatchObject({
      'general.architecture': 'gpt2',
      'gpt2.context_length': model.model.block_size,
      'gpt2.block_count': model.model.n_layer,
      'tokenizer.ggml.model': 'gpt2',
    });
    const C = BigInt(model.model.n_embd);
    const shapes = new Map(tensorInfos.map(({ name, shape }) => [name, shape]));
    expect(shapes.get('blk.0.attn_qkv.weight')).toEqual([C, 3n * C]);
    expect(shapes.size).toBe(4 + 12 * model.model.n_layer);
  });

  test('@huggingface/hub parses the safetensors', async () => {
    const path = 'model.safetensors';
    const bytes = readFileSync(join(folder, 'hf', path));
    const serve = async (_: unknown, { headers }: RequestInit = {}) => {
      const [, from = '0', to = ''] = /bytes=(\d+)-(\d*)/.exec(new Headers(headers).get('range') ?? '') ?? [];
      const part = bytes.subarray(Number(from), to === '' ? bytes.length : Number(to) + 1);
      const range = { 'content-range': `bytes ${from}-${Number(from) + part.length - 1}/${bytes.length}`, etag: '"x"' };
      return new Response(part, { status: 206, headers: { ...range, 'content-length': String(part.length) } });
    };
    const parsed = await parseSafetensorsMetadata({
      repo: 'some/model',
      path,
      computeParametersCount: true,
      fetch: serve,
    });
    const { vocab_size: V, n_embd: C } = model.model;
    expect(parsed.sharded).toBe(false);
    expect(parsed.parameterCount).toEqual({ F32: layoutOf(model.model).count });
    expect((parsed as { header: object }).header).toMatchObject({
      'transformer.wte.weight': { dtype: 'F32', shape: [V, C] },
      'transformer.h.1.mlp.c_fc.weight': { dtype: 'F32', shape: [C, model.model.n_inner] },
      __metadata__: { format: 'pt' },
    });
  });
});
