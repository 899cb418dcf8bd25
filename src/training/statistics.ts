import lanesSource from '../../shaders/lanes.wgsl?raw';
import statisticsSource from '../../shaders/statistics.wgsl?raw';
import type { Device } from '../gpu/device.ts';
import { InklingError } from '../gpu/errors.ts';
import { readTogether } from '../gpu/readback.ts';
import { fold } from '../gpu/recording.ts';
import { GRADIENTS, type Graph, PARAMETERS } from '../graph/graph.ts';
import type { ParameterLayout } from '../graph/parameters.ts';
import type { Arena, Program } from '../graph/program.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { TrainingConfig } from '../model/config.ts';

/**
 * Norms of every learnable tensor around one step, in the order of `names`. Over a run they tell how the tensors move:
 * `weight` and `moved` from initialisation on, `update` / `weight` from one step to the next.
 */
export interface StepNorms {
  /** The step that was made, counted from 1. */
  step: number;
  /** nanoGPT's names of the tensors. */
  names: string[];
  /** ‖g‖ before clipping; the root of the sum of their squares is the step's `grad_norm`. */
  grad: number[];
  /** ‖w after − w before‖ of this one step, with its clipping, decay and rate. */
  update: number[];
  /** ‖w‖ after the step. */
  weight: number[];
  /** ‖w − w₀‖ after the step, w₀ being what the run started from; null where that is not known any more. */
  moved: number[] | null;
}

const source = lanesSource + statisticsSource;

/** Buffers by name: where the tensors lie, the sums of the chunks, the norms of a step and those of the distance. */
const TENSORS = 'tensor places';
const SUMS = 'sums of chunks';
const NORMS = 'norms';
const DISTANCES = 'distances';

/** Elements whose squares one thread adds up, and bytes of its sum. */
const CHUNK = 64;
const SUM_BYTES = 16;
/** Into so many pieces the flat buffers are cut at most, so that each finds a place in memory that lies free. */
const PIECES = 16;
/** Elements of a piece are a multiple of this, so that its sums can be bound: 256 bytes of them. */
const PIECE_UNIT = CHUNK * (256 / SUM_BYTES);

/** Steps beside those of evaluations whose norms are taken: this one, and each at twice the step of the last. */
const FIRST_WATCHED = 10;

interface Piece {
  /** Elements. */
  from: number;
  size: number;
}

function piecesOf(layout: ParameterLayout): Piece[] {
  const elements = layout.bytes / 4;
  const size = PIECE_UNIT * Math.ceil(elements / PIECES / PIECE_UNIT);
  const pieces: Piece[] = [];
  for (let from = 0; from < elements; from += size) {
    pieces.push({ from, size: Math.min(size, elements - from) });
  }
  return pieces;
}

const flat = (graph: Graph, buffer: string, { from, size }: Piece): Tensor =>
  graph.region(buffer, buffer, [size], 'f32', 4 * from);

/** Appends the norms of all tensors to a graph, given what each piece of the weights was `before`. */
function traceNorms(graph: Graph, before: readonly Tensor[], into: string): void {
  const { layout, traits } = graph;
  const constants = { LANES: traits.lanes, GROUPS: 1, REDUCE: traits.lanes > 1 };
  const chunks = layout.bytes / 4 / CHUNK;
  for (const [index, piece] of piecesOf(layout).entries()) {
    graph.dispatch(
      { source, entry: 'sum_chunks', constants },
      {
        weights: flat(graph, PARAMETERS, piece),
        before: before[index]!,
        gradients: flat(graph, GRADIENTS, piece),
        sums: graph.region(SUMS, SUMS, [piece.size / CHUNK, 4], 'f32', (SUM_BYTES * piece.from) / CHUNK),
      },
      fold(Math.ceil(piece.size / CHUNK / 64)),
    );
  }
  graph.dispatch(
    { source, entry: 'sum_tensors', constants },
    {
      all_sums: graph.region(SUMS, SUMS, [chunks, 4]),
      tensors: graph.region(TENSORS, TENSORS, [layout.slots.size, 2], 'u32'),
      norms: graph.region(into, into, [layout.slots.size, 4]),
    },
    [layout.slots.size, 1, 1],
  );
}

/**
 * Fills an empty graph with the very dispatches and tensors of a training step, which ends with the update of the
 * weights, and with what watches it. What the weights were before is remembered in memory that the step no longer needs
 * by then. The step itself shares the watched one's memory plan.
 */
export function traceWatched(graph: Graph, step: Graph): void {
  const update = step.dispatches.at(-1);
  if (update?.kernel.entry !== 'update_parameters') {
    throw new InklingError('internal', `A step ends with update_parameters, not with ${update?.kernel.entry}.`);
  }
  graph.dispatches.push(...step.dispatches.slice(0, -1));
  const { lanes } = graph.traits;
  const constants = { LANES: lanes, GROUPS: 1, REDUCE: lanes > 1 };
  const before = piecesOf(graph.layout).map((piece, index) => {
    const copy = graph.tensor(`weights before ${index}`, [piece.size]);
    graph.dispatch(
      { source, entry: 'remember', constants },
      { weights: flat(graph, PARAMETERS, piece), copy },
      fold(Math.ceil(piece.size / 4 / 64)),
    );
    return copy;
  });
  graph.dispatches.push(update);
  traceNorms(graph, before, NORMS);
}

