import { LAYER_NORM_EPSILON } from '../../graph/operators/layer-norm.ts';
import type { Activation, GPTConfig } from '../../model/config.ts';
import { layoutOf } from '../../model/parameters.ts';
import { END_OF_TEXT } from '../../text/tokenizer.ts';
import { gpt2Tensors } from '../gpt2-tensors.ts';
import { encodeOnnx } from '../onnx.ts';
import { type PortableModel, requireWholeCharacters } from '../portable-model.ts';
import { checksum, type SafeTensor, writeSafetensors } from '../safetensors.ts';
import { characterTokenizerJson } from '../tokenizer-json.ts';
import { writeZip } from '../zip.ts';
import readme from './README.md?raw';
import nanoGPTScript from './to_nanogpt.py?raw';
import trainScript from './train.py?raw';

/** Hugging Face's names of the activations: `gelu_new` is the tanh form, `gelu` the one by erf. */
export const ACTIVATION_FUNCTION: Record<Activation, string> = {
  gelu_tanh: 'gelu_new',
  gelu: 'gelu',
  relu: 'relu',
};

/** The key of `__metadata__` under which the weights and the vocabulary are vouched for. */
export const CHECKSUM = 'inkling_checksum';

/** Protocol Buffers, and so ONNX files, end at 2 GiB. */
const MOST_ONNX = 2 ** 31 - 2 ** 20;

function json(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}

function configJson({ model: config, vocabulary, documents }: PortableModel): Uint8Array<ArrayBuffer> {
  const end = vocabulary.indexOf(END_OF_TEXT);
  return json({
    architectures: ['GPT2LMHeadModel'],
    model_type: 'gpt2',
    activation_function: ACTIVATION_FUNCTION[config.activation],
    attn_pdrop: 0,
    // nanoGPT's word: without biases, those in the file are zero
    bias: config.bias,
    bos_token_id: end,
    ...(documents && { documents }),
    embd_pdrop: 0,
    eos_token_id: end,
    initializer_range: 0.02,
    layer_norm_epsilon: LAYER_NORM_EPSILON,
    n_embd: config.n_embd,
    n_head: config.n_head,
    n_inner: config.n_inner,
    n_layer: config.n_layer,
    n_positions: config.block_size,
    reorder_and_upcast_attn: false,
    resid_pdrop: 0,
    scale_attn_by_inverse_layer_idx: false,
    scale_attn_weights: true,
    tie_word_embeddings: config.tied,
    dtype: 'float32',
    torch_dtype: 'float32',
    'transformers.js_config': { dtype: 'fp32' },
    use_cache: true,
    vocab_size: config.vocab_size,
  });
}

function weights(model: PortableModel): Uint8Array<ArrayBuffer> {
  const tensors = new Map<string, SafeTensor>();
  for (const [name, { shape, data }] of gpt2Tensors(model)) tensors.set(name, { dtype: 'F32', shape, data });
  return writeSafetensors(tensors, { format: 'pt', [CHECKSUM]: checksum(tensors, model.vocabulary) });
}

function describe({ model: config }: PortableModel): string {
  const { n_layer, n_head, n_embd, block_size, vocab_size } = config;
  const parameters = layoutOf(config).count.toLocaleString('en-US');
  return `${n_layer} layers, ${n_head} heads, width ${n_embd}, context ${block_size}, ${vocab_size} tokens, ${parameters} parameters`;
}

/** What stands between this model and nanoGPT, for the README. */
function aboutNanoGPT({ activation, tied, n_inner, n_embd }: GPTConfig): string {
  if (!tied)
    return 'This model’s head is not tied to its embedding, which nanoGPT has no way to say: the script says so.';
  if (n_inner !== 4 * n_embd) return 'This model’s hidden layers are not four times its width: the script says so.';
  if (activation === 'relu') return 'This model has ReLU, which nanoGPT has not: the script says so.';
  if (activation === 'gelu') return '';
  return "This model has the tanh form of GELU:\nin nanoGPT’s `model.py`, write `nn.GELU(approximate='tanh')` where it says `nn.GELU()`.";
}

function readmeOf(model: PortableModel): Uint8Array<ArrayBuffer> {
  const words: Record<string, string> = {
    SUMMARY: describe(model),
    PROMPT: 'The ',
    CONTEXT: String(model.model.block_size),
    NANOGPT: aboutNanoGPT(model.model),
  };
  return new TextEncoder().encode(readme.replace(/\b(SUMMARY|PROMPT|CONTEXT|NANOGPT)\b/g, (word) => words[word]!));
}

/**
 * The files of a Hugging Face folder, by their paths in it: weights, configuration and tokenizer of a GPT2LMHeadModel, the
 * same model as ONNX, and how to go on with it.
 *
 * Throws `not-expressible`.
 */
export function huggingFaceFiles(model: PortableModel): Map<string, Uint8Array<ArrayBuffer>> {
  requireWholeCharacters('A Hugging Face tokenizer', model);
  const end = model.vocabulary.indexOf(END_OF_TEXT);
  const onnx = model.parameters.byteLength < MOST_ONNX ? encodeOnnx(model) : undefined;
  const utf8 = (text: string) => new TextEncoder().encode(text);
  const files: [string, Uint8Array<ArrayBuffer> | undefined][] = [
    ['README.md', readmeOf(model)],
    ['config.json', configJson(model)],
    [
      'generation_config.json',
      json({
        bos_token_id: end,
        eos_token_id: end,
        pad_token_id: end,
        max_length: model.model.block_size,
      }),
    ],
    ['tokenizer.json', utf8(model.tokenizer_json ?? characterTokenizerJson(model.vocabulary))],
    [
      'tokenizer_config.json',
      json({
        tokenizer_class: 'PreTrainedTokenizerFast',
        bos_token: END_OF_TEXT,
        eos_token: END_OF_TEXT,
        clean_up_tokenization_spaces: false,
        // without it, older tokenizers give token types too, and GPT-2 would add an embedding for them
        model_input_names: ['input_ids', 'attention_mask'],
        model_max_length: model.model.block_size,
      }),
    ],
    ['train.py', utf8(trainScript)],
    ['to_nanogpt.py', utf8(nanoGPTScript)],
    ['model.safetensors', weights(model)],
    ['onnx/model.onnx', onnx],
  ];
  return new Map(files.filter((file): file is [string, Uint8Array<ArrayBuffer>] => file[1] !== undefined));
}

/** The same as a ZIP archive. */
export function encodeHuggingFace(model: PortableModel): Uint8Array<ArrayBuffer> {
  return writeZip(huggingFaceFiles(model));
}
