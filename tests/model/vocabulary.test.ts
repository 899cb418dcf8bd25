import { describe, expect, test } from 'vitest';
import type { GPTConfig } from '../../src/model/config.ts';
import { layoutOf } from '../../src/model/parameters.ts';
import { changeVocabulary } from '../../src/model/vocabulary.ts';
import { Random } from '../reference/arrays.ts';
import { gpt, type Tensors } from '../reference/gpt.ts';

const BEFORE = ['a', 'b', 'c', 'd', '<|endoftext|>'];
const AFTER = ['a', 'b', 'c', 'd', 'x', 'y', '<|endoftext|>'];

const config = (tied: boolean): GPTConfig => ({
  vocab_size: BEFORE.length,
  block_size: 7,
  n_layer: 2,
  n_head: 3,
  n_embd: 15,
  n_inner: 22,
  bias: true,
  tied,
  activation: 'gelu',
});

/** Random weights in the layout of a model. */
function weightsOf(model: GPTConfig): Float32Array<ArrayBuffer> {
  const flat = new Float32Array(layoutOf(model).bytes / 4);
  const random = new Random(3);
  for (const { offset, size } of layoutOf(model).slots.values()) flat.set(random.normals(size, 0.3), offset / 4);
  return flat;
}

function tensorsOf(model: GPTConfig, flat: Float32Array): Map<string, Float32Array> {
  const slots = [...layoutOf(model).slots.values()];
  return new Map(slots.map(({ name, offset, size }) => [name, flat.subarray(offset / 4, offset / 4 + size)]));
}

const inFloat64 = (tensors: Map<string, Float32Array>): Tensors =>
  new Map([...tensors].map(([name, data]) => [name, Float64Array.from(data)]));

describe.each([true, false])('a vocabulary that grows, with a tied head: %s', (tied) => {
  const model = config(tied);
  const grown = { ...model, vocab_size: AFTER.length };
  const flat = weightsOf(model);
  const changed = changeVocabulary(model, flat, BEFORE, AFTER, 11);
  const [before, after] = [tensorsOf(model, flat), tensorsOf(grown, changed)];
  const C = model.n_embd;
  const byToken = tied ? ['transformer.wte.weight'] : ['transformer.wte.weight', 'lm_head.weight'];

  test('the rows of old tokens follow them, and all other tensors stay, bit for bit', () => {
    expect([...after.keys()]).toEqual([...before.keys()]);
    for (const [name, data] of before) {
      if (!byToken.includes(name)) {
        expect(after.get(name), name).toEqual(data);
        continue;
      }
      BEFORE.forEach((token, old) => {
        const id = AFTER.indexOf(token);
        expect(after.get(name)!.subarray(id * C, (id + 1) * C), `${name} of ${token}`).toEqual(
          data.subarray(old * C, (old + 1) * C),
        );
      });
    }
  });

  test('the logits of old tokens are what they were', () => {
    const random = new Random(8);
    const old = random.tokens(2 * 7, BEFORE.length);
    const renamed = old.map((id) => AFTER.indexOf(BEFORE[id]!));
    const was = gpt(model, inFloat64(before), old, old, 2, false).logits;
    const is = gpt(grown, inFloat64(after), renamed, renamed, 2, false).logits;
    for (let position = 0; position < old.length; position++) {
      BEFORE.forEach((token, id) => {
        const now = is[position * AFTER.length + AFTER.indexOf(token)];
        expect(now).toBe(was[position * BEFORE.length + id]);
      });
    }
  });

  test('new rows start as embeddings do, the same for the same seed only, and not as each other', () => {
    const rows = (flat: Float32Array) =>
      byToken.flatMap((name) => {
        const table = tensorsOf(grown, flat).get(name)!;
        return [4, 5].map((id) => [...table.subarray(id * C, (id + 1) * C)]);
      });
    const all = rows(changed).flat();
    const rms = Math.sqrt(all.reduce((sum, x) => sum + x * x, 0) / all.length);
    expect(rms).toBeGreaterThan(0.013);
    expect(rms).toBeLessThan(0.027);
    expect(new Set(rows(changed).map(String)).size).toBe(2 * byToken.length);
    expect(changeVocabulary(model, flat, BEFORE, AFTER, 11)).toEqual(changed);
    const other = rows(changeVocabulary(model, flat, BEFORE, AFTER, 12));
    expect(other.flat().filter((x, i) => x === all[i])).toEqual([]);
  });
});

test('an unchanged vocabulary changes no bit', () => {
  const flat = weightsOf(config(false));
  expect(changeVocabulary(config(false), flat, BEFORE, BEFORE, 1)).toEqual(flat);
});
