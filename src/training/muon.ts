import source from '../../shaders/muon.wgsl?raw';
import { InklingError } from '../gpu/errors.ts';
import { type Constant, float } from '../gpu/kernel.ts';
import { fold } from '../gpu/recording.ts';
import { GRADIENTS, type Graph, PARAMETERS } from '../graph/graph.ts';
import type { ParameterLayout, ParameterSlot } from '../graph/parameters.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { TrainingConfig } from '../model/config.ts';
import { MOMENT1 } from './state.ts';

/** Name of the buffer that says where each matrix lies. */
export const MATRICES = 'matrices';
/** Numbers of the shader's struct Matrix. */
const ROW = 6;
/** Rows and columns of a product that a workgroup makes. */
const EDGE = 32;
const ITERATIONS = 5;

/** The matrices that Muon treats, and the part of the flat buffers that they fill, in elements. */
export interface HiddenMatrices {
  slots: readonly ParameterSlot[];
  from: number;
  to: number;
}

/** The matrices of the blocks: not the embeddings, the head and the vectors, which AdamW treats. */
export function hiddenMatrices(layout: ParameterLayout): HiddenMatrices {
  const all = [...layout.slots.values()];
  const isHidden = ({ name, shape }: ParameterSlot) => shape.length === 2 && name.startsWith('transformer.h.');
  const first = all.findIndex(isHidden);
  const last = all.findLastIndex(isHidden);
  const slots = all.slice(first, last + 1);
  if (first < 0 || !slots.every(isHidden)) {
    throw new InklingError('internal', 'The hidden matrices do not lie side by side.');
  }
  return { slots, from: slots[0]!.offset / 4, to: (all[last + 1]?.offset ?? layout.bytes) / 4 };
}

/** Workgroups, and the first number and workgroups of each matrix: what `matrixTable` and the dispatches share. */
function shareOut({ slots, from }: HiddenMatrices) {
  const across = (length: number) => Math.ceil(length / EDGE);
  let gramSize = 0;
  let gramWorkgroups = 0;
  let workgroups = 0;
  const rows = slots.map(({ offset, shape }) => {
    const [height, width] = shape as [number, number];
    const n = Math.min(height, width);
    const row = [offset / 4 - from, height, width, gramSize, gramWorkgroups, workgroups];
    gramSize += n * n;
    gramWorkgroups += across(n) ** 2;
    workgroups += across(height) * across(width);
    return row;
  });
  return { rows, gramSize, gramWorkgroups, workgroups };
}

/** What muon.wgsl reads as `matrices`. */
export function matrixTable(layout: ParameterLayout): Uint32Array<ArrayBuffer> {
  return Uint32Array.from(shareOut(hiddenMatrices(layout)).rows.flat());
}

/**
 * Appends momentum and Newton and Schulz's iteration: sixteen dispatches. Returns the direction of the hidden part of
 * the parameters, to be subtracted times the learning rate.
 */
export function orthogonalize(graph: Graph, hidden: HiddenMatrices, update: Tensor, config: TrainingConfig): Tensor {
  const P = graph.layout.bytes / 4;
  const HIDDEN = hidden.to - hidden.from;
  const { rows, gramSize, gramWorkgroups, workgroups } = shareOut(hidden);
  const matrices = graph.region(MATRICES, 'matrices', [rows.length, ROW], 'u32');
  const constants: Record<string, Constant> = {
    MATRICES: rows.length,
    HIDDEN,
    HIDDEN_FROM: hidden.from,
    GRAM_WORKGROUPS: gramWorkgroups,
    WORKGROUPS: workgroups,
    MOMENTUM: float(config.momentum),
    NESTEROV: config.nesterov,
    L2: float(config.l2),
    FIRST: false,
    LAST: false,
  };
  let x = graph.tensor('muon x', [HIDDEN]);
  let spare = graph.tensor('muon spare', [HIDDEN]);
  const gram = graph.tensor('muon gram', [gramSize]);
  const polynomial = graph.tensor('muon polynomial', [gramSize]);
  graph.dispatch(
    { source, entry: 'muon_momentum', constants },
    {
      gradients: graph.region(GRADIENTS, GRADIENTS, [P]),
      this_update: update,
      parameters: graph.region(PARAMETERS, PARAMETERS, [P]),
      moment1: graph.region(MOMENT1, MOMENT1, [P]),
      begun: x,
      spare,
    },
    fold(Math.ceil(HIDDEN / 64)),
  );
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const own = { ...constants, FIRST: iteration === 0, LAST: iteration === ITERATIONS - 1 };
    const normed = own.FIRST && { gram };
    graph.dispatch({ source, entry: 'muon_gram', constants }, { matrices, x, out: gram }, fold(gramWorkgroups));
    graph.dispatch(
      { source, entry: 'muon_polynomial', constants: { ...constants, FIRST: own.FIRST } },
      { matrices, gram, out: polynomial },
      fold(gramWorkgroups),
    );
    graph.dispatch(
      { source, entry: 'muon_apply', constants: own },
      { matrices, x, polynomial, ...normed, out: spare },
      fold(workgroups),
    );
    [x, spare] = [spare, x];
  }
  return x;
}
