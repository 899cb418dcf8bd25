import type { Graph } from '../graph.ts';

/**
 * How a kernel that treats rows is shaped: GROUPS rows a workgroup, LANES threads a row, 64 threads or more in all.
 *
 * More lanes than a row has numbers would idle, so narrow rows get fewer. One lane needs no reduction (REDUCE).
 */
export function rowShape(graph: Graph, width: number): { LANES: number; GROUPS: number; REDUCE: boolean } {
  let lanes = graph.traits.lanes;
  while (lanes > 1 && lanes / 2 >= width) {
    lanes /= 2;
  }
  return { LANES: lanes, GROUPS: Math.max(1, 64 / lanes), REDUCE: lanes > 1 };
}
