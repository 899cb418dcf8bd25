import activationSource from '../../../shaders/activation.wgsl?raw';
import commonSource from '../../../shaders/matmul.wgsl?raw';
import matrixSource from '../../../shaders/matmul_matrix.wgsl?raw';
import registerSource from '../../../shaders/matmul_register.wgsl?raw';
import sharedSource from '../../../shaders/matmul_shared.wgsl?raw';
import type { MatrixUnits } from '../../gpu/device.ts';
import { InklingError } from '../../gpu/errors.ts';
import type { Constant, Kernel } from '../../gpu/kernel.ts';
import { MAX_WORKGROUPS, type Workgroups } from '../../gpu/recording.ts';
import type { Graph } from '../graph.ts';
import type { Tensor } from '../tensor.ts';
import { combine } from './combine.ts';
import { readMatrices } from './packed.ts';
import {
  ableVariants,
  expectation,
  expectedVariant,
  height,
  type Layout,
  PRODUCT_VARIANTS,
  type ProductVariant,
  productKey,
  splits,
  stretches,
  UNIT_PAD,
  type Variant,
} from './product-variants.ts';

/** What a product does to its result; see matmul.wgsl. */
export interface Finish {
  bias?: Tensor | undefined;
  residual?: Tensor | undefined;
  /** Applies the activation, and keeps its derivative where there is a place for it. */
  activate?: { activation: string; slope: Tensor | undefined } | undefined;
  /** Multiplies by the derivative that was kept. */
  slope?: Tensor | undefined;
  accumulate?: boolean;
  /** Column sums of `a`, for the bias's gradient. */
  dbias?: { dx: Tensor; accumulate: boolean } | undefined;
  idleBias?: readonly [from: number, to: number] | undefined;
}

/**
 * The variant that a product of the graph takes: on matrix units only where they were chosen, as they are checked before. A
 * choice that the adapter or the product cannot take (evaluations have the shapes of a step, and operands in f32) gives way
 * to what is expected to be quickest.
 */
export function choose(graph: Graph, layout: Layout, shape: readonly [number, number, number]): ProductVariant {
  const { products, product = 'register4', units, workgroupMemory, fewRegisters } = graph.traits;
  const choice = products?.get(productKey(layout, shape)) ?? product;
  const means = { workgroupMemory, units: graph.halves && units };
  const able = ableVariants({ quads: true, barriers: true }, means);
  if (choice !== 'expected' && able.includes(choice) && (layout === 'TN' || !('split' in PRODUCT_VARIANTS[choice]))) {
    return choice;
  }
  return expectedVariant({ workgroupMemory }, layout, shape, expectation(fewRegisters));
}

/** Constants of matmul_matrix.wgsl. */
function unitConstants({ M, N, K, width }: MatrixUnits, { units, tile, tx, ty, depth = 1 }: Variant) {
  const { span, subgroups } = units!;
  const [BM, BN] = [tile[0] * ty, tile[1] * tx];
  const THREADS = subgroups[0] * subgroups[1] * width;
  return {
    BM,
    BN,
    SPAN_M: span[0],
    SPAN_N: span[1],
    SUBGROUPS_N: subgroups[1],
    PAD: UNIT_PAD,
    UNIT_M: M,
    UNIT_N: N,
    UNIT_K: K,
    WIDTH: width,
    THREADS,
    ROWS_OF_UNITS: span[0] / M,
    COLUMNS_OF_UNITS: span[1] / N,
    A_FILLS: (BM * depth) / (4 * THREADS),
    B_FILLS: (BN * depth) / (4 * THREADS),
  };
}

/**
 * What brings the gradient of a mean loss over all rows to the size of activations: the power of two nearest to the number
 * of rows. Only products of the backward pass have gradients, as `a`.
 */
function gradientScale(layout: Layout, [M, , K]: readonly [number, number, number]): string {
  return layout === 'NT' ? '1.0' : `${2 ** Math.round(Math.log2(layout === 'NN' ? M : K))}.0`;
}

/**
 * out (M, N) = finish(a b), with a (M, K) or transposed (K, M), b (K, N) or transposed (N, K). Packed may be b where it is
 * transposed.
 */
export interface Product {
  layout: Layout;
  shape: readonly [M: number, N: number, K: number];
  a: Tensor;
  b: Tensor;
  out: Tensor;
  finish?: Finish;
}

