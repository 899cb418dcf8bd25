import { describe, expect, test } from 'vitest';
import { encodeGGUF } from '../../src/formats/gguf.ts';
import { tensorOf } from '../../src/formats/portable-model.ts';
import { randomModel } from './models.ts';

/** A reader of just what is written here, by the published layout; clients/ has the real ones. */
function read(bytes: Uint8Array<ArrayBuffer>) {
  const data = new DataView(bytes.buffer);
  let at = 0;
  /** Where the next bytes begin, which are then behind. */
  const take = (length: number) => {
    at += length;
    return at - length;
  };
  const u32 = () => data.getUint32(take(4), true);
  const u64 = () => Number(data.getBigUint64(take(8), true));
  const string = () => {
    const length = u64();
    const begin = take(length);
    return new TextDecoder().decode(bytes.subarray(begin, begin + length));
  };
  const value = (type: number): unknown => {
    if (type === 4) return u32();
    if (type === 5) return u32() | 0;
    if (type === 6) return data.getFloat32(take(4), true);
    if (type === 7) return bytes[take(1)] === 1;
    if (type === 8) return string();
    const of = u32();
    return Array.from({ length: u64() }, () => value(of));
  };
  expect([u32(), u32()]).toEqual([0x46554747, 3]);
  const [tensorCount, keyCount] = [u64(), u64()];
  const metadata = Object.fromEntries(Array.from({ length: keyCount }, () => [string(), value(u32())]));
  const infos = Array.from({ length: tensorCount }, () => {
    const name = string();
    const shape = Array.from({ length: u32() }, u64);
    expect(u32()).toBe(0);
    return { name, shape, offset: u64() };
  });
  const start = Math.ceil(at / 32) * 32;
  const tensors = new Map(
    infos.map(({ name, shape, offset }) => {
      expect(offset % 32).toBe(0);
      const size = shape.reduce((product, length) => product * length, 1);
      return [name, { shape, data: new Float32Array(bytes.buffer, start + offset, size) }] as const;
    }),
  );
  return { metadata, tensors };
}

describe('a GGUF file', () => {
  test('holds the weights as they are, (out, in) with the dimensions reversed, and zeros for biases there are none of', () => {
    const model = randomModel({ bias: false, tied: false });
    const { tensors } = read(encodeGGUF(model));
    const ours = tensorOf(model);
    const fc = tensors.get('blk.1.ffn_up.weight')!;
    expect(fc.shape).toEqual([12, 20]);
    expect(fc.data).toEqual(ours('transformer.h.1.mlp.c_fc.weight'));
    expect(tensors.get('output.weight')!.data).toEqual(ours('lm_head.weight'));
    expect(tensors.get('blk.0.attn_qkv.bias')!.data).toEqual(new Float32Array(36));
    expect(read(encodeGGUF(randomModel())).tensors.has('output.weight')).toBe(false);
  });

  test('spells characters in GPT-2’s bytes, with a chain of merges for each of several', () => {
    const { metadata } = read(encodeGGUF(randomModel({}, 'a \né你😀')));
    expect(metadata['tokenizer.ggml.tokens']).toEqual(['Ċ', 'Ġ', 'a', 'Ã©', 'ä½ł', 'ðŁĺĢ', '<|endoftext|>']);
    expect(metadata['tokenizer.ggml.merges']).toEqual(['Ã ©', 'ä ½', 'ä½ ł', 'ð Ł', 'ðŁ ĺ', 'ðŁĺ Ģ']);
    expect(metadata['tokenizer.ggml.token_type']).toEqual([1, 1, 1, 1, 1, 1, 3]);
    expect(metadata).toMatchObject({ 'tokenizer.ggml.eos_token_id': 6, 'tokenizer.ggml.add_bos_token': false });
  });

  test.each([
    ['by erf', { activation: 'gelu' }],
    ['ReLU', { activation: 'relu' }],
  ] as const)('cannot say that the activation is %s, and names it', (words, options) => {
    expect(() => encodeGGUF(randomModel(options))).toThrow(
      expect.objectContaining({ code: 'not-expressible', message: expect.stringContaining(words) }),
    );
  });
});
