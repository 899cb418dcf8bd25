import type { Device } from '../gpu/device.ts';
import { Graph, partsOf } from './graph.ts';
import { narrow } from './operators/narrow.ts';
import { choose, product } from './operators/product.ts';
import {
  ableVariants,
  LAYOUTS,
  type Layout,
  PRODUCT_VARIANTS,
  type ProductVariant,
} from './operators/product-variants.ts';
import { ParameterLayout } from './parameters.ts';
import { Arena } from './program.ts';
import { traitsOf } from './traits.ts';
import { shapeOf } from './tuner.ts';

/** Products in f16 may differ from those in f32 by so much, as ‖a - b‖ / ‖b‖: the inputs are rounded to 11 bits, 3e-4. */
const TOLERANCE = 2e-3;
/**
 * Larger products than this, in each direction, are checked in part: the kernels only repeat themselves. Every variant's tiles
 * divide it, and sums of it are split where longer ones are; what a size has beyond whole tiles is kept.
 */
const LARGEST = 256;
const LARGEST_TILE = 128;
/** The size of the gradients that a step begins with: below what f16 holds to its full precision. */
const GRADIENT = 2e-5;

interface Check {
  layout: Layout;
  size: [M: number, N: number, K: number];
  variant: ProductVariant;
}

/** One product for each layout and variant that the step takes: the largest, cut to LARGEST. */
function checksOf(graph: Graph): Check[] {
  const checks = new Map<string, Check & { work: number }>();
  for (const dispatch of graph.dispatches.flatMap(partsOf)) {
    const shape = shapeOf(dispatch);
    if (!shape) continue;
    const { layout, size } = shape;
    const variant = choose(graph, layout, [...size]);
    const key = `${layout} ${variant}`;
    const work = size[0] * size[1] * size[2];
    if (work > (checks.get(key)?.work ?? 0)) {
      const cut = size.map((length) => Math.min(length, LARGEST + (length % LARGEST_TILE))) as [number, number, number];
      checks.set(key, { layout, size: cut, variant, work });
    }
  }
  return [...checks.values()];
}

/**
 * Numbers of both signs and many sizes, the same on every adapter, and without a pattern: sums in which much cancels out would
 * be off by more than what is looked for.
 */
function numbers(count: number, seed: number, scale: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: count }, (_, i) => {
    let bits = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(seed, 0x85ebca77);
    bits = Math.imul(bits ^ (bits >>> 15), 0x2c1b3c6d);
    bits = Math.imul(bits ^ (bits >>> 12), 0x297a2d39);
    const u = ((bits ^ (bits >>> 15)) >>> 0) / 2 ** 32;
    return scale * (2 * u - 1) * (0.1 + ((i * 7 + seed) % 13) / 6);
  });
}

function relativeError(actual: Float32Array, expected: Float32Array): number {
  let difference = 0;
  let norm = 0;
  for (const [i, value] of expected.entries()) {
    difference += (actual[i]! - value) ** 2;
    norm += value ** 2;
  }
  return Math.sqrt(difference / norm);
}

/**
 * Computes, on this device, the kinds of products that the step of `graph` takes, in f16 as it does and in f32, the
 * backward ones with gradients as small as a run's. Returns why they are not to be used, or null where they agree.
 *
 * Never throws: a kernel that does not compile is a reason too.
 */
export function whyNotHalf(device: Device, graph: Graph): Promise<string | null> {
  return firstFault(device, checksOf(graph));
}

/** The same for the matrix units, which are experimental: they are to be chosen only where all their variants agree. */
export function whyNotUnits(device: Device): Promise<string | null> {
  const size: Check['size'] = [70, 68, 292]; // of several stretches, where sums are split
  const variants = ableVariants({ quads: false, barriers: true }, { units: device.units }).filter(
    (name) => 'units' in PRODUCT_VARIANTS[name],
  );
  return firstFault(
    device,
    variants.flatMap((variant) =>
      LAYOUTS.filter((layout) => layout === 'TN' || !('split' in PRODUCT_VARIANTS[variant])).map((layout) => ({
        layout,
        size,
        variant,
      })),
    ),
  );
}

async function firstFault(device: Device, checks: readonly Check[]): Promise<string | null> {
  try {
    const errors = await Promise.all(checks.map((check) => compare(device, check))); // compiled side by side
    const wrong = errors.findIndex((error) => !(error <= TOLERANCE));
    if (wrong < 0) return null;
    const { layout, size, variant } = checks[wrong]!;
    return `its f16 product ${layout} ${size.join(' x ')} (${variant}) is off by ${errors[wrong]!.toExponential(1)}`;
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
  }
}

/** How far a product in f16 is from the one in f32. */
async function compare(device: Device, { layout, size, variant }: Check): Promise<number> {
  const [M, N, K] = size;
  const graph = new Graph(new ParameterLayout([]), traitsOf(device, {}, 'f16'), true);
  const backward = layout !== 'NT';
  const operand = (name: string, size: number) => graph.input(name, [4 * Math.ceil(size / 4)]); // for `narrow`
  const a = operand('a', M * K);
  const b = operand('b', K * N);
  const [half, full] = [graph.output(graph.tensor('half', [M, N])), graph.output(graph.tensor('full', [M, N]))];
  // Gradients, which only the backward pass has, stay in f32 in memory.
  const halves = { a: backward ? a : narrow(graph, a), b: narrow(graph, b) };
  product(graph, { layout, shape: size, ...halves, out: half }, variant);
  product(graph, { layout, shape: size, a, b, out: full }, 'register4');
  const arena = new Arena(device);
  try {
    arena.plan(graph);
    const program = (await arena.compile()).get(graph)!;
    program.write(a, numbers(a.size, 1, backward ? GRADIENT : 1));
    program.write(b, numbers(b.size, 2, 1));
    program.run();
    return relativeError(await program.read(half), await program.read(full));
  } finally {
    arena.destroy();
  }
}