/** How far the weights are from others, which are written into the tensors that it returns, a piece each. */
export function traceDistance(graph: Graph): Tensor[] {
  const origin = piecesOf(graph.layout).map(({ size }, index) =>
    graph.output(graph.tensor(`first weights ${index}`, [size])),
  );
  traceNorms(graph, origin, DISTANCES);
  return origin;
}

/** Bytes of what the statistics keep; the rest lies in the memory of the step. */
export function statisticsBytes(layout: ParameterLayout): number {
  return SUM_BYTES * (layout.bytes / 4 / CHUNK) + layout.slots.size * (8 + 2 * SUM_BYTES);
}

export interface StatisticsOptions {
  device: Device;
  arena: Arena;
  training: TrainingConfig;
  /** Traced by `traceWatched` and `traceDistance`, and planned. */
  watched: Graph;
  distance: Graph;
  /** What `traceDistance` has returned. */
  origin: readonly Tensor[];
  /** The weights that the run started from, flat; asked for when they are first needed. */
  first: () => Promise<Float32Array<ArrayBuffer> | undefined>;
}

/** What a watched step takes, compiled. */
export interface Watching {
  /** The step. */
  watched: Program;
  distance: Program;
  /** The weights that the run started from. */
  first: Float32Array<ArrayBuffer> | undefined;
}

/** Takes the norms of some steps, which stay the steps that they would have been. */
export class Statistics {
  readonly #options: StatisticsOptions;
  #watching: Promise<Watching> | undefined;

  private constructor(options: StatisticsOptions) {
    this.#options = options;
  }

  /** Gives the graphs their buffers. */
  static async create(options: StatisticsOptions): Promise<Statistics> {
    const { device, arena, watched } = options;
    const { layout } = watched;
    const places = [...layout.slots.values()].map(({ offset, size }) => [offset / 4 / CHUNK, Math.ceil(size / CHUNK)]);
    const tensors = await arena.named(TENSORS, 8 * places.length);
    device.gpu.queue.writeBuffer(tensors, 0, Uint32Array.from(places.flat()));
    await arena.named(SUMS, SUM_BYTES * (layout.bytes / 4 / CHUNK));
    await arena.named(NORMS, SUM_BYTES * places.length);
    await arena.named(DISTANCES, SUM_BYTES * places.length);
    return new Statistics(options);
  }

  /** The next step after `step` whose norms are taken: at evaluations, and as often before as on a logarithmic axis. */
  nextDue(step: number): number {
    const { eval_interval, max_iters } = this.#options.training;
    const doublings = step < FIRST_WATCHED ? 0 : Math.floor(Math.log2(step / FIRST_WATCHED)) + 1;
    return Math.min(max_iters, FIRST_WATCHED * 2 ** doublings, (Math.floor(step / eval_interval) + 1) * eval_interval);
  }

  /** Compiles, once: while the first steps are made. */
  prepare(): Promise<Watching> {
    this.#watching ??= this.#prepare();
    this.#watching.catch(() => {}); // thrown where it is awaited
    return this.#watching;
  }

  async #prepare(): Promise<Watching> {
    const { arena, watched, distance, first } = this.#options;
    const programs = await arena.compile([watched, distance]);
    return { watched: programs.get(watched)!, distance: programs.get(distance)!, first: await first() };
  }

  /**
   * What the watched step that has just been submitted has written; to be called before anything else is submitted.
   * Resolves when the GPU has done it.
   */
  async take(step: number, { distance, first }: Watching): Promise<StepNorms> {
    const { device, arena, watched, origin } = this.#options;
    const names = [...watched.layout.slots.keys()];
    if (first) {
      for (const [index, { from, size }] of piecesOf(watched.layout).entries()) {
        distance.write(origin[index]!, first.subarray(from, from + size));
      }
      distance.run();
    }
    const buffers = [NORMS, ...(first ? [DISTANCES] : [])].map((name) => arena.buffer(name));
    const [norms, distances] = await readTogether(device.gpu, buffers, 0, SUM_BYTES * names.length);
    const roots = (bytes: ArrayBuffer, column: number) => {
      const sums = new Float32Array(bytes);
      return names.map((_, tensor) => Math.sqrt(sums[4 * tensor + column]!));
    };
    const [grad, update, weight] = [0, 1, 2].map((column) => roots(norms!, column)) as [number[], number[], number[]];
    return { step, names, grad, update, weight, moved: distances ? roots(distances, 1) : null };
  }
}
