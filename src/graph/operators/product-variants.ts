import type { MatrixUnits } from '../../gpu/device.ts';

/** How a and b lie: N as it is written, T transposed. */
export const LAYOUTS = ['NT', 'NN', 'TN'] as const;
export type Layout = (typeof LAYOUTS)[number];

/** A way to share a product out to threads. All compute the same; they differ in speed and in the last bits. */
export interface Variant {
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
  /** Whether it reads the next of these while it computes; without matrix units there are two of each tile then. */
  readonly ahead?: true;
  /** Workgroups among which the sums of a weight's gradient are split until there are about so many. */
  readonly split?: number;
  /** On matrix units, for operands in f16: outputs of a subgroup, and subgroups along m and n. */
  readonly units?: {
    readonly span: readonly [m: number, n: number];
    readonly subgroups: readonly [m: number, n: number];
  };
}

/** Outputs of a workgroup whose threads own none of them for themselves. */
function square(size: number): Pick<Variant, 'tile' | 'tx' | 'ty'> {
  return { tile: [4, 4], tx: size / 4, ty: size / 4 };
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
  shared32: { tile: [4, 4], tx: 8, ty: 8, depth: 32 },
  shared64: { tile: [8, 8], tx: 8, ty: 8, depth: 16 },
  /** Many threads of 64 sums: an H100 was a third slower with fewer of 128. */
  shared128x64: { tile: [8, 8], tx: 8, ty: 16, depth: 8, ahead: true },
  shared128: { tile: [8, 8], tx: 16, ty: 16, depth: 16 },
  ahead128: { tile: [8, 8], tx: 16, ty: 16, depth: 16, ahead: true },
  /** For few outputs and long sums too, where these have work enough for many workgroups. */
  split32: { tile: [4, 4], tx: 8, ty: 8, depth: 16, split: 1024 },
  split64: { tile: [8, 8], tx: 8, ty: 8, depth: 16, split: 1024 },
  split128x64: { tile: [8, 8], tx: 8, ty: 16, depth: 8, ahead: true, split: 1024 },
  split128: { tile: [8, 8], tx: 16, ty: 16, depth: 16, ahead: true, split: 512 },
  /** By subgroup matrices. */
  matrix64: { ...square(64), depth: 32, units: { span: [32, 32], subgroups: [2, 2] } },
  matrix128: { ...square(128), depth: 32, ahead: true, units: { span: [64, 64], subgroups: [2, 2] } },
  splitMatrix64: { ...square(64), depth: 32, units: { span: [32, 32], subgroups: [2, 2] }, split: 1024 },
  splitMatrix128: { ...square(128), depth: 32, ahead: true, units: { span: [64, 64], subgroups: [2, 2] }, split: 512 },
} as const satisfies Record<string, Variant>;

export type ProductVariant = keyof typeof PRODUCT_VARIANTS;

/** What a product's choice of variant is kept under: products of one layout and shape share it. */
export function productKey(layout: Layout, [M, N, K]: readonly [number, number, number]): string {
  return `${layout} ${M}x${N}x${K}`;
}

/** Workgroups that keep every core of a processor busy. */
const ENOUGH_WORKGROUPS = 8;

/** Rows of threads in a workgroup. A small product in registers takes fewer, so that every core has workgroups enough. */
export function height(variant: Variant, [M, N]: readonly [number, number, number]): number {
  const [rows, columns] = variant.tile;
  let TY = variant.ty;
  const across = Math.ceil(N / (columns * variant.tx));
  while (rows > 4 && !variant.depth && TY > 1 && across * Math.ceil(M / (rows * TY)) < ENOUGH_WORKGROUPS) {
    TY /= 2;
  }
  return TY;
}

/** How the sums over K are split: so many stretches of so many terms. */
export function stretches(
  { tile: [ROWS, COLUMNS], tx, ty, depth = 1, split = 1 }: Variant,
  [M, N, K]: readonly [number, number, number],
): { slices: number; length: number } {
  const workgroups = Math.ceil(M / (ROWS * ty)) * Math.ceil(N / (COLUMNS * tx));
  const wanted = Math.min(split / workgroups, K / SHORTEST_STRETCH);
  const length = depth * Math.ceil(K / Math.max(1, Math.round(wanted)) / depth);
  return { slices: Math.ceil(K / length), length };
}

/** Whether a variant that may split a product's sums does. */
export function splits(variant: Variant, shape: readonly [number, number, number]): boolean {
  return variant.split !== undefined && stretches(variant, shape).slices > 1;
}

/** Of fewer terms, what a stretch leaves to be added up costs more than it saves. */
const SHORTEST_STRETCH = 128;

/** Bytes of workgroup memory that the tiles of a variant take, in f32. */
export function tileBytes({ tile, tx, ty, depth = 0, ahead }: Variant): number {
  return 4 * depth * (tile[0] * ty + tile[1] * tx) * (ahead ? 2 : 1);
}

/** Numbers between the rows of a tile for matrix units: of f16, so many that neighbouring rows begin in other banks. */
export const UNIT_PAD = 8;

/** The most threads that every device lets a workgroup have. */
const MOST_THREADS = 256;

/** Whether a variant on matrix units fits an adapter: its threads, and its bytes of workgroup memory. */
export function unitsFit(
  { M: rows, N: columns, width, memory }: MatrixUnits,
  { units, tile, tx, ty, depth = 1 }: Variant,
): boolean {
  const { subgroups } = units!;
  const [BM, BN] = [tile[0] * ty, tile[1] * tx];
  const tiles = BM * (depth + UNIT_PAD) + BN * (depth + UNIT_PAD);
  const threads = subgroups[0] * subgroups[1] * width;
  const leaving = subgroups[0] * subgroups[1] * rows * columns;
  // a thread for every four rows, which adds up the bias's gradient
  return threads <= MOST_THREADS && threads >= BM / 4 && 2 * tiles + 4 * leaving <= memory;
}

