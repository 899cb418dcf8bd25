import source from '../../../shaders/narrow.wgsl?raw';
import { fold } from '../../gpu/recording.ts';
import { type Graph, HALF_PLACES, HALVES, PARAMETERS } from '../graph.ts';
import type { Tensor } from '../tensor.ts';

function dispatch(graph: Graph, original: Tensor, narrowed: Tensor, places?: Tensor): void {
  const VECTORS = Math.ceil(original.size / 4);
  const constants = { VECTORS, PLACES: places !== undefined };
  graph.dispatch(
    { source, entry: 'narrow', constants },
    { original, ...(places && { places }), narrowed },
    fold(Math.ceil(VECTORS / 64)),
  );
}

/** Makes the copy of all matrices in f16 that the products of this graph read. */
export function narrowMatrices(graph: Graph): void {
  const { halves, layout } = graph;
  if (!halves || halves.places.length === 0) return;
  const original = graph.region(PARAMETERS, 'matrices', [layout.decayed]);
  const places = graph.region(HALF_PLACES, HALF_PLACES, [halves.places.length], 'u32');
  dispatch(graph, original, graph.region(HALVES, HALVES, [halves.bytes / 2], 'f16'), places);
}

/** x in f16; its size must be a multiple of four. Not differentiable. */
export function narrow(graph: Graph, x: Tensor): Tensor {
  const out = graph.tensor(`${x.name} in f16`, x.shape, 'f16');
  dispatch(graph, x, out);
  return out;
}
