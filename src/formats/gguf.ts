import { LAYER_NORM_EPSILON } from '../graph/operators/layer-norm.ts';
import { END_OF_TEXT } from '../text/tokenizer.ts';
import { cannotExpress, type PortableModel, requireWholeCharacters, tensorOf } from './portable-model.ts';
import { parseTokenizerJson } from './tokenizer-json.ts';

/** https://github.com/ggml-org/ggml/blob/master/docs/gguf.md */
const MAGIC = 0x46554747; // "GGUF"
const VERSION = 3;
const ALIGNMENT = 32;
const F32 = 0;

/** Types of metadata values. */
const UINT32 = 4;
const INT32 = 5;
const FLOAT32 = 6;
const BOOL = 7;
const STRING = 8;
const ARRAY = 9;

const NORMAL_TOKEN = 1;
const CONTROL_TOKEN = 3;

/** Puts bytes one after another, numbers little-endian. */
class Writer {
  readonly #parts: Uint8Array[] = [];
  length = 0;

  bytes(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    this.length += bytes.length;
    return this;
  }

  u32(value: number): this {
    return this.bytes(new Uint8Array(Uint32Array.of(value).buffer));
  }

  u64(value: number): this {
    return this.bytes(new Uint8Array(BigUint64Array.of(BigInt(value)).buffer));
  }

  string(value: string): this {
    const bytes = new TextEncoder().encode(value);
    return this.u64(bytes.length).bytes(bytes);
  }

  align(): this {
    return this.bytes(new Uint8Array((ALIGNMENT - (this.length % ALIGNMENT)) % ALIGNMENT));
  }