/**
 * What is needed to tell how long a variant takes on a GPU: multiplications in a microsecond once it is busy, in millions,
 * microseconds before the first and after the last, and nanoseconds of each further term of a sum.
 *
 * Measured on an NVIDIA H200 and an H100 (2026-11-27 and 28). On other GPUs all is slower, by factors of which only the differences matter here. A
 * split product has its second dispatch in the microseconds before and after, and two more because it cannot share one with
 * the other gradient of its layer, as those in registers can.
 */
const PACE: Record<ProductVariant, readonly [rate: number, start_us: number, term_ns: number]> = {
  register4: [3.5, 2, 110],
  register8: [6, 2.5, 120],
  register16: [6, 4, 150],
  quad16: [5.5, 4, 150],
  sliced4: [6.5, 1.6, 13],
  shared32: [13.2, 1.8, 27],
  shared64: [16.5, 2, 85],
  shared128x64: [19, 2.5, 70],
  shared128: [19, 3, 90],
  ahead128: [20, 3, 80],
  split32: [12, 8, 40],
  split64: [16, 8, 85],
  split128x64: [18.5, 8.5, 70],
  split128: [20, 9, 80],
  matrix64: [25, 2, 60],
  matrix128: [42, 3, 70],
  splitMatrix64: [25, 8, 60],
  splitMatrix128: [46, 9, 70],
};
/** How much longer a thread of more than 64 numbers may take where there are not the registers for them. A guess: the tuner learns better. */
const SPILLED = 3;

/** Bytes that a microsecond writes and reads again. */
const PARTS_PACE = 1.5e6;

/** What a variant asks of an adapter: by which way it reads, and how many numbers a thread keeps, sums and what it read ahead. */
export function demandOf(name: ProductVariant): { way: string; numbers: number } {
  const { units, depth, slices, tile, ahead }: Variant = PRODUCT_VARIANTS[name];
  const numbers = tile[0] * tile[1] + (ahead ? 16 : 0);
  return { way: units ? 'units' : depth ? 'shared' : slices ? 'sliced' : 'register', numbers };
}

/** Microseconds that a variant is expected to take for a product on a GPU. */
export type Expectation = (name: ProductVariant, shape: readonly [M: number, N: number, K: number]) => number;

/** As measured on one GPU, and where threads have few registers with what is known of that. */
export function expectation(fewRegisters = false): Expectation {
  return (name, shape) => {
    const { way, numbers } = demandOf(name);
    return expectedTime(name, shape) * (fewRegisters && way !== 'units' && numbers > 64 ? SPILLED : 1);
  };
}

/** Microseconds that a product is expected to take on a GPU, to be compared with those of other variants. */
export function expectedTime(name: ProductVariant, shape: readonly [M: number, N: number, K: number]): number {
  const variant: Variant = PRODUCT_VARIANTS[name];
  const [M, N, K] = shape;
  const [rate, start, term] = PACE[name];
  const { slices, length } = variant.split ? stretches(variant, shape) : { slices: 1, length: K };
  const rows = variant.tile[0] * variant.ty;
  const columns = variant.tile[1] * variant.tx;
  const busy = (Math.ceil(M / rows) * rows * Math.ceil(N / columns) * columns * K) / (rate * 1e6);
  const parts = variant.split ? (4 * slices * M * N) / PARTS_PACE : 0;
  return start + Math.max(busy, (term * length) / 1000) + parts;
}

/** Those of the `names` that may compute a product of such a layout, the one that is expected to be the quickest first. */
export function quickestFirst(
  names: readonly ProductVariant[],
  layout: Layout,
  shape: readonly [M: number, N: number, K: number],
  time: Expectation = expectedTime,
): ProductVariant[] {
  return names
    .filter((name) => {
      const variant: Variant = PRODUCT_VARIANTS[name];
      return !variant.split || (layout === 'TN' && splits(variant, shape));
    })
    .map((name) => ({ name, time: time(name, shape) }))
    .sort((a, b) => a.time - b.time)
    .map(({ name }) => name);
}

/** What an adapter has to compute a product with. */
export interface Means {
  /** Bytes of workgroup memory; what every adapter has, if it is not said. */
  workgroupMemory?: number | undefined;
  /** Where the operands are in f16. */
  units?: MatrixUnits | undefined;
}

/** Bytes of workgroup memory that every device has. */
export const LEAST_MEMORY = 16384;

/** The variants that an adapter can compute a product in, on matrix units where they are there for it. */
export function ableVariants(
  { quads, barriers }: { quads: boolean; barriers: boolean },
  { units, workgroupMemory = LEAST_MEMORY }: Means,
): ProductVariant[] {
  const names = Object.keys(PRODUCT_VARIANTS) as ProductVariant[];
  return names.filter((name) => {
    const variant: Variant = PRODUCT_VARIANTS[name];
    if (variant.units) return barriers && units !== undefined && unitsFit(units, variant);
    const fits = tileBytes(variant) <= workgroupMemory;
    return fits && (quads || !variant.quads) && (barriers || !(variant.depth || variant.slices));
  });
}

/** The variant that a GPU is expected to be quickest with, on matrix units where they are there for it. */
export function expectedVariant(
  means: Means,
  layout: Layout,
  shape: readonly [number, number, number],
  time?: Expectation,
): ProductVariant {
  return quickestFirst(ableVariants({ quads: false, barriers: true }, means), layout, shape, time)[0]!;
}
