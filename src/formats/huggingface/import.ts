import { InklingError } from '../../gpu/errors.ts';
import { LAYER_NORM_EPSILON } from '../../graph/operators/layer-norm.ts';
import { ACTIVATIONS, type Activation, checkRunConfig, type GPTConfig, preset } from '../../model/config.ts';
import { layoutOf } from '../../model/parameters.ts';
import { tokenizerOf } from '../../text/byte-pair.ts';
import { type GPT2Row, gpt2Table } from '../gpt2-tensors.ts';
import { parseObject, quote } from '../json.ts';
import { type PortableModel, transpose } from '../portable-model.ts';
import { checksum, readSafetensors, type SafeTensor, toF32 } from '../safetensors.ts';
import { parseTokenizerJson } from '../tokenizer-json.ts';
import { ACTIVATION_FUNCTION, CHECKSUM } from './export.ts';

/** The files that make a model. */
export const MODEL_FILES = ['config.json', 'model.safetensors', 'tokenizer.json'] as const;

/** Other names of the tanh form that occur. */
const TANH_FORMS = ['gelu_new', 'gelu_pytorch_tanh', 'gelu_fast', 'gelu_accurate'];

/** Buffers, not weights, in older files: the causal mask and what it masks with. */
const MASK = /^h\.\d+\.attn\.(bias|masked_bias)$/;

function refuse(message: string): never {
  throw new InklingError(
    'bad-model',
    message,
    'Take a folder or ZIP with the config.json, model.safetensors and tokenizer.json of a GPT-2.',
  );
}

function activationOf(name: unknown): Activation {
  const form = TANH_FORMS.includes(name as string) ? 'gelu_new' : name;
  const found = ACTIVATIONS.find((activation) => ACTIVATION_FUNCTION[activation] === form);
  return found ?? refuse(`Its activation_function is ${quote(String(name))}, which is not known here.`);
}

/** Throws `bad-model`, naming the option that is in the way. */
function parseConfig(bytes: Uint8Array): { config: GPTConfig; bias: boolean; documents: boolean } {
  let json: Record<string, unknown>;
  try {
    json = parseObject(bytes);
  } catch (error) {
    refuse(`Its config.json ${(error as Error).message}.`);
  }
  if (json.model_type !== 'gpt2') refuse(`Its model_type is ${quote(String(json.model_type))}, not “gpt2”.`);
  const required: [key: string, value: unknown, fallback: unknown][] = [
    ['layer_norm_epsilon', LAYER_NORM_EPSILON, LAYER_NORM_EPSILON],
    ['scale_attn_weights', true, true],
    ['scale_attn_by_inverse_layer_idx', false, false],
    ['add_cross_attention', false, false],
  ];
  for (const [key, value, fallback] of required) {
    if ((json[key] ?? fallback) !== value)
      refuse(`Its ${key} is ${quote(String(json[key]))}; only ${value} is known here.`);
  }
  const count = (key: string) => {
    const value = json[key];
    if (!Number.isSafeInteger(value) || (value as number) < 1) refuse(`Its config.json has no sound ${key}.`);
    return value as number;
  };
  const flag = (key: string) => {
    const value = json[key] ?? true;
    if (typeof value !== 'boolean') refuse(`Its ${key} is neither true nor false.`);
    return value;
  };
  const n_embd = count('n_embd');
  const config: GPTConfig = {
    vocab_size: count('vocab_size'),
    block_size: count('n_positions'),
    n_layer: count('n_layer'),
    n_head: count('n_head'),
    n_embd,
    n_inner: json.n_inner == null ? 4 * n_embd : count('n_inner'),
    bias: true,
    tied: flag('tie_word_embeddings'),
    activation: activationOf(json.activation_function ?? 'gelu_new'),
  };
  try {
    checkRunConfig({ model: config, training: preset('tiny').training });
  } catch (error) {
    refuse(`Its configuration is not one that is known here: ${(error as Error).message}`);
  }
  return { config, bias: flag('bias'), documents: json.documents === true };
}

