import type { Constant } from '../gpu/kernel.ts';
import type { Graph } from '../graph/graph.ts';
import { RECORD_NUMBERS } from '../graph/operators/window.ts';
import type { PackedLayout } from '../graph/packed.ts';
import { MemoryPlan, type Slot } from '../graph/plan.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { GPTConfig } from '../model/config.ts';
import { layoutOf } from '../model/parameters.ts';
import { DRAWN_RING, traceDecoder } from './decoder.ts';
import { mentioned, narrowSource } from './narrow-source.ts';

/** A kernel of a recorded decoder: the number of its source, its entry point, its constants, and what it is bound to. */
export type RecordedKernel = readonly [
  source: number,
  entry: string,
  constants: Readonly<Record<string, Constant>>,
  names: readonly string[],
];

/** A launch: its kernel, its workgroups along x and y, and for each name of the kernel a buffer, an offset and bytes. */
export type RecordedLaunch = readonly [kernel: number, x: number, y: number, ...places: number[]];

/** A decoder for one kind of adapter. */
export interface RecordedProgram {
  /** Bytes of each buffer; the first holds the weights. */
  readonly buffers: readonly number[];
  /** Numbers of the buffers that a text is begun with and read from. */
  /** Draws that `drawn` remembers, draw n at n % ring, and numbers of each, of which the first is the token. */
  readonly ring: number;
  readonly record: number;
  readonly named: Readonly<Record<'state' | 'history' | 'options' | 'latest' | 'drawn', number>>;
  readonly launches: readonly RecordedLaunch[];
  /** Numbers of the launches that read the last token of the window and draw the next one. */
  readonly step: readonly number[];
  /** Of those that only read the next one. */
  readonly read: readonly number[];
}

/** What a model does when it writes, as data: traced and planned, so that a few lines can replay it on any GPU. */
export interface RecordedDecoder {
  /** WGSL, as `specialise` takes it. */
  readonly sources: readonly string[];
  readonly kernels: readonly RecordedKernel[];
  /** With one thread a row for processors, and with many for GPUs. */
  readonly programs: { readonly software: RecordedProgram; readonly gpu: RecordedProgram };
}

/** Threads a row on a GPU, as `traitsOf` has them. */
const LANES = { software: 1, gpu: 32 } as const;

/** Gives each thing that is put in a number, equal things the same one. */
class Numbered<T> {
  readonly all: T[] = [];
  readonly #numbers = new Map<string, number>();

  number(thing: T): number {
    const key = JSON.stringify(thing);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.all.length);
    this.all.push(thing);
    return this.all.length - 1;
  }
}

/** Records the decoder of a model, with weights that are packed or not. */
export function recordDecoder(config: GPTConfig, packing?: PackedLayout): RecordedDecoder {
  const sources = new Numbered<string>();
  const kernels = new Numbered<RecordedKernel>();
  const record = (lanes: number): RecordedProgram => {
    const layout = layoutOf(config);
    const decoder = traceDecoder(config, layout, { lanes }, { packing, weights: 'weights' });
    const memory = new MemoryPlan();
    memory.plan(decoder.step);
    memory.plan(decoder.readRow);
    const slots = memory.close();
    const names = ['weights', ...decoder.buffers.keys()];
    const place = (graph: Graph, tensor: Tensor) => {
      if (tensor.place.kind === 'region') return [names.indexOf(tensor.place.buffer), tensor.place.offset] as const;
      return [names.length + slots.indexOf(memory.slot(graph, tensor) as Slot), 0] as const;
    };
    const launches = new Numbered<RecordedLaunch>();
    const numbers = (graph: Graph) =>
      graph.dispatches.map(({ kernel: { source, entry, constants }, bindings, workgroups: [x, y] }) => {
        const kernel = kernels.number([sources.number(source), entry, constants, Object.keys(bindings)]);
        const places = Object.values(bindings).flatMap((tensor) => [...place(graph, tensor), tensor.bytes]);
        return launches.number([kernel, x, y, ...places]);
      });
    const step = numbers(decoder.step);
    const read = numbers(decoder.readRow);
    const number = (name: string) => names.indexOf(name);
    const { state, history, options, latest, drawn } = decoder.names;
    return {
      buffers: [
        (packing ?? layout).bytes,
        ...decoder.buffers.values(),
        ...slots.map(({ bytes }) => Math.ceil(bytes / 16) * 16),
      ],
      ring: DRAWN_RING,
      record: RECORD_NUMBERS,
      named: {
        state: number(state),
        history: number(history),
        options: number(options),
        latest: number(latest),
        drawn: number(drawn),
      },
      launches: launches.all,
      step,
      read,
    };
  };
  const programs = { software: record(LANES.software), gpu: record(LANES.gpu) };
  const narrowed = sources.all.map((source, number) => {
    const uses = kernels.all.filter(([used]) => used === number);
    const entries = new Set(uses.map(([, entry]) => entry));
    return narrowSource(
      source,
      entries,
      uses.map(([, , constants]) => constants),
    );
  });
  const needed = kernels.all.map(
    ([source, entry, constants, names]): RecordedKernel => [
      source,
      entry,
      mentioned(narrowed[source]!, constants),
      names,
    ],
  );
  return { sources: narrowed, kernels: needed, programs };
}
