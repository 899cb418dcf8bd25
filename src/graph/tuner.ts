import type { Device } from '../gpu/device.ts';
import { compareDispatches } from '../gpu/measure.ts';
import { type Dispatch, Graph, partsOf } from './graph.ts';
import { type Layout, PRODUCT_VARIANTS, type ProductVariant, product, productKey } from './operators/product.ts';
import { ParameterLayout } from './parameters.ts';
import { Arena } from './program.ts';
import type { DType } from './tensor.ts';
import { traitsOf } from './traits.ts';

/**
 * The variant that each product of a model takes, by `productKey`. Variants differ in the last bits of what they compute,
 * so a run keeps the choices that it began with: they are part of its record.
 */
export type ProductChoices = Readonly<Record<string, ProductVariant>>;

/** Where choices outlive a run, by the name of the adapter that they were timed on. */
export interface TuningMemory {
  recall(adapter: string): Promise<ProductChoices>;
  keep(adapter: string, choices: ProductChoices): Promise<void>;
}

/** How the variants are timed. */
export interface Tuning {
  memory?: TuningMemory | undefined;
  /** Hears how many of the shapes are done. */
  progress?: ((done: number, total: number) => void) | undefined;
  /** Milliseconds after which no other shape is begun: 300 on a GPU, and as long as it takes on a processor. */
  budget_ms?: number;
}

const BUDGET_MS = 300;

/** Whether these are choices that can be taken. */
export function isChoice(choices: unknown): choices is ProductChoices {
  const known = (name: unknown) => typeof name === 'string' && Object.hasOwn(PRODUCT_VARIANTS, name);
  return typeof choices === 'object' && choices !== null && Object.values(choices).every(known);
}

/** Variants that earlier versions had, and those whose tiles they were. */
const RETIRED: Readonly<Record<string, ProductVariant>> = { quad4: 'register4', quad8: 'register8' };

/** Choices as this version would have made them: a run that was tuned by an earlier one goes on. */
export function withoutRetired(choices: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(choices).map(([key, choice]) => [key, RETIRED[choice] ?? choice]));
}

/** A variant so much slower than the best one on the largest product is not tried on the others. */
const HOPELESS = 4;

/** What one product of a step computes. */
export interface Shape {
  layout: Layout;
  size: readonly [M: number, N: number, K: number];
  /** Operands in f16, where the step's are. */
  halves: { a: DType; b: DType };
}

/** Variants that may be quick on the adapter: barriers never are on a processor, and quads must be what they seem. */
export function candidates({ software, quads, units }: Device, half = false): ProductVariant[] {
  const names = Object.keys(PRODUCT_VARIANTS) as ProductVariant[];
  return names.filter((name) => {
    const variant = PRODUCT_VARIANTS[name];
    const barriers = 'depth' in variant || 'slices' in variant;
    const able = (quads || !('quads' in variant)) && ((half && units !== undefined) || !('units' in variant));
    return able && !(software && barriers);
  });
}

/** The product that a dispatch computes, if it computes one. */
export function shapeOf({ kernel: { entry, constants }, bindings }: Dispatch): Shape | undefined {
  const { A_TRANSPOSED, B_TRANSPOSED, M, N, K } = constants;
  if (entry !== 'matmul') {
    return undefined;
  }
  return {
    layout: A_TRANSPOSED ? 'TN' : B_TRANSPOSED ? 'NT' : 'NN',
    size: [Number(M), Number(N), Number(K)],
    halves: { a: bindings.a!.dtype, b: bindings.b!.dtype },
  };
}

/** Under which name choices are kept: what is quickest in f32 need not be so in f16. */
const memoryName = ({ name }: Device, half: boolean) => (half ? `${name}, f16` : name);

/** The choices that `memory` has for this adapter, of every shape that was ever timed. */
export async function rememberedChoices(
  device: Device,
  half: boolean,
  memory: TuningMemory | undefined,
): Promise<ProductChoices> {
  return (await memory?.recall(memoryName(device, half))) ?? {};
}

/**
 * Times the variants of every product in `graph` on this device, the largest first, and chooses the quickest. What
 * `memory` knows from before is taken as it is, and it learns the rest. When the time is up, the remaining shapes take
 * what suits the nearest one that was timed, and are timed when the next run of this model starts.
 */
export async function tuneProducts(device: Device, graph: Graph, options: Tuning = {}): Promise<ProductChoices> {
  const { memory, progress, budget_ms = device.software ? Number.POSITIVE_INFINITY : BUDGET_MS } = options;
  const half = graph.halves !== undefined;
  const known = await rememberedChoices(device, half, memory);
  const shapes = new Map<string, Shape>();
  for (const shape of graph.dispatches
    .flatMap(partsOf)
    .map(shapeOf)
    .filter((shape) => shape !== undefined)) {
    shapes.set(productKey(shape.layout, shape.size), shape);
  }
  const work = ([M, N, K]: Shape['size']) => M * N * K;
  const largestFirst = [...shapes].sort(([, a], [, b]) => work(b.size) - work(a.size));
  const choices: Record<string, ProductVariant> = {};
  const left: [string, Shape][] = [];
  const started = performance.now();
  let variants = candidates(device, half);
  for (const [index, [key, shape]] of largestFirst.entries()) {
    const remembered = known[key];
    if (remembered) {
      choices[key] = remembered;
      continue;
    }
    if (index > 0 && performance.now() - started > budget_ms) {
      left.push([key, shape]);
      continue;
    }
    progress?.(index, largestFirst.length);
    const times = await timeVariants(device, shape, variants, half);
    const best = Math.min(...times);
    choices[key] = variants[times.indexOf(best)]!;
    variants = index === 0 ? variants.filter((_, i) => times[i]! <= HOPELESS * best) : variants;
  }
  await memory?.keep(memoryName(device, half), { ...known, ...choices });
  const timed = largestFirst.filter(([key]) => choices[key] !== undefined);
  for (const [key, shape] of left) {
    choices[key] = choices[nearest(shape, timed)]!;
  }
  return choices;
}

/** Of the shapes that were timed, the one that says most about `shape`: of its layout where there is one, and as large. */
function nearest(shape: Shape, timed: readonly [string, Shape][]): string {
  const distance = ({ layout, size }: Shape) => {
    const apart = size.reduce((sum, length, i) => sum + Math.abs(Math.log(length / shape.size[i]!)), 0);
    return apart + (layout === shape.layout ? 0 : 100);
  };
  return timed.toSorted(([, a], [, b]) => distance(a) - distance(b))[0]![0];
}

/** Milliseconds of each variant. The operands are zeros: no adapter multiplies these faster. */
async function timeVariants(
  device: Device,
  { layout, size, halves }: Shape,
  variants: ProductVariant[],
  half: boolean,
): Promise<number[]> {
  const [M, N, K] = size;
  const traits = traitsOf(device, {}, half ? 'f16' : 'f32'); // matrix units are there in f16 only
  const graph = new Graph(new ParameterLayout([]), traits, false);
  const a = graph.input('a', layout === 'TN' ? [K, M] : [M, K], halves.a);
  const b = graph.input('b', layout === 'NT' ? [N, K] : [K, N], halves.b);
  const out = graph.tensor('out', [M, N]);
  for (const variant of variants) {
    product(graph, { layout, shape: size, a, b, out }, variant);
  }
  const arena = new Arena(device);
  try {
    arena.plan(graph);
    return await compareDispatches(device, (await arena.compile()).get(graph)!.dispatches);
  } finally {
    arena.destroy();
  }
}
