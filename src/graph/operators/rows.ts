import type { Graph } from '../graph.ts';

/**
 * How a kernel that treats rows is shaped: GROUPS rows a workgroup, LANES threads a row, `threads` or more in all.
 *
 * All are powers of two. More lanes than a row has numbers would idle, so narrow rows get fewer; and no workgroup has room for
 * more than `rows`, rounded up.
 * One lane needs no reduction (REDUCE).
 */
export function rowShape(
  graph: Graph,
  width: number,
  threads = 64,
  rows = Number.POSITIVE_INFINITY,
): { LANES: number; GROUPS: number; REDUCE: boolean } {
  let lanes = graph.traits.lanes;
  while (lanes > 1 && lanes / 2 >= width) {
    lanes /= 2;
  }
  return {
    LANES: lanes,
    GROUPS: Math.min(2 ** Math.ceil(Math.log2(rows)), Math.max(1, threads / lanes)),
    REDUCE: lanes > 1,
  };
}
