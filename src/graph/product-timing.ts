import type { Device } from '../gpu/device.ts';
import { compareDispatches } from '../gpu/measure.ts';
import { Graph, partsOf } from './graph.ts';
import { choose, product as trace } from './operators/product.ts';
import { productKey } from './operators/product-variants.ts';
import { ParameterLayout } from './parameters.ts';
import { Arena } from './program.ts';
import { type Shape, shapeOf } from './tuner.ts';

/** Milliseconds of all products of a step, in the variants and the precision that `step` has. Zeros are multiplied. */
export async function timeProducts(device: Device, step: Graph): Promise<number> {
  const shapes = new Map<string, Shape & { count: number }>();
  for (const shape of step.dispatches
    .flatMap(partsOf)
    .map(shapeOf)
    .filter((shape) => shape !== undefined)) {
    const key = productKey(shape.layout, shape.size);
    shapes.set(key, { ...shape, count: (shapes.get(key)?.count ?? 0) + 1 });
  }
  let total = 0;
  for (const { layout, size, halves, count } of shapes.values()) {
    const [M, N, K] = size;
    const graph = new Graph(new ParameterLayout([]), step.traits, true);
    const [a, b] = [graph.input('a', [M, K], halves.a), graph.input('b', [K, N], halves.b)];
    const out = graph.tensor('out', [M, N]);
    trace(graph, { layout, shape: size, a, b, out }, choose(step, layout, size));
    const arena = new Arena(device);
    try {
      arena.plan(graph);
      const [ms] = await compareDispatches(device, [(await arena.compile()).get(graph)!.dispatches]);
      total += count * ms!;
    } finally {
      arena.destroy();
    }
  }
  return total;
}
