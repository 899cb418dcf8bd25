import source from '../../../shaders/dropout.wgsl?raw';
import maskSource from '../../../shaders/mask.wgsl?raw';
import randomSource from '../../../shaders/random.wgsl?raw';
import { type Constant, float } from '../../gpu/kernel.ts';
import { fold } from '../../gpu/recording.ts';
import type { Graph } from '../graph.ts';
import type { Tensor } from '../tensor.ts';

/** One place that drops. */
export interface Dropout {
  /** Share of the elements that become zero, from 0 on and below 1. */
  rate: number;
  /** Tells the masks of this place from all others of the step. */
  site: number;
  /** The step and the seed, [2] of u32: what the masks are a hash of. */
  progress: Tensor;
}

/** What a shader needs in front of it, among its constants and among its bindings to call `mask`. */
export function masked(
  source: string,
  { rate, site, progress }: Dropout,
): { source: string; constants: Record<string, Constant>; bindings: Record<string, Tensor> } {
  return {
    source: randomSource + maskSource + source,
    constants: { SITE: site, DROPOUT: float(rate), DROPPED_BELOW: Math.round(rate * 2 ** 32) },
    bindings: { progress },
  };
}

/** Dropout of inp (..., C), with `residual` of the same shape added to what is left. Returns inp's shape. */
export function dropout(graph: Graph, inp: Tensor, place: Dropout, residual?: Tensor): Tensor {
  const out = graph.tensor(`dropout ${place.site}`, inp.shape);
  const apply = (from: Tensor, to: Tensor, accumulate: boolean, plus?: Tensor) => {
    const kernel = masked(source, place);
    const C = inp.shape.at(-1)!;
    const VEC4 = C % 4 === 0;
    const SIZE = VEC4 ? inp.size / 4 : inp.size;
    const constants = {
      SIZE,
      WIDTH: VEC4 ? C / 4 : C,
      VEC4,
      RESIDUAL: plus !== undefined,
      ACCUMULATE: accumulate,
      ...kernel.constants,
    };
    graph.dispatch(
      { source: kernel.source, entry: 'dropout', constants },
      { inp: from, ...(plus && { residual: plus }), out: to, ...kernel.bindings },
      fold(Math.ceil(SIZE / 64)),
    );
  };
  apply(inp, out, false, residual);
  graph.onBackward(out, (dout) => {
    const { dx: dinp, accumulate } = graph.gradientOf(inp);
    apply(dout, dinp, accumulate);
    if (residual) {
      graph.handOn(residual, dout);
    }
  });
  return out;
}
