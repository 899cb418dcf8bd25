import { type Device, guarded } from '../gpu/device.ts';
import { InklingError } from '../gpu/errors.ts';
import { type Kernel, SIZES, sizesOf } from '../gpu/kernel.ts';
import { readBuffer } from '../gpu/readback.ts';
import { type RecordedDispatch, replay } from '../gpu/recording.ts';
import { unitsOf } from '../gpu/work-limit.ts';
import type { Dispatch, Graph } from './graph.ts';
import { MemoryPlan, type Slot } from './plan.ts';
import type { Tensor } from './tensor.ts';
import { bytesOf, flopsOf } from './work.ts';

/**
 * Refuses a buffer that the adapter's limits do not allow. `what` names it in the message.
 *
 * Throws `too-large`.
 */
export function requireFits(device: Device, bytes: number, what: string): void {
  const { maxBufferSize, maxStorageBufferBindingSize } = device.gpu.limits;
  const most = Math.min(maxBufferSize, maxStorageBufferBindingSize);
  if (bytes > most) {
    const mib = (n: number) => `${Math.ceil(n / 2 ** 20).toLocaleString('en-US')} MiB`;
    throw new InklingError(
      'too-large',
      `The model is too large for ${device.name}: ${what} need a buffer of ${mib(bytes)}, and it allows ${mib(most)}.`,
      'Take fewer layers, a smaller width, context or batch.',
    );
  }
}

/**
 * Gives every tensor a buffer and every dispatch its bind group.
 *
 * Graphs that never run at the same moment (a training step, an evaluation, a generation step) share one arena:
 * all are planned first, then memory is allocated once, then each is recorded.
 */
export class Arena {
  readonly #device: Device;
  readonly #memory = new MemoryPlan();
  readonly #slots = new Map<Slot, GPUBuffer>();
  readonly #own = new Map<Tensor, GPUBuffer>();
  readonly #named = new Map<string, GPUBuffer>();
  readonly #lent = new Map<string, GPUBuffer>();
  /** What kernels are told as they run, by what it says. */
  readonly #sizes = new Map<string, Promise<GPUBuffer>>();
  /** Bytes in all buffers that this arena holds. */
  bytes = 0;

  constructor(device: Device) {
    this.#device = device;
  }

  /** Gives the graph's pooled tensors their places; see `MemoryPlan`. */
  plan(graph: Graph): void {
    this.#memory.plan(graph);
  }

  /** Gives a graph, whose tensors are all among those of a planned one, the same places. */
  share(graph: Graph, planned: Graph): void {
    this.#memory.share(graph, planned);
  }

  /** A buffer that outlives any one graph and is found by name, zero at first. */
  async named(name: string, bytes: number): Promise<GPUBuffer> {
    const buffer = await this.#create(name, bytes);
    this.#named.set(name, buffer);
    return buffer;
  }

  /** A buffer of somebody else's, found by name like the others; it is not destroyed with them. */
  borrow(name: string, buffer: GPUBuffer): void {
    this.#lent.set(name, buffer);
  }

  buffer(name: string): GPUBuffer {
    const buffer = this.#named.get(name) ?? this.#lent.get(name);
    if (!buffer) {
      throw new InklingError('internal', `There is no buffer “${name}”.`);
    }
    return buffer;
  }

