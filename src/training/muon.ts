import lanesSource from '../../shaders/lanes.wgsl?raw';
import source from '../../shaders/muon.wgsl?raw';
import matricesSource from '../../shaders/muon_matrices.wgsl?raw';
import productSource from '../../shaders/muon_product.wgsl?raw';
import { InklingError } from '../gpu/errors.ts';
import { type Constant, float } from '../gpu/kernel.ts';
import { fold, type Workgroups } from '../gpu/recording.ts';
import { GRADIENTS, type Graph, PARAMETERS } from '../graph/graph.ts';
import { bodyOf } from '../graph/operators/product.ts';
import { PRODUCT_VARIANTS, type Variant } from '../graph/operators/product-variants.ts';
import { rowShape } from '../graph/operators/rows.ts';
import type { ParameterLayout, ParameterSlot } from '../graph/parameters.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { TrainingConfig } from '../model/config.ts';
import { MOMENT1 } from './state.ts';

/** Name of the buffer that says where each matrix lies. */
export const MATRICES = 'matrices';
/** Numbers of the shader's struct Matrix. */
const ROW = 8;
/** Rows and columns of the results that a workgroup has: the table tells of both. */
const EDGES = [32, 64] as const;
type Edge = (typeof EDGES)[number];
/** On a GPU the wider one is for matrices that have workgroups enough of it. */
const WIDE = 256;
/** Elements that tensors begin at multiples of. */
const ALIGNMENT = 64;
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

const sizesOf = ({ shape }: ParameterSlot) => shape as readonly [rows: number, columns: number];

/** Workgroups of the dispatches that make Gram matrices, and matrices; and which is each matrix's first in them. */
function shareOut({ slots }: HiddenMatrices, edge: Edge) {
  const across = (length: number) => Math.ceil(length / edge);
  let gramWorkgroups = 0;
  let workgroups = 0;
  const firsts = slots.map((slot) => {
    const [rows, columns] = sizesOf(slot);
    const first = { gram: gramWorkgroups, matrix: workgroups };
    const blocks = across(Math.min(rows, columns));
    gramWorkgroups += (blocks * (blocks + 1)) / 2; // they are symmetric
    workgroups += across(rows) * across(columns);
    return first;
  });
  return { firsts, gramWorkgroups, workgroups };
}

/** Where each Gram matrix begins, and the elements of all. */
function grams({ slots }: HiddenMatrices): { places: number[]; size: number } {
  let size = 0;
  const places = slots.map((slot) => {
    const at = size;
    size += Math.min(...sizesOf(slot)) ** 2;
    return at;
  });
  return { places, size };
}

/** What muon_matrices.wgsl reads as `matrices`. */
export function matrixTable(layout: ParameterLayout): Uint32Array<ArrayBuffer> {
  const hidden = hiddenMatrices(layout);
  const { places } = grams(hidden);
  const shares = EDGES.map((edge) => shareOut(hidden, edge).firsts);
  return Uint32Array.from(
    hidden.slots.flatMap((slot, i) => [
      slot.offset / 4 - hidden.from,
      ...sizesOf(slot),
      places[i]!,
      ...shares.map((firsts) => firsts[i]!.gram),
      ...shares.map((firsts) => firsts[i]!.matrix),
    ]),
  );
}

/** The variant that computes the products, in workgroups of so many rows of threads that it has as many rows as columns. */
function variantFor(graph: Graph, hidden: HiddenMatrices): { variant: Variant; TY: number; edge: Edge } {
  const { lanes, quads } = graph.traits;
  if (lanes === 1) {
    const variant = quads ? PRODUCT_VARIANTS.quad16 : PRODUCT_VARIANTS.register16;
    return { variant, TY: EDGES[0] / variant.tile[0], edge: EDGES[0] };
  }
  const wide = hidden.slots.every((slot) => Math.min(...sizesOf(slot)) >= WIDE);
  const variant = wide ? PRODUCT_VARIANTS.shared64 : PRODUCT_VARIANTS.shared32;
  return { variant, TY: variant.ty, edge: wide ? EDGES[1] : EDGES[0] };
}

/** The constants of muon_matrices.wgsl for a dispatch of so many workgroups, and that dispatch. */
function shared(count: number, edge: Edge): { constants: Record<string, Constant>; workgroups: Workgroups } {
  const workgroups = fold(count);
  const constants = { EDGE: edge, WHICH: EDGES.indexOf(edge), WORKGROUPS: count, ACROSS: workgroups[0] };
  return { constants, workgroups };
}