/** Appends a product. */
export function product(graph: Graph, wanted: Product, choice = choose(graph, wanted.layout, wanted.shape)): void {
  const variant: Variant = PRODUCT_VARIANTS[choice];
  if (splits(variant, wanted.shape)) {
    splitProduct(graph, wanted, variant);
    return;
  }
  const TY = heightOf(graph, variant, [wanted.shape]);
  const { kernel, bindings, workgroups } = request(graph, wanted, variant, TY);
  graph.dispatch(kernel, bindings, workgroups);
}

/** A weight's gradient whose long sums many workgroups share, and the dispatch that adds up what each has left. */
function splitProduct(graph: Graph, wanted: Product, variant: Variant): void {
  const { shape, out, finish = {} } = wanted;
  if (finish.bias || finish.residual || finish.activate || finish.slope) {
    throw new InklingError('internal', `The sums of ${out} are split: only a weight's gradient can be.`);
  }
  const { slices } = stretches(variant, shape);
  const parts = graph.parts(out, slices);
  const sums = finish.dbias && graph.parts(finish.dbias.dx, slices);
  const dbias = sums && { dx: sums, accumulate: false };
  const { kernel, bindings, workgroups } = request(
    graph,
    { ...wanted, out: parts, finish: { dbias } },
    variant,
    variant.ty,
  );
  graph.dispatch(kernel, bindings, workgroups);
  combine(
    graph,
    { parts, out, accumulate: finish.accumulate === true },
    sums && {
      parts: sums,
      out: finish.dbias!.dx,
      accumulate: finish.dbias!.accumulate,
      idle: finish.idleBias,
    },
  );
}

/**
 * Appends two products that do not depend on each other: side by side in one dispatch, where both take workgroups of one size
 * and compute in registers, and neither is too large for the adapter to gain by it. Tiles in workgroup memory are for
 * products that fill an adapter by themselves.
 */
export function twoProducts(graph: Graph, ...both: readonly [Product, Product]): void {
  const variants = both.map(({ layout, shape }): Variant => PRODUCT_VARIANTS[choose(graph, layout, shape)]);
  const tiled = variants.some(({ depth }) => depth !== undefined);
  const [one, other] = variants.map(({ tx, ty, slices }) => `${tx} ${ty} ${slices}`);
  const { largestJoined = Number.POSITIVE_INFINITY } = graph.traits;
  const large = both.some(({ shape: [M, N, K] }) => M * N * K > largestJoined);
  if (tiled || large || one !== other) {
    for (const each of both) product(graph, each);
    return;
  }
  const shapes = both.map(({ shape }) => shape);
  const TY = Math.min(...variants.map((variant) => heightOf(graph, variant, shapes)));
  graph.dispatchSideBySide(both.map((each, i) => request(graph, each, variants[i]!, TY)));
}

/** How a variant computes, behind what gives it its operands; and the constants of that which no size decides. */
export function bodyOf(
  variant: Variant,
  TY: number,
  { A_TRANSPOSED, B_TRANSPOSED }: { A_TRANSPOSED: boolean; B_TRANSPOSED: boolean },
): { source: string; constants: Record<string, Constant> } {
  const {
    tile: [ROWS, COLUMNS],
    tx: TX,
    depth,
    ahead = false,
    quads = false,
    slices = 1,
  } = variant;
  return {
    source: variant.units ? matrixSource : depth ? sharedSource : registerSource,
    constants: {
      ROWS,
      ROWS4: ROWS / 4,
      COLUMNS,
      COLUMNS4: COLUMNS / 4,
      SUMS: (ROWS * COLUMNS) / 4,
      TX,
      TY,
      A_TRANSPOSED,
      B_TRANSPOSED,
      ...(depth
        ? {
            BK: depth,
            BLOCKS_OF_K: depth / 4,
            AHEAD: ahead,
            TILES: ahead ? 2 : 1,
            FILLS: Math.ceil(((ROWS * TY + COLUMNS * TX) * depth) / (16 * TX * TY)),
          }
        : {
            READ: (A_TRANSPOSED ? ROWS / 4 : ROWS) / (quads ? 4 : 1),
            STEP: quads ? 16 : 4,
            QUADS: quads,
            SPLIT: slices > 1,
            SLICES: slices,
          }),
    },
  };
}

/** What products in registers can be told as they run. */
const TOLD = ['M', 'N', 'K', 'A_WIDTH', 'B_WIDTH', 'SLICE', 'IDLE_FROM', 'IDLE_TO'];

/** Whether a product is told them. */
function isTold({ traits }: Graph, { depth, slices = 1 }: Variant): boolean {
  return traits.toldSizes === true && depth === undefined && slices === 1;
}

