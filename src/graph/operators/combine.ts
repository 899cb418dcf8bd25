import source from '../../../shaders/combine.wgsl?raw';
import { fold } from '../../gpu/recording.ts';
import type { Graph } from '../graph.ts';
import type { Tensor } from '../tensor.ts';

/** Parts (PARTS, ...) whose sum goes to `out`. */
export interface Parts {
  parts: Tensor;
  out: Tensor;
  accumulate: boolean;
}

/** Adds up parts, and with `second` those of another array, zero in the part [from, to) that is idle, in one dispatch. */
export function combine(
  graph: Graph,
  { parts, out, accumulate }: Parts,
  second?: Parts & { idle?: readonly [from: number, to: number] | undefined },
): void {
  const VEC4 = out.size % 4 === 0;
  const SIZE = VEC4 ? out.size / 4 : out.size;
  const SECOND_SIZE = second?.out.size ?? 0;
  const constants = {
    SIZE,
    SECOND_SIZE,
    PARTS: parts.size / out.size,
    VEC4,
    ACCUMULATE: accumulate,
    SECOND: second !== undefined,
    SECOND_ACCUMULATE: second?.accumulate === true,
    IDLE_FROM: second?.idle?.[0] ?? 0,
    IDLE_TO: second?.idle?.[1] ?? 0,
  };
  graph.dispatch(
    { source, entry: 'combine', constants },
    { parts, out, ...(second && { second_parts: second.parts, second_out: second.out }) },
    fold(Math.ceil((SIZE + SECOND_SIZE) / 64)),
  );
}
