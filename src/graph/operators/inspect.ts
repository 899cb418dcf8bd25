import source from '../../../shaders/inspect.wgsl?raw';
import { InklingError } from '../../gpu/errors.ts';
import { type Constant, float } from '../../gpu/kernel.ts';
import { fold } from '../../gpu/recording.ts';
import type { Graph } from '../graph.ts';
import type { Tensor } from '../tensor.ts';

/** A kernel of inspect.wgsl: the other two are left out of the code. */
function kernel(entry: string, part: 'COPY' | 'PROBABILITIES' | 'SOFTMAX', sizes: Record<string, Constant>) {
  const parts = { COPY: false, PROBABILITIES: false, SOFTMAX: false, HALF: false, [part]: true };
  return { source, entry, constants: { ...parts, ...sizes } };
}

/** A copy of one sequence, inp[chosen], in f32. inp (B, ...) of f32 or f16; chosen (1) of u32, below B. Returns (...). */
export function sequenceOf(graph: Graph, inp: Tensor, chosen: Tensor): Tensor {
  const out = graph.tensor(`a sequence of ${inp.name}`, inp.shape.slice(1));
  graph.dispatch(
    kernel('copy_sequence', 'COPY', { SIZE: out.size, HALF: inp.dtype === 'f16' }),
    { chosen, inp, out },
    fold(Math.ceil(out.size / 64)),
  );
  return out;
}

/**
 * How much each token of one sequence attends to each that came before it. qkv (B, T, 3 C) as `attention` takes it;
 * chosen (1) of u32. Returns (NH, T, T): each row sums to one, and is zero behind its own token.
 */
export function attentionProbabilities(graph: Graph, qkv: Tensor, heads: number, chosen: Tensor): Tensor {
  const [, T, width] = qkv.shape as [number, number, number];
  const C = width / 3;
  const HS = C / heads;
  if (!Number.isInteger(HS)) {
    throw new InklingError('internal', `attention probabilities: ${qkv} does not split into ${heads} heads.`);
  }
  const out = graph.tensor(`probabilities of ${qkv.name}`, [heads, T, T]);
  graph.dispatch(
    kernel('attention_probabilities', 'PROBABILITIES', { T, C, NH: heads, HS, SCALE: float(1 / Math.sqrt(HS)) }),
    { chosen, qkv, out },
    fold(Math.ceil((heads * T) / 64)),
  );
  return out;
}

/** Probabilities over the last dimension of inp (..., V). Returns inp's shape. */
export function softmax(graph: Graph, inp: Tensor): Tensor {
  const V = inp.shape.at(-1)!;
  const N = inp.size / V;
  const out = graph.tensor(`probabilities of ${inp.name}`, inp.shape);
  graph.dispatch(kernel('softmax', 'SOFTMAX', { N, V }), { inp, out }, fold(Math.ceil(N / 64)));
  return out;
}