  join(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}

type Value =
  | { type: typeof UINT32 | typeof FLOAT32 | typeof BOOL; value: number }
  | { type: typeof STRING; value: string }
  | { type: typeof ARRAY; of: typeof STRING; value: readonly string[] }
  | { type: typeof ARRAY; of: typeof INT32; value: readonly number[] };

function writeValue(writer: Writer, entry: Value): void {
  writer.u32(entry.type);
  if (entry.type === ARRAY) {
    writer.u32(entry.of).u64(entry.value.length);
    if (entry.of === STRING) for (const item of entry.value) writer.string(item);
    else writer.bytes(new Uint8Array(Int32Array.from(entry.value).buffer));
  } else if (entry.type === STRING) writer.string(entry.value);
  else if (entry.type === BOOL) writer.bytes(Uint8Array.of(entry.value));
  else if (entry.type === FLOAT32) writer.bytes(new Uint8Array(Float32Array.of(entry.value).buffer));
  else writer.u32(entry.value);
}

/** GPT-2's spelling of bytes: printable ones as themselves, the others as the characters from U+0100 on, in order. */
const BYTE_LETTERS: readonly string[] = (() => {
  const printable = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
})();

function byteLetters(text: string): string[] {
  return Array.from(new TextEncoder().encode(text), (byte) => BYTE_LETTERS[byte]!);
}

/** The tokens in GPT-2's spelling, and the merges that make each character of its bytes, which arrive one by one. */
function characterTokens(vocabulary: readonly string[]): { tokens: string[]; merges: string[] } {
  const merges = new Set<string>();
  const tokens = vocabulary.map((token, id) => {
    if (id === vocabulary.length - 1) return token; // <|endoftext|>
    const letters = byteLetters(token);
    for (let i = 1; i < letters.length; i++) merges.add(`${letters.slice(0, i).join('')} ${letters[i]}`);
    return letters.join('');
  });
  return { tokens, merges: [...merges] };
}

function tokensOf({ vocabulary, tokenizer_json }: PortableModel): { tokens: string[]; merges: string[] } {
  if (tokenizer_json === undefined) return characterTokens(vocabulary);
  const { merges } = parseTokenizerJson(new TextEncoder().encode(tokenizer_json));
  return { tokens: [...vocabulary], merges: merges.map((pair) => pair.join(' ')) };
}

function metadata(model: PortableModel, name: string): [key: string, value: Value][] {
  const { model: config, vocabulary } = model;
  const count = (value: number): Value => ({ type: UINT32, value });
  const { tokens, merges } = tokensOf(model);
  const end = vocabulary.indexOf(END_OF_TEXT);
  return [
    ['general.architecture', { type: STRING, value: 'gpt2' }],
    ['general.name', { type: STRING, value: name }],
    ['general.alignment', count(ALIGNMENT)],
    ['general.file_type', count(F32)],
    ['gpt2.context_length', count(config.block_size)],
    ['gpt2.embedding_length', count(config.n_embd)],
    ['gpt2.block_count', count(config.n_layer)],
    ['gpt2.feed_forward_length', count(config.n_inner)],
    ['gpt2.attention.head_count', count(config.n_head)],
    ['gpt2.attention.layer_norm_epsilon', { type: FLOAT32, value: LAYER_NORM_EPSILON }],
    ['tokenizer.ggml.model', { type: STRING, value: 'gpt2' }],
    ['tokenizer.ggml.pre', { type: STRING, value: 'gpt-2' }],
    ['tokenizer.ggml.tokens', { type: ARRAY, of: STRING, value: tokens }],
    [
      'tokenizer.ggml.token_type',
      { type: ARRAY, of: INT32, value: tokens.map((_, id) => (id === end ? CONTROL_TOKEN : NORMAL_TOKEN)) },
    ],
    ['tokenizer.ggml.merges', { type: ARRAY, of: STRING, value: merges }],
    ['tokenizer.ggml.bos_token_id', count(end)],
    ['tokenizer.ggml.eos_token_id', count(end)],
    ['tokenizer.ggml.add_bos_token', { type: BOOL, value: 0 }],
  ];
}

interface Tensor {
  name: string;
  /** Row-major; the file has it reversed. */
  shape: readonly number[];
  data: Float32Array;
}

function tensors(model: PortableModel): Tensor[] {
  const { vocab_size: V, block_size: T, n_embd: C, n_inner: H, n_layer, tied } = model.model;
  const find = tensorOf(model);
  const list: Tensor[] = [];
  const add = (name: string, ours: string, ...shape: number[]) => {
    const size = shape.reduce((product, length) => product * length, 1);
    list.push({ name, shape, data: find(ours) ?? new Float32Array(size) });
  };
  const both = (name: string, ours: string, ...shape: number[]) => {
    add(`${name}.weight`, `${ours}.weight`, ...shape);
    add(`${name}.bias`, `${ours}.bias`, shape[0]!);
  };
  add('token_embd.weight', 'transformer.wte.weight', V, C);
  add('position_embd.weight', 'transformer.wpe.weight', T, C);
  for (let layer = 0; layer < n_layer; layer++) {
    const [block, ours] = [`blk.${layer}`, `transformer.h.${layer}`];
    both(`${block}.attn_norm`, `${ours}.ln_1`, C);
    both(`${block}.attn_qkv`, `${ours}.attn.c_attn`, 3 * C, C);
    both(`${block}.attn_output`, `${ours}.attn.c_proj`, C, C);
    both(`${block}.ffn_norm`, `${ours}.ln_2`, C);
    both(`${block}.ffn_up`, `${ours}.mlp.c_fc`, H, C);
    both(`${block}.ffn_down`, `${ours}.mlp.c_proj`, C, H);
  }
  both('output_norm', 'transformer.ln_f', C);
  if (!tied) add('output.weight', 'lm_head.weight', V, C);
  return list;
}

function requireGGUF({ model: config, vocabulary }: PortableModel): void {
  if (!vocabulary.includes(END_OF_TEXT)) {
    cannotExpress('GGUF’s gpt2 architecture', 'no token ends a text', 'Take the Hugging Face format.');
  }
  if (config.activation !== 'gelu_tanh') {
    const name = config.activation === 'gelu' ? 'the GELU is the exact one, by erf' : 'the activation is ReLU';
    cannotExpress(
      'GGUF’s gpt2 architecture',
      name,
      'Take the Hugging Face format, or train a model with the tanh form of GELU.',
    );
  }
}

/**
 * A model as a GGUF v3 file of architecture gpt2, in F32, as llama.cpp reads it. A bias that the model lacks is zero.
 *
 * Throws `not-expressible`: llama.cpp's GPT-2 knows the tanh form of GELU only.
 */
export function encodeGGUF(model: PortableModel, name = 'Inkling'): Uint8Array<ArrayBuffer> {
  requireGGUF(model);
  requireWholeCharacters('GGUF', model);
  const entries = metadata(model, name);
  const list = tensors(model);
  const file = new Writer().u32(MAGIC).u32(VERSION).u64(list.length).u64(entries.length);
  for (const [key, value] of entries) {
    file.string(key);
    writeValue(file, value);
  }
  let offset = 0;
  for (const { name: tensorName, shape, data } of list) {
    file.string(tensorName).u32(shape.length);
    for (const size of [...shape].reverse()) file.u64(size);
    file.u32(F32).u64(offset);
    offset += Math.ceil(data.byteLength / ALIGNMENT) * ALIGNMENT;
  }
  file.align();
  for (const { data } of list) file.bytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)).align();
  return file.join();
}
