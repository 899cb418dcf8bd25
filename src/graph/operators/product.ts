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
import { readMatrices } from './packed.ts';

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

/** How a and b lie: N as it is written, T transposed. */
export const LAYOUTS = ['NT', 'NN', 'TN'] as const;
export type Layout = (typeof LAYOUTS)[number];

/** A way to share a product out to threads. All compute the same; they differ in speed and in the last bits. */
interface Variant {
  /** Rows and columns that a thread owns. */
  readonly tile: readonly [rows: number, columns: number];
  /** Threads of a workgroup along n and m. */
  readonly tx: number;
  readonly ty: number;
  /** In registers: whether quads share what they read, and how many threads share an output's sum. */
  readonly quads?: true;
  readonly slices?: number;
  /** Through workgroup memory: columns of `a` that it holds at a time. */
  readonly depth?: number;
  /** On matrix units, for operands in f16. */
  readonly units?: true;
}

export const PRODUCT_VARIANTS = {
  /** Few registers: many threads for small products. */
  register4: { tile: [4, 4], tx: 8, ty: 8 },
  register8: { tile: [8, 8], tx: 4, ty: 4 },
  /** For processors, where reading is dearer than computing. */
  register16: { tile: [16, 8], tx: 4, ty: 4 },
  quad16: { tile: [16, 8], tx: 4, ty: 4, quads: true },
  /** For few outputs and long sums: weights' gradients. */
  sliced4: { tile: [4, 4], tx: 4, ty: 4, slices: 8 },
  shared32: { tile: [4, 4], tx: 8, ty: 8, depth: 16 },
  shared64: { tile: [4, 4], tx: 16, ty: 16, depth: 16 },
  shared128: { tile: [8, 8], tx: 16, ty: 16, depth: 8 },
  /** 64 x 64 outputs a workgroup, as shared64, by subgroup matrices. */
  matrix64: { tile: [4, 4], tx: 16, ty: 16, depth: 32, units: true },
} as const satisfies Record<string, Variant>;

export type ProductVariant = keyof typeof PRODUCT_VARIANTS;

/** What a product's choice of variant is kept under: products of one layout and shape share it. */
export function productKey(layout: Layout, [M, N, K]: readonly [number, number, number]): string {
  return `${layout} ${M}x${N}x${K}`;
}

/** Workgroups that keep every core of a processor busy. */
const ENOUGH_WORKGROUPS = 8;

/** Rows of threads in a workgroup. A small product on a processor takes fewer, so that every core has workgroups enough. */
function height(variant: Variant, [M, N]: readonly [number, number, number]): number {
  const [rows, columns] = variant.tile;
  let TY = variant.ty;
  const across = Math.ceil(N / (columns * variant.tx));
  while (rows > 4 && !variant.depth && TY > 1 && across * Math.ceil(M / (rows * TY)) < ENOUGH_WORKGROUPS) {
    TY /= 2;
  }
  return TY;
}

/** The variant that a product of the graph takes. */
export function choose(graph: Graph, layout: Layout, shape: readonly [number, number, number]): ProductVariant {
  const { products, product, units } = graph.traits;
  const choice = products?.get(productKey(layout, shape)) ?? product ?? 'register4';
  // Evaluations have the shapes of a step, and operands in f32.
  return choice === 'matrix64' && !(units && graph.halves) ? 'shared64' : choice;
}

/** Constants of matmul_matrix.wgsl. */
function unitConstants({ M, N, K, width }: MatrixUnits) {
  return {
    UNIT_M: M,
    UNIT_N: N,
    UNIT_K: K,
    WIDTH: width,
    THREADS: 4 * width,
    ROWS_OF_UNITS: 32 / M,
    COLUMNS_OF_UNITS: 32 / N,
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
  const variant = PRODUCT_VARIANTS[choice];
  const { kernel, bindings, workgroups } = request(graph, wanted, variant, height(variant, wanted.shape));
  graph.dispatch(kernel, bindings, workgroups);
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
  const TY = Math.min(...both.map(({ shape }, i) => height(variants[i]!, shape)));
  graph.dispatchSideBySide(both.map((each, i) => request(graph, each, variants[i]!, TY)));
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
    quads = false,
    slices = 1,
  } = variant;
  const workgroups: Workgroups = [Math.ceil(N / (COLUMNS * TX)), Math.ceil(M / (ROWS * TY)), 1];
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
  const HALF = A_HALF || B_HALF || OUT_HALF || variant.units === true;
  const kind = finish.activate?.activation;
  const kept = finish.activate?.slope;
  const constants: Record<string, Constant> = {
    M,
    N,
    K,
    A_WIDTH,
    B_WIDTH,
    SUMS: (ROWS * COLUMNS) / 4,
    TX,
    TY,
    ...(depth
      ? {
          TILE: ROWS,
          VECTORS: ROWS / 4,
          BK: depth,
          GRADIENT_SCALE: gradientScale(layout, shape),
          ...(variant.units && unitConstants(graph.traits.units!)),
        }
      : {
          ROWS,
          ROWS4: ROWS / 4,
          COLUMNS,
          COLUMNS4: COLUMNS / 4,
          READ: (A_TRANSPOSED ? ROWS / 4 : ROWS) / (quads ? 4 : 1),
          STEP: quads ? 16 : 4,
          WHOLE: K % 4 === 0,
          QUADS: quads,
          SPLIT: slices > 1,
          SLICES: slices,
          SLICE: 4 * Math.ceil(K / (4 * slices)),
        }),
    A_TRANSPOSED,
    B_TRANSPOSED,
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
  const source =
    (kind ? activationSource : '') +
    reading.source +
    commonSource +
    (variant.units ? matrixSource : depth ? sharedSource : registerSource);
  return {
    kernel: { source, entry: 'matmul', constants },
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