  /** Creates the memory of every planned graph, and compiles the kernels of all or of those given; the others can follow. */
  async compile(graphs: readonly Graph[] = this.#memory.graphs): Promise<Map<Graph, Program>> {
    for (const [index, slot] of this.#memory.close().entries()) {
      if (!this.#slots.has(slot)) {
        this.#slots.set(slot, await this.#create(`activations ${index}`, slot.bytes));
      }
    }
    for (const tensor of graphs.flatMap((graph) => graph.inputs)) {
      if (!this.#own.has(tensor)) {
        this.#own.set(tensor, await this.#create(tensor.name, tensor.bytes));
      }
    }
    const recorded = await Promise.all(graphs.map((graph) => this.#record(graph)));
    return new Map(graphs.map((graph, index) => [graph, new Program(this.#device, recorded[index]!, this, graph)]));
  }

  /** The memory behind a tensor of a planned graph. */
  locate(graph: Graph, tensor: Tensor): GPUBufferBinding & { offset: number; size: number } {
    const { place, bytes } = tensor;
    const buffer =
      place.kind === 'region'
        ? this.buffer(place.buffer)
        : place.kind === 'own'
          ? this.#own.get(tensor)
          : this.#slots.get(this.#memory.slot(graph, tensor)!);
    if (!buffer) {
      throw new InklingError('internal', `${tensor} has no memory: no dispatch of its graph touches it.`);
    }
    return { buffer, offset: place.kind === 'region' ? place.offset : 0, size: bytes };
  }

  destroy(): void {
    for (const buffer of [...this.#named.values(), ...this.#own.values(), ...this.#slots.values()]) {
      buffer.destroy();
    }
    for (const sizes of this.#sizes.values()) {
      void sizes.then(
        (buffer) => buffer.destroy(),
        () => undefined, // whoever asked for it was told
      );
    }
  }

  async #create(label: string, bytes: number): Promise<GPUBuffer> {
    requireFits(this.#device, bytes, label);
    const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const usage = STORAGE | UNIFORM | COPY_SRC | COPY_DST; // the shader says as which of the two it reads it
    const size = Math.ceil(bytes / 16) * 16;
    const buffer = await guarded(this.#device.gpu, label, () => this.#device.gpu.createBuffer({ label, size, usage }));
    this.bytes += size;
    return buffer;
  }

  async #sizesFor(kernel: Kernel): Promise<GPUBufferBinding | undefined> {
    const sizes = sizesOf(kernel);
    if (!sizes) return undefined;
    const key = String(sizes);
    let buffer = this.#sizes.get(key);
    if (!buffer) {
      buffer = this.#create(SIZES, sizes.byteLength);
      this.#sizes.set(key, buffer);
      this.#device.gpu.queue.writeBuffer(await buffer, 0, sizes);
    }
    return { buffer: await buffer };
  }

  #record(graph: Graph): Promise<RecordedDispatch[]> {
    return Promise.all(graph.dispatches.map((dispatch) => this.#recordOne(graph, dispatch)));
  }

  async #recordOne(graph: Graph, { kernel, bindings, workgroups }: Dispatch): Promise<RecordedDispatch> {
    const { pipeline, layout, declarations } = await this.#device.pipelines.get(kernel, Object.keys(bindings));
    const sizes = await this.#sizesFor(kernel);
    const resources: Record<string, GPUBufferBinding> = Object.fromEntries(
      Object.entries(bindings).map(([name, tensor]) => [name, this.locate(graph, tensor)]),
    );
    if (sizes) resources[SIZES] = sizes;
    const entries = Object.entries(resources).map(([name, resource]) => ({
      binding: declarations.get(name)!.binding,
      resource,
    }));
    const tensors = Object.entries(bindings).map(([name, tensor]) => `${name} = ${tensor}`);
    const bindGroup = await guarded(this.#device.gpu, `${kernel.entry}: ${tensors.join(', ')}`, () =>
      this.#device.gpu.createBindGroup({ label: kernel.entry, layout, entries }),
    );
    return { label: kernel.entry, pipeline, bindGroup, workgroups };
  }
}

/** A compiled graph: a flat list of dispatches, ready to be replayed. */
export class Program {
  readonly dispatches: readonly RecordedDispatch[];
  /** Units of work of one run; see `WorkLimit`. */
  readonly units: number;
  /** Submits that `record` has made. */
  submits = 0;
  readonly #device: Device;
  readonly #arena: Arena;
  readonly #graph: Graph;
  readonly #unitsOfEach: readonly number[];

  constructor(device: Device, dispatches: readonly RecordedDispatch[], arena: Arena, graph: Graph) {
    this.#device = device;
    this.dispatches = dispatches;
    this.#arena = arena;
    this.#graph = graph;
    this.#unitsOfEach = graph.dispatches.map((dispatch) => unitsOf(flopsOf(dispatch), bytesOf(dispatch)));
    this.units = this.#unitsOfEach.reduce((sum, units) => sum + units, 0);
  }

  /** Appends one run to a pass. */
  encode(pass: GPUComputePassEncoder): void {
    replay(pass, this.dispatches);
  }

  /**
   * Encodes `times` runs, for the caller to submit, in one pass where the device may be given so much at once. Where not, all but
   * the last part is submitted here.
   */
  record(times = 1): GPUCommandEncoder {
    const { gpu, limit } = this.#device;
    const most = limit.most;
    let encoder = gpu.createCommandEncoder();
    let pass = encoder.beginComputePass();
    let units = 0;
    const begin = (next: number) => {
      if (units > 0 && units + next > most) {
        pass.end();
        gpu.queue.submit([encoder.finish()]);
        this.submits += 1;
        encoder = gpu.createCommandEncoder();
        pass = encoder.beginComputePass();
        units = 0;
      }
      units += next;
    };
    for (let i = 0; i < times; i++) {
      if (this.units <= most) {
        begin(this.units);
        this.encode(pass);
      } else {
        for (const [index, dispatch] of this.dispatches.entries()) {
          begin(this.#unitsOfEach[index]!);
          replay(pass, [dispatch]);
        }
      }
    }
    pass.end();
    return encoder;
  }

  /** Submits one run, or several one after the other. */
  run(times = 1): void {
    this.#device.gpu.queue.submit([this.record(times).finish()]);
  }

  /** Uploads an input's or a parameter's values. */
  write(tensor: Tensor, data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): void {
    if (data.length !== tensor.size) {
      throw new InklingError('internal', `${tensor} takes ${tensor.size} numbers, not ${data.length}.`);
    }
    const { buffer, offset } = this.#arena.locate(this.#graph, tensor);
    this.#device.gpu.queue.writeBuffer(buffer, offset, data);
  }

  /** Reads a tensor back. Pooled tensors must have been marked with `Graph.output`. */
  async read(tensor: Tensor): Promise<Float32Array<ArrayBuffer>> {
    const { buffer, offset, size } = this.#arena.locate(this.#graph, tensor);
    return new Float32Array(await readBuffer(this.#device.gpu, buffer, offset, size));
  }
}