/** The tensors by their names in GPT2LMHeadModel, whether or not the file has its prefix. */
function named(tensors: ReadonlyMap<string, SafeTensor>, config: GPTConfig): Map<string, SafeTensor> {
  const found = new Map<string, SafeTensor>();
  for (const [given, tensor] of tensors) {
    const short = given.startsWith('transformer.') ? given.slice('transformer.'.length) : given;
    if (MASK.test(short)) continue;
    const name = given === 'lm_head.weight' ? given : `transformer.${short}`;
    if (found.has(name)) refuse(`Its model.safetensors holds ${quote(name)} twice.`);
    found.set(name, tensor);
  }
  const head = found.get('lm_head.weight');
  if (config.tied && head) {
    const wte = found.get('transformer.wte.weight');
    if (wte?.dtype !== head.dtype || String(wte.shape) !== String(head.shape) || !equal(wte.data, head.data)) {
      refuse('Its lm_head.weight is not its embedding, although its config.json ties the two.');
    }
    found.delete('lm_head.weight');
  }
  return found;
}

function equal(a: SafeTensor['data'], b: SafeTensor['data']): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

/** One tensor in our order, with no more than `size` elements: rows that only pad the vocabulary come last. */
function read({ name, shape, transposed }: GPT2Row, tensor: SafeTensor | undefined): Float32Array<ArrayBuffer> {
  if (!tensor) refuse(`Its model.safetensors lacks ${name}.`);
  const data = toF32(tensor);
  if (!data || String(tensor.shape) !== String(shape)) {
    refuse(`In its model.safetensors, ${name} is not F32, F16 or BF16 of shape [${shape.join(', ')}].`);
  }
  return transposed ? transpose(data, shape[0]!, shape[1]!) : data;
}

/**
 * A GPT-2 of Hugging Face, by the files of its folder: weights in F32, F16 or BF16, with or without the prefix of their
 * names. Rows of the embedding beyond the tokenizer's vocabulary are left out.
 *
 * Throws `bad-model`, `bad-safetensors` or `bad-tokenizer`, in words about the file.
 */
export function importHuggingFace(files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>): PortableModel {
  const [configFile, weightsFile, tokenizerFile] = MODEL_FILES.map(
    (name) => files.get(name) ?? refuse(`It holds no ${name}.`),
  ) as [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>];
  const { config: stated, bias, documents } = parseConfig(configFile);
  const { vocabulary, characters } = parseTokenizerJson(tokenizerFile);
  if (vocabulary.length > stated.vocab_size) {
    refuse(`Its tokenizer has ${vocabulary.length} tokens, and its embedding only ${stated.vocab_size}.`);
  }
  const { tensors, metadata } = readSafetensors(weightsFile);
  const vouched = metadata[CHECKSUM];
  if (vouched !== undefined && vouched !== checksum(tensors, vocabulary)) {
    refuse('Its weights or its vocabulary are not those that it was written with.');
  }
  const found = named(tensors, stated);
  const table = gpt2Table(stated);
  const expected = new Set(table.map(({ name }) => name));
  for (const name of found.keys())
    if (!expected.has(name)) refuse(`Its model.safetensors holds ${quote(name)}, which no GPT-2 has.`);

  const values = new Map(table.map((row) => [row.name, read(row, found.get(row.name))]));
  const zero = (name: string) => !name.endsWith('.bias') || values.get(name)!.every((value) => value === 0);
  const model = { ...stated, vocab_size: vocabulary.length, bias: bias || ![...values.keys()].every(zero) };
  const layout = layoutOf(model);
  const parameters = new Float32Array(layout.bytes / 4);
  for (const { name, offset, size } of layout.slots.values()) {
    parameters.set(values.get(name)!.subarray(0, size), offset / 4);
  }
  const tokenizer_json = characters ? undefined : new TextDecoder().decode(tokenizerFile);
  tokenizerOf(vocabulary, tokenizer_json); // throws what is wrong with it
  return { model, vocabulary, tokenizer_json, ...(documents && { documents }), parameters };
}

/** The files of the one model in an archive, by their names without the folder that they lie in. Throws `bad-model`. */
export function modelFiles(files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>): Map<string, Uint8Array<ArrayBuffer>> {
  const places = [...files.keys()].filter((name) => /(^|\/)config\.json$/.test(name));
  if (places.length !== 1) refuse(`The archive holds ${places.length === 0 ? 'no' : 'more than one'} config.json.`);
  const folder = places[0]!.slice(0, -'config.json'.length);
  return new Map(MODEL_FILES.flatMap((name) => (files.has(folder + name) ? [[name, files.get(folder + name)!]] : [])));
}
