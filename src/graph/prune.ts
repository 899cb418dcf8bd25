import type { Graph } from './graph.ts';
import type { Tensor } from './tensor.ts';

/**
 * Takes out the dispatches that nobody needs: those that write only intermediate results which no later dispatch reads and
 * which are no outputs. What stays in memory after a run is as it was.
 */
export function prune(graph: Graph): void {
  const needed = new Set<Tensor>(graph.outputs);
  const kept = graph.dispatches.toReversed().filter(({ bindings, writes }) => {
    const tensors = Object.entries(bindings);
    const useful = tensors.some(([name, tensor]) => {
      return writes.has(name) && (tensor.place.kind !== 'pooled' || needed.has(tensor));
    });
    if (useful) {
      for (const [, tensor] of tensors) {
        needed.add(tensor);
      }
    }
    return useful;
  });
  graph.dispatches.splice(0, graph.dispatches.length, ...kept.reverse());
}
