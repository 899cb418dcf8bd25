import type { Device } from '../gpu/device.ts';
import { compareDispatches } from '../gpu/measure.ts';
import { type Dispatch, Graph, partsOf } from './graph.ts';
import { choose, product } from './operators/product.ts';
import {
  ableVariants,
  demandOf,
  type Expectation,
  expectation,
  expectedVariant,
  type Layout,
  type Means,
  PRODUCT_VARIANTS,
  type ProductVariant,
  productKey,
  quickestFirst,
} from './operators/product-variants.ts';
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

/** On a processor, a variant so much slower than the best one on the largest product is not tried on the others. */
const HOPELESS = 4;

/** Milliseconds that a split product costs a step besides: it cannot share a dispatch with the other gradient of its layer. */
const ALONE_MS = 0.002;

/** What one product of a step computes. */
export interface Shape {
  layout: Layout;
  size: readonly [M: number, N: number, K: number];
  /** Operands in f16, where the step's are. */
  halves: { a: DType; b: DType };
}

/** Variants that may be quick on the adapter: barriers never are on a processor, and quads must be what they seem. */
export function candidates(device: Device, half = false): ProductVariant[] {
  return ableVariants({ quads: device.quads, barriers: !device.software }, meansOf(device, half));
}

function meansOf({ gpu, units }: Device, half: boolean): Means {
  return { workgroupMemory: gpu.limits.maxComputeWorkgroupStorageSize, units: half ? units : undefined };
}

/** So many, of those that are expected to be quickest, are timed on a GPU: compiling one takes longer than timing it. */
const LIKELY = 3;

/**
 * What is expected of an adapter once some products have been timed on it: the same as before, times what variants that ask as
 * much of it took longer than expected; where there are none, those that read the same way; or else all.
 */
export class Learnt {
  readonly #before: Expectation;
  /** Logarithms of measured over expected times. */
  readonly #ratios: { way: string; numbers: number; ratio: number }[] = [];

  constructor(fewRegisters: boolean) {
    this.#before = expectation(fewRegisters);
  }

  learn(name: ProductVariant, size: Shape['size'], ms: number): void {
    const ratio = Math.log((1000 * ms) / this.#before(name, size));
    if (Number.isFinite(ratio)) this.#ratios.push({ ...demandOf(name), ratio });
  }

  /** Microseconds. */
  readonly time: Expectation = (name, size) => {
    const { way, numbers } = demandOf(name);
    const alike = this.#ratios.filter((one) => one.way === way);
    const same = alike.filter((one) => one.numbers === numbers);
    const known = [same, alike, this.#ratios].find((some) => some.length > 0) ?? [];
    const mean = known.reduce((sum, { ratio }) => sum + ratio, 0) / Math.max(1, known.length);
    return Math.exp(mean) * this.#before(name, size);
  };
}

/**
 * The variants to time on a GPU. What is expected was measured on one; another may like registers better, or have few of them,
 * so on the largest product of each layout the best of those in registers and one with small tiles are tried too.
 */
function likelyOn(
  variants: readonly ProductVariant[],
  { layout, size }: Shape,
  largest: boolean,
  time: Expectation,
): ProductVariant[] {
  const ranked = quickestFirst(variants, layout, size, time);
  const others = [ranked.find((name) => name.startsWith('register')), 'shared32' as const];
  return [...new Set([...ranked.slice(0, LIKELY), ...(largest ? others : [])])].filter(
    (name): name is ProductVariant => name !== undefined && ranked.includes(name),
  );
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

/** Changes with the variants and their kernels: what was quickest among others may not be so any more. */
const GENERATION = 4;

/** Under which name choices are kept: what is quickest in f32 need not be so in f16. */
const memoryName = ({ name }: Device, half: boolean) => `${name}${half ? ', f16' : ''}, ${GENERATION}`;

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
 * what they would without being timed, and are timed when the next run of this model starts.
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
  const learnt = new Learnt(!device.manyRegisters);
  let variants = candidates(device, half);
  for (const [index, [key, shape]] of largestFirst.entries()) {
    const remembered = known[key];
    if (remembered && variants.includes(remembered)) {
      choices[key] = remembered;
      continue;
    }
    if (index > 0 && performance.now() - started > budget_ms) {
      left.push([key, shape]);
      continue;
    }
    progress?.(index, largestFirst.length);
    const largest = largestFirst.find(([, { layout }]) => layout === shape.layout)![0] === key;
    const likely = device.software ? variants : likelyOn(variants, shape, largest, learnt.time);
    const guesses = device.software ? [] : likely.map((name) => learnt.time(name, shape.size) / 1000);
    const timed = await timeVariants(device, shape, likely, half, guesses);
    for (const [i, name] of likely.entries()) learnt.learn(name, shape.size, timed[i]!);
    const times = timed.map((ms, i) => ms + ('split' in PRODUCT_VARIANTS[likely[i]!] ? ALONE_MS : 0));
    const best = Math.min(...times);
    choices[key] = likely[times.indexOf(best)]!;
    if (device.software && index === 0) variants = likely.filter((_, i) => times[i]! <= HOPELESS * best);
  }
  await memory?.keep(memoryName(device, half), { ...known, ...choices });
  for (const [key, { layout, size }] of left) {
    choices[key] = untimed(device, graph, layout, size, learnt.time);
  }
  return choices;
}

/** The choices for every product of `graph` without any being timed. */
export function untimedChoices(device: Device, graph: Graph): ProductChoices {
  const shapes = graph.dispatches.flatMap(partsOf).map(shapeOf);
  const time = expectation(!device.manyRegisters);
  return Object.fromEntries(
    shapes
      .filter((shape) => shape !== undefined)
      .map(({ layout, size }) => [productKey(layout, size), untimed(device, graph, layout, size, time)]),
  );
}

function untimed(device: Device, graph: Graph, layout: Layout, size: Shape['size'], time: Expectation): ProductVariant {
  return device.software
    ? choose(graph, layout, size)
    : expectedVariant(meansOf(device, graph.halves !== undefined), layout, size, time);
}

/** Milliseconds of each variant. The operands are zeros: no adapter multiplies these faster. */
async function timeVariants(
  device: Device,
  { layout, size, halves }: Shape,
  variants: ProductVariant[],
  half: boolean,
  guesses: readonly number[],
): Promise<number[]> {
  const [M, N, K] = size;
  const traits = traitsOf(device, {}, half ? 'f16' : 'f32'); // matrix units are there in f16 only
  const graph = new Graph(new ParameterLayout([]), traits, false);
  const a = graph.input('a', layout === 'TN' ? [K, M] : [M, K], halves.a);
  const b = graph.input('b', layout === 'NT' ? [N, K] : [K, N], halves.b);
  const out = graph.tensor('out', [M, N]);
  const firsts = variants.map((variant) => {
    const first = graph.dispatches.length;
    product(graph, { layout, shape: size, a, b, out }, variant);
    return first;
  });
  const arena = new Arena(device);
  try {
    arena.plan(graph);
    const { dispatches } = (await arena.compile()).get(graph)!;
    return await compareDispatches(
      device,
      firsts.map((first, i) => dispatches.slice(first, firsts[i + 1])),
      guesses,
    );
  } finally {
    arena.destroy();
  }
}