/**
 * Appends momentum and Newton and Schulz's iteration: seventeen dispatches, whatever the number of matrices. Returns the direction
 * of the hidden part of the parameters, to be subtracted times the learning rate.
 */
export function orthogonalize(graph: Graph, hidden: HiddenMatrices, update: Tensor, config: TrainingConfig): Tensor {
  const P = graph.layout.bytes / 4;
  const HIDDEN = hidden.to - hidden.from;
  const count = hidden.slots.length;
  const gramSize = grams(hidden).size;
  const matrices = graph.region(MATRICES, 'matrices', [count, ROW], 'u32');
  let x = graph.tensor('muon x', [HIDDEN]);
  let spare = graph.tensor('muon spare', [HIDDEN]);
  const gram = graph.tensor('muon gram', [gramSize]);
  const polynomial = graph.tensor('muon polynomial', [gramSize]);
  const norms = graph.tensor('muon norms', [count]);
  const ones = graph.tensor('muon ones', [count]);
  const widths = hidden.slots.map((slot) => Math.min(...sizesOf(slot)));
  const { LANES, REDUCE } = rowShape(graph, Math.max(...widths));
  const constants: Record<string, Constant> = {
    MATRICES: count,
    HIDDEN,
    HIDDEN_FROM: hidden.from,
    ALIGNMENT,
    LANES,
    GROUPS: 1,
    REDUCE,
    MOMENTUM: float(config.momentum),
    NESTEROV: config.nesterov,
    L2: float(config.l2),
  };
  const ownSource = matricesSource + lanesSource + source;

  const begun = shared(shareOut(hidden, EDGES[0]).workgroups, EDGES[0]);
  graph.dispatch(
    { source: ownSource, entry: 'muon_momentum', constants: { ...constants, ...begun.constants } },
    {
      matrices,
      gradients: graph.region(GRADIENTS, GRADIENTS, [P]),
      this_update: update,
      parameters: graph.region(PARAMETERS, PARAMETERS, [P]),
      moment1: graph.region(MOMENT1, MOMENT1, [P]),
      begun: x,
      spare,
    },
    begun.workgroups,
  );

  const { variant, TY, edge } = variantFor(graph, hidden);
  const { gramWorkgroups, workgroups } = shareOut(hidden, edge);
  const VEC4 = hidden.slots.every(({ shape }) => shape.every((length) => length % 4 === 0));
  const multiply = (
    entry: 'muon_gram' | 'muon_polynomial' | 'muon_apply',
    bindings: Record<string, Tensor>,
    LAST = false,
  ) => {
    const APPLY = entry === 'muon_apply';
    const share = shared(APPLY ? workgroups : gramWorkgroups, edge);
    const body = bodyOf(variant, TY, { A_TRANSPOSED: false, B_TRANSPOSED: !APPLY });
    graph.dispatch(
      {
        source: matricesSource + productSource + body.source.replace('fn matmul(', `fn ${entry}(`),
        entry,
        constants: {
          MATRICES: count,
          ...share.constants,
          ...body.constants,
          SLICE: 2 ** 30, // sums are not split
          SPLIT: false,
          WHOLE: VEC4,
          WHOLE_TILES: false,
          HALF: false,
          BIAS_GRADIENT: false,
          VEC4,
          OUT_VEC4: VEC4 && APPLY && !LAST,
          GRAM: entry === 'muon_gram',
          POLYNOMIAL: entry === 'muon_polynomial',
          APPLY,
          LAST,
        },
      },
      { matrices, ...bindings },
      share.workgroups,
    );
  };
  for (let iteration = 1; iteration <= ITERATIONS; iteration++) {
    multiply('muon_gram', { a: x, out: gram });
    if (iteration === 1) {
      graph.dispatch(
        { source: ownSource, entry: 'muon_norm', constants: { ...constants, ...begun.constants } },
        { matrices, gram, scales: norms, ones },
        [count, 1, 1],
      );
    }
    const scales = iteration === 1 ? norms : ones;
    multiply('muon_polynomial', { a: gram, scales, out: polynomial });
    multiply('muon_apply', { a: polynomial, b: x, scales, out: spare }, iteration === ITERATIONS);
    [x, spare] = [spare, x];
  }
  return x;
}
