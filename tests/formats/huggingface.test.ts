import { describe, expect, test } from 'vitest';
import { huggingFaceFiles } from '../../src/formats/huggingface/export.ts';
import { importHuggingFace, modelFiles } from '../../src/formats/huggingface/import.ts';
import type { PortableModel } from '../../src/formats/portable-model.ts';
import { readSafetensors, type SafeTensor, writeSafetensors } from '../../src/formats/safetensors.ts';
import { parseTokenizerJson } from '../../src/formats/tokenizer-json.ts';
import { readZip, writeZip } from '../../src/formats/zip.ts';
import { layoutOf } from '../../src/model/parameters.ts';
import { AWKWARD, randomModel } from './models.ts';

type Files = Map<string, Uint8Array<ArrayBuffer>>;

const parse = (files: Files, name: string) => JSON.parse(new TextDecoder().decode(files.get(name)!));

/** The files with one JSON file changed. */
function withJson(files: Files, name: string, change: Record<string, unknown>): Files {
  return new Map([...files, [name, new TextEncoder().encode(JSON.stringify({ ...parse(files, name), ...change }))]]);
}

/** The files with the tensors changed, and no checksum, as other programs write them. */
function withTensors(files: Files, change: (tensors: Map<string, SafeTensor>) => Map<string, SafeTensor>): Files {
  const { tensors } = readSafetensors(files.get('model.safetensors')!);
  return new Map([...files, ['model.safetensors', writeSafetensors(change(new Map(tensors)), { format: 'pt' })]]);
}

const OPTIONS = [
  {},
  { tied: false },
  { bias: false },
  { activation: 'gelu', bias: false, tied: false, n_head: 3 },
  { activation: 'relu', n_layer: 1, n_inner: 7 },
] as const;

describe('a Hugging Face folder', () => {
  test.each(OPTIONS)('brings the model back to the last bit: %j', (options) => {
    const model = randomModel(options);
    const read = importHuggingFace(modelFiles(readZip(writeZip(huggingFaceFiles(model)))));
    expect(read.model).toEqual(model.model);
    expect(read.vocabulary).toEqual(model.vocabulary);
    expect(read.tokenizer_json).toBeUndefined();
    expect(Buffer.from(read.parameters.buffer)).toEqual(Buffer.from(model.parameters.buffer));
  });

  test('keeps weights as Conv1D does, (in, out), writes zero biases, and leaves a tied head out', () => {
    const model = randomModel({ bias: false });
    const { tensors } = readSafetensors(huggingFaceFiles(model).get('model.safetensors')!);
    const { n_embd: C, n_inner: H } = model.model;
    const name = 'transformer.h.1.mlp.c_fc.weight';
    const { offset } = layoutOf(model.model).slot(name);
    const written = tensors.get(name)!;
    expect(written.shape).toEqual([C, H]);
    for (const [inp, out] of [
      [0, 0],
      [3, 11],
      [C - 1, 1],
    ] as const) {
      expect(written.data[inp * H + out]).toBe(model.parameters[offset / 4 + out * C + inp]);
    }
    expect([...tensors.get('transformer.h.1.mlp.c_fc.bias')!.data]).toEqual(new Array(H).fill(0));
    expect(tensors.has('lm_head.weight')).toBe(false);
    const untied = huggingFaceFiles(randomModel({ tied: false }));
    expect(readSafetensors(untied.get('model.safetensors')!).tensors.has('lm_head.weight')).toBe(true);
    expect(parse(untied, 'config.json').tie_word_embeddings).toBe(false);
  });

  test('holds all that other programs look for, and says how to go on', () => {
    const files = huggingFaceFiles(randomModel());
    expect([...files.keys()]).toEqual([
      'README.md',
      'config.json',
      'generation_config.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'train.py',
      'to_nanogpt.py',
      'model.safetensors',
      'onnx/model.onnx',
    ]);
    const config = parse(files, 'config.json');
    expect(config).toMatchObject({ activation_function: 'gelu_new', n_positions: 11, n_inner: 20, resid_pdrop: 0 });
    const { vocabulary, characters } = parseTokenizerJson(files.get('tokenizer.json')!);
    expect(characters).toBe(true);
    expect(vocabulary.at(config.eos_token_id)).toBe('<|endoftext|>');
    expect([...vocabulary.slice(0, -1)].sort()).toEqual([...new Set(AWKWARD)].sort());
    const readme = new TextDecoder().decode(files.get('README.md')!);
    expect(readme).toContain('2 layers, 2 heads, width 12, context 11');
    expect(readme).not.toMatch(/SUMMARY|NANOGPT\b|CONTEXT/);
    expect(readme).toContain('not four times its width');
    const usual = new TextDecoder().decode(huggingFaceFiles(randomModel({ n_inner: 48 })).get('README.md')!);
    expect(usual).toContain("approximate='tanh'");
  });

  test('refuses half of a surrogate pair, in words', () => {
    expect(() => huggingFaceFiles(randomModel({}, 'ab\ud83d'))).toThrow(
      expect.objectContaining({ code: 'not-expressible', message: expect.stringContaining('half of a pair') }),
    );
  });
});