/**
 * Rows of threads in the workgroups that compute products of these shapes: the fewest that one of them wants. What is told its
 * sizes has all or one, lest each size be a kernel of its own after all.
 */
function heightOf(graph: Graph, variant: Variant, shapes: readonly Product['shape'][]): number {
  const lowest = Math.min(...shapes.map((shape) => height(variant, shape)));
  return isTold(graph, variant) && lowest < variant.ty ? 1 : lowest;
}

function request(
  graph: Graph,
  { layout, shape, a, b, out, finish = {} }: Product,
  variant: Variant,
  TY: number,
): { kernel: Kernel; bindings: Record<string, Tensor>; workgroups: Workgroups } {
  const [M, N, K] = shape;
  const {
    tile: [ROWS, COLUMNS],
    tx: TX,
    depth,
    slices = 1,
  } = variant;
  const split = splits(variant, shape) ? stretches(variant, shape) : undefined;
  const workgroups: Workgroups = [Math.ceil(N / (COLUMNS * TX)), Math.ceil(M / (ROWS * TY)), split?.slices ?? 1];
  if (Math.max(...workgroups) > MAX_WORKGROUPS) {
    throw new InklingError(
      'too-large',
      `A product of ${M} x ${N} is more than one dispatch can hold.`,
      'Take a smaller batch.',
    );
  }
  const A_TRANSPOSED = layout === 'TN';
  const B_TRANSPOSED = layout === 'NT';
  const A_WIDTH = A_TRANSPOSED ? M : K;
  const reading = readMatrices({ b });
  if (b.packed && !B_TRANSPOSED) {
    throw new InklingError('internal', `A product reads ${b}, which is packed, along its columns.`);
  }
  const B_WIDTH = b.packed ? (b.packed.words.shape[1]! * 32) / b.packed.bits : B_TRANSPOSED ? K : N;
  const [A_HALF, B_HALF, OUT_HALF] = [a, b, out].map(({ dtype }) => dtype === 'f16') as [boolean, boolean, boolean];
  const HALF = A_HALF || B_HALF || OUT_HALF || variant.units !== undefined;
  const kind = finish.activate?.activation;
  const kept = finish.activate?.slope;
  const body = bodyOf(variant, TY, { A_TRANSPOSED, B_TRANSPOSED });
  const constants: Record<string, Constant> = {
    M,
    N,
    K,
    A_WIDTH,
    B_WIDTH,
    ...body.constants,
    ...(depth
      ? {
          WHOLE_TILES: M % (ROWS * TY) === 0 && N % (COLUMNS * TX) === 0 && K % depth === 0,
          SPLIT: split !== undefined,
          SLICE: split?.length ?? K,
          GRADIENT_SCALE: gradientScale(layout, shape),
          ...(variant.units && unitConstants(graph.traits.units!, variant)),
        }
      : {
          WHOLE: K % 4 === 0,
          SLICE: 4 * Math.ceil(K / (4 * slices)),
        }),
    HALF,
    A_HALF,
    B_HALF,
    OUT_HALF,
    ...reading.constants,
    A_VEC4: A_WIDTH % 4 === 0,
    B_VEC4: B_WIDTH % 4 === 0,
    OUT_VEC4: N % 4 === 0,
    BIAS: finish.bias !== undefined,
    RESIDUAL: finish.residual !== undefined,
    ACTIVATION: kind !== undefined,
    KEEP_SLOPE: kept !== undefined,
    DERIVATIVE: finish.slope !== undefined,
    ACCUMULATE: finish.accumulate === true,
    BIAS_GRADIENT: finish.dbias !== undefined,
    BIAS_ACCUMULATE: finish.dbias?.accumulate === true,
    IDLE_FROM: finish.idleBias?.[0] ?? 0,
    IDLE_TO: finish.idleBias?.[1] ?? 0,
    GELU: kind === 'gelu',
    GELU_TANH: kind === 'gelu_tanh',
    RELU: kind === 'relu',
  };
  const source = (kind ? activationSource : '') + reading.source + commonSource + body.source;
  const told = isTold(graph, variant) && !b.packed;
  return {
    kernel: { source, entry: 'matmul', constants, ...(told && { sizes: TOLD }) },
    bindings: {
      a,
      ...reading.bindings,
      ...(finish.bias && { bias: finish.bias }),
      ...(finish.residual && { residual: finish.residual }),
      ...(kept && { slope: kept }),
      ...(finish.slope && { saved_slope: finish.slope }),
      out,
      ...(finish.dbias && { dbias: finish.dbias.dx }),
    },
    workgroups,
  };
}
