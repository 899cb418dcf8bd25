import type { PortableModel } from '../../src/formats/portable-model.ts';
import type { GPTConfig } from '../../src/model/config.ts';
import { layoutOf } from '../../src/model/parameters.ts';
import { CharacterTokenizer } from '../../src/text/tokenizer.ts';
import { Random } from '../reference/arrays.ts';
import { gpt, type Tensors } from '../reference/gpt.ts';

/** Characters that files get wrong: controls, quotes, accents, marks, other scripts, and some of two code units. */
export const AWKWARD = '\t\n "\\aAzZ09#▁Ġ.,éß\u0301\u00ad你好墨日本語مر😀👍🏽𝔸\u2028';

/** A small model of random weights over `text`'s characters, nothing of it at a special value. */
export function randomModel(
  options: Partial<Omit<GPTConfig, 'vocab_size'>> = {},
  text = AWKWARD,
  seed = 1,
): PortableModel {
  const { vocabulary, vocab_size } = CharacterTokenizer.from(text);
  const model: GPTConfig = {
    n_layer: 2,
    n_head: 2,
    n_embd: 12,
    n_inner: 20,
    block_size: 11,
    bias: true,
    tied: true,
    activation: 'gelu_tanh',
    ...options,
    vocab_size,
  };
  const random = new Random(seed);
  const layout = layoutOf(model);
  const parameters = new Float32Array(layout.bytes / 4);
  for (const { name, offset, size } of layout.slots.values()) {
    parameters.set(random.normals(size, 0.3, /ln_\w+\.weight$/.test(name) ? 1 : 0), offset / 4);
  }
  return { model, vocabulary, parameters };
}

/** The float64 reference's logits of one sequence. */
export function referenceLogits({ model, parameters }: PortableModel, ids: readonly number[]): Float64Array {
  const tensors: Tensors = new Map();
  for (const { name, offset, size } of layoutOf(model).slots.values()) {
    tensors.set(name, Float64Array.from(parameters.subarray(offset / 4, offset / 4 + size)));
  }
  return gpt(model, tensors, ids, ids, 1, false).logits;
}

/** A byte-level tokenizer as GPT-2's, with a handful of merges. */
export function bytePairJson(): { json: string; vocabulary: string[] } {
  const printable = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  let next = 256;
  const letters = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
  const merges = ['t h', 'i n', 'th e', 'Ġ the', 'in g', 'th ing', 'Ġ in', 'Ã ©'].map((pair) => pair.split(' '));
  const vocabulary = [...letters, ...merges.map((pair) => pair.join('')), '<|endoftext|>'];
  const level = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const end = vocabulary.length - 1;
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const json = JSON.stringify({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [{ id: end, content: '<|endoftext|>', ...flags }],
    normalizer: null,
    pre_tokenizer: level,
    post_processor: level,
    decoder: level,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
      merges: merges.map((pair) => pair.join(' ')),
    },
  });
  return { json, vocabulary };
}

/** A small model of random weights over that tokenizer. */
export function bytePairModel(): PortableModel {
  const { json, vocabulary } = bytePairJson();
  const letters = vocabulary.slice(0, -1).map((_, id) => String.fromCodePoint(0x4e00 + id));
  const { model, parameters } = randomModel({ n_layer: 1 }, letters.join(''));
  return { model, vocabulary, tokenizer_json: json, parameters };
}
