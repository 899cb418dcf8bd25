import activationSource from '../../../shaders/activation.wgsl?raw';
import lanesSource from '../../../shaders/lanes.wgsl?raw';
import matvecSource from '../../../shaders/matvec.wgsl?raw';
import packedSource from '../../../shaders/matvec_packed.wgsl?raw';
import { fold } from '../../gpu/recording.ts';
import type { Graph } from '../graph.ts';
import type { Tensor } from '../tensor.ts';
import type { LinearOptions } from './linear.ts';
import { readMatrices } from './packed.ts';

/** The most rows that are better served by reading the matrix row by row than by a matrix product in tiles. */
export const FEW_ROWS = 4;

/** Workgroups that keep every core of a processor busy, where a row has one thread. */
const ENOUGH_WORKGROUPS = 4;
/** Multiplications that one core has done by the time that another has woken up to help. */
const ALONE = 2 ** 15;

/** How the results are shared out: `GROUPS` threads (or groups of LANES) a workgroup, with `COLUMNS` results each. */
function shareOut(lanes: number, pieces: number, { M, N, K }: { M: number; N: number; K: number }) {
  if (lanes > 1) {
    let LANES = lanes;
    while (LANES > 1 && LANES / 2 >= pieces) {
      LANES /= 2;
    }
    return { LANES, GROUPS: Math.max(1, 64 / LANES), COLUMNS: 1 };
  }
  // One thread reads COLUMNS rows of the matrix side by side; its sums should stay in registers.
  const COLUMNS = M <= 2 ? 8 : 4;
  const threads = Math.ceil(N / COLUMNS);
  const shared = Math.ceil(threads / 8) < ENOUGH_WORKGROUPS ? 4 : 8;
  const GROUPS = M * N * K <= ALONE ? Math.min(64, Math.max(4, 2 ** Math.ceil(Math.log2(threads)))) : shared;
  return { LANES: 1, GROUPS, COLUMNS };
}

/** `linear` for at most `FEW_ROWS` rows, forward only: the same result, in a time that the reading of the weight takes. */
export function matvec(graph: Graph, x: Tensor, weight: Tensor, options: LinearOptions = {}): Tensor {
  const [N, K] = weight.shape as [number, number];
  const M = x.size / K;
  const { bias, residual, activation } = options;
  const out = graph.tensor(`linear ${weight.name}`, [...x.shape.slice(0, -1), N]);
  const VEC4 = K % 4 === 0;
  const reading = readMatrices({ weight });
  const { PACKED } = reading.constants;
  const PIECES = PACKED ? Number(reading.constants.WORDS) : VEC4 ? K / 4 : K;
  const shape = shareOut(graph.traits.lanes, PIECES, { M, N, K });
  const constants = {
    M,
    N,
    VEC4,
    ...(PACKED ? { ...reading.constants, K, RAGGED: K % Number(reading.constants.PER_WORD) !== 0 } : { PIECES }),
    ...shape,
    REDUCE: shape.LANES > 1,
    BIAS: Boolean(bias),
    RESIDUAL: residual !== undefined,
    ACTIVATION: activation !== undefined,
    GELU: activation === 'gelu',
    GELU_TANH: activation === 'gelu_tanh',
    RELU: activation === 'relu',
  };
  graph.dispatch(
    {
      source:
        (activation ? activationSource : '') + lanesSource + reading.source + (PACKED ? packedSource : matvecSource),
      entry: PACKED ? 'matvec_packed' : 'matvec',
      constants,
    },
    { x, ...reading.bindings, ...(bias && { bias }), ...(residual && { residual }), out },
    fold(Math.ceil(N / (shape.GROUPS * shape.COLUMNS))),
  );
  return out;
}