describe('a folder that another program wrote', () => {
  const model = randomModel();
  const files = huggingFaceFiles(model);
  const same = (read: PortableModel) =>
    expect(Buffer.from(read.parameters.buffer)).toEqual(Buffer.from(model.parameters.buffer));

  test('may lack the prefix, and hold masks and the tied head', () => {
    const changed = withTensors(files, (tensors) => {
      const renamed = new Map([...tensors].map(([name, tensor]) => [name.replace('transformer.', ''), tensor]));
      renamed.set('h.0.attn.bias', { dtype: 'F32', shape: [1, 1, 2, 2], data: Float32Array.of(1, 0, 1, 1) });
      renamed.set('h.0.attn.masked_bias', { dtype: 'F32', shape: [], data: Float32Array.of(-1e4) });
      return renamed.set('lm_head.weight', tensors.get('transformer.wte.weight')!);
    });
    same(importHuggingFace(changed));
  });

  test('may have n_inner null, another name of the tanh form, and lie in a folder of the archive', () => {
    const plain = randomModel({ n_inner: 48 });
    const exported = huggingFaceFiles(plain);
    const changed = withJson(exported, 'config.json', { n_inner: null, activation_function: 'gelu_pytorch_tanh' });
    const nested = new Map([...changed].map(([name, bytes]) => [`my-model/${name}`, bytes]));
    expect(importHuggingFace(modelFiles(readZip(writeZip(nested)))).model).toEqual(plain.model);
  });

  test.each(['F16', 'BF16'] as const)('may hold %s, which is widened', (dtype) => {
    const bits = dtype === 'F16' ? 0x3c01 : 0x3f81;
    const changed = withTensors(files, (tensors) => {
      for (const [name, { shape, data }] of tensors) {
        tensors.set(name, { dtype, shape, data: new Uint16Array(data.length).fill(bits) });
      }
      return tensors;
    });
    const { parameters } = importHuggingFace(changed);
    expect(new Set(parameters)).toEqual(new Set([0, dtype === 'F16' ? 1 + 2 ** -10 : 1 + 2 ** -7]));
  });

  test('may pad its vocabulary: the rows beyond the tokenizer are left out', () => {
    const { n_embd: C, vocab_size: V } = model.model;
    const padded = withTensors(files, (tensors) => {
      const data = new Float32Array((V + 3) * C).fill(9);
      data.set(tensors.get('transformer.wte.weight')!.data as Float32Array);
      return tensors.set('transformer.wte.weight', { dtype: 'F32', shape: [V + 3, C], data });
    });
    const read = importHuggingFace(withJson(padded, 'config.json', { vocab_size: V + 3 }));
    expect(read.model.vocab_size).toBe(V);
    same(read);
  });

  test('may have gone through transformers, which writes a template that adds nothing', () => {
    const single = [{ Sequence: { id: 'A', type_id: 0 } }];
    const post_processor = { type: 'TemplateProcessing', single, pair: single, special_tokens: {} };
    const read = importHuggingFace(withJson(files, 'tokenizer.json', { post_processor }));
    expect(read.tokenizer_json).toBeUndefined();
    same(read);
  });

  test.each([
    ['model_type is “llama”', { model_type: 'llama' }],
    ['activation_function is “silu”', { activation_function: 'silu' }],
    ['layer_norm_epsilon is “0.000001”', { layer_norm_epsilon: 1e-6 }],
    ['scale_attn_by_inverse_layer_idx is “true”', { scale_attn_by_inverse_layer_idx: true }],
    ['no sound n_layer', { n_layer: 1.5 }],
    ['not divisible by 5 heads', { n_head: 5 }],
    ['lacks transformer.h.2', { n_layer: 3 }],
    ['holds “transformer.h.1.', { n_layer: 1 }],
    ['wpe.weight is not F32, F16 or BF16 of shape [12, 12]', { n_positions: 12 }],
    ['its embedding only 33', { vocab_size: 33 }],
    ['lacks lm_head.weight', { tie_word_embeddings: false }],
  ])('is refused where it cannot be: %s', (words, change) => {
    expect(() => importHuggingFace(withJson(files, 'config.json', change))).toThrow(
      expect.objectContaining({ code: 'bad-model', message: expect.stringContaining(words) }),
    );
  });

  test('is refused where weights are not those that it was written with', () => {
    const { tensors, metadata } = readSafetensors(files.get('model.safetensors')!);
    const changed = new Map(tensors);
    const first = changed.get('transformer.wpe.weight')!;
    changed.set('transformer.wpe.weight', {
      ...first,
      data: (first.data as Float32Array).map((x) => x + 1),
    } as SafeTensor);
    const damaged = new Map([...files, ['model.safetensors', writeSafetensors(changed, metadata)] as const]);
    expect(() => importHuggingFace(damaged)).toThrow(/not those that it was written with/);
  });
});
