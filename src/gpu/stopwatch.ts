import { arrived } from './arrival.ts';

/** Times passes by the GPU's own clock (timestamp query), one at a time. */
export class Stopwatch {
  /** For the pass that is to be timed. */
  readonly pass: GPUComputePassDescriptor;
  readonly #device: GPUDevice;
  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #staging: GPUBuffer;
  /** From when it is taken to when it has been read. */
  busy = false;

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#queries = device.createQuerySet({ label: 'stopwatch', type: 'timestamp', count: 2 });
    const usage = GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC;
    this.#resolved = device.createBuffer({ label: 'stopwatch', size: 16, usage });
    const read = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    this.#staging = device.createBuffer({ label: 'stopwatch read', size: 16, usage: read });
    const querySet = this.#queries;
    this.pass = { timestampWrites: { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 } };
  }

  /** Ends the encoder's work with a copy of the times. */
  stop(encoder: GPUCommandEncoder): void {
    encoder.resolveQuerySet(this.#queries, 0, 2, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#staging, 0, 16);
  }

  /** Milliseconds that the pass took. May be nonsense: not every driver's clock is right. */
  async read(): Promise<number> {
    try {
      await arrived(this.#device, this.#staging.mapAsync(GPUMapMode.READ)); // the CPU waits for the GPU
      const [began, ended] = new BigUint64Array(this.#staging.getMappedRange());
      const ms = Number(ended! - began!) / 1e6;
      this.#staging.unmap();
      return ms;
    } finally {
      this.busy = false;
    }
  }
}

const stopwatches = new WeakMap<GPUDevice, Stopwatch>();

/** Takes the device's stopwatch, where it has timestamp queries and nobody else is timing; `read` gives it back. */
export function takeStopwatch(device: GPUDevice): Stopwatch | undefined {
  if (!device.features.has('timestamp-query')) return undefined;
  const stopwatch = stopwatches.get(device) ?? new Stopwatch(device);
  stopwatches.set(device, stopwatch);
  if (stopwatch.busy) return undefined;
  stopwatch.busy = true;
  return stopwatch;
}
