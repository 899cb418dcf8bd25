import type { GPTConfig } from './config.ts';
import { layoutOf } from './parameters.ts';
import { Random } from './random.ts';

/** Tensors that have a row for each token. A tied head is the first of them. */
const BY_TOKEN: readonly string[] = ['transformer.wte.weight', 'lm_head.weight'];

/** As every other embedding starts: see `parameterTable`. */
const STD = 0.02;
/** Streams of the seed that new rows draw from; initialisation takes the low numbers. */
const STREAM = 0x10000;

/**
 * The weights of a model whose vocabulary has changed: a token's rows follow it to its new id, bit for bit, a new token's
 * are drawn from N(0, 0.02²) by the seed, and everything else is as it was. The logits of tokens in both vocabularies
 * stay the same for contexts of such tokens.
 *
 * `flat` and the result are laid out by `layoutOf` for the old and the new vocabulary; `config.vocab_size` is the old one.
 */
export function changeVocabulary(
  config: GPTConfig,
  flat: Float32Array,
  before: readonly string[],
  after: readonly string[],
  seed: number,
): Float32Array<ArrayBuffer> {
  const C = config.n_embd;
  const from = layoutOf(config);
  const to = layoutOf({ ...config, vocab_size: after.length });
  const idBefore = new Map(before.map((token, id) => [token, id]));
  const changed = new Float32Array(to.bytes / 4);
  for (const { name, offset, size } of to.slots.values()) {
    const source = from.slot(name).offset / 4;
    if (!BY_TOKEN.includes(name)) {
      changed.set(flat.subarray(source, source + size), offset / 4);
      continue;
    }
    const random = new Random(seed, STREAM + BY_TOKEN.indexOf(name));
    after.forEach((token, id) => {
      const old = idBefore.get(token);
      const row = changed.subarray(offset / 4 + id * C, offset / 4 + (id + 1) * C);
      if (old === undefined) {
        for (let i = 0; i < C; i++) row[i] = STD * random.normal();
      } else {
        row.set(flat.subarray(source + old * C, source + (old + 1) * C));
      }
    });
  }
  return changed;
}
