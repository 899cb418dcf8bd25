import type { Graph } from '../graph.ts';

/** Threads of a workgroup where each has a row of its own: few, as every core is to have workgroups enough. */
const FEW_THREADS = 16;

/**
 * How a kernel that treats rows is shaped: GROUPS rows a workgroup, LANES threads a row.
 *
 * All are powers of two. More lanes than a row has numbers would idle, so narrow rows get fewer; and no workgroup has room for
 * more than `rows`, rounded up.
 * One lane needs no reduction (REDUCE).
 */
export function rowShape(
  graph: Graph,
  width: number,
  rows = Number.POSITIVE_INFINITY,
): { LANES: number; GROUPS: number; REDUCE: boolean } {
  let lanes = graph.traits.lanes;
  const threads = lanes > 1 ? 64 : FEW_THREADS;
  while (lanes > 1 && lanes / 2 >= width) {
    lanes /= 2;
  }
  return {
    LANES: lanes,
    GROUPS: Math.min(2 ** Math.ceil(Math.log2(rows)), Math.max(1, threads / lanes)),
    REDUCE: lanes > 1,
  };
}

/**
 * Parts that a sum over `rows` is split into: on a GPU, which would otherwise have too little to do, of about `length` rows where
 * there are several such parts.
 */
export function chunksOf(graph: Graph, rows: number, length: number): number {
  return graph.traits.lanes > 1 && rows >= 4 * length ? Math.ceil(rows / length) : 1;
}
