import { arrived } from './arrival.ts';

/** Copies `bytes` of a buffer to the CPU at once: for results that are worth waiting for, never for the step loop. */
export async function readBuffer(
  device: GPUDevice,
  buffer: GPUBuffer,
  offset: number,
  bytes: number,
): Promise<ArrayBuffer> {
  return (await readTogether(device, [buffer], offset, bytes))[0]!;
}

/**
 * Copies the same range of several buffers to the CPU, all as they are after the work that has been submitted so far,
 * whatever is submitted next.
 */
export async function readTogether(
  device: GPUDevice,
  buffers: readonly GPUBuffer[],
  offset: number,
  bytes: number,
): Promise<ArrayBuffer[]> {
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
  const encoder = device.createCommandEncoder();
  const copies = buffers.map((buffer) => {
    const staging = device.createBuffer({ label: 'read', size: bytes, usage });
    encoder.copyBufferToBuffer(buffer, offset, staging, 0, bytes);
    return staging;
  });
  device.queue.submit([encoder.finish()]);
  try {
    const mapped = copies.map((staging) => staging.mapAsync(GPUMapMode.READ));
    await arrived(device, Promise.all(mapped)); // the CPU waits for the GPU
    return copies.map((staging) => staging.getMappedRange().slice(0));
  } finally {
    for (const staging of copies) staging.destroy();
  }
}

/**
 * A few staging buffers used in turn: results of one submit are mapped while the next ones are already queued.
 * Nothing is created after the constructor.
 */
export class ReadbackRing {
  readonly #device: GPUDevice;
  readonly #free: GPUBuffer[] = [];
  readonly #all: GPUBuffer[] = [];

  /** `slots` buffers of `bytes` each: as many submits may be in flight. */
  constructor(device: GPUDevice, slots: number, bytes: number) {
    this.#device = device;
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    for (let slot = 0; slot < slots; slot++) {
      this.#all.push(device.createBuffer({ label: `readback ${slot}`, size: bytes, usage }));
    }
    this.#free.push(...this.#all);
  }

  /**
   * Ends `encoder` with copies of `ranges` of `source` (one after the other), submits it, and resolves with the copied
   * bytes when the GPU has done all of it. At most `slots` submits may be pending at a time.
   */
  async submit(
    encoder: GPUCommandEncoder,
    source: GPUBuffer,
    ranges: readonly { offset: number; bytes: number }[],
  ): Promise<ArrayBuffer> {
    const staging = this.#free.pop();
    if (!staging) {
      throw new Error('readback ring: no free buffer');
    }
    let end = 0;
    for (const { offset, bytes } of ranges) {
      encoder.copyBufferToBuffer(source, offset, staging, end, bytes);
      end += bytes;
    }
    this.#device.queue.submit([encoder.finish()]);
    try {
      await arrived(this.#device, staging.mapAsync(GPUMapMode.READ, 0, end));
      const bytes = staging.getMappedRange(0, end).slice(0);
      staging.unmap();
      return bytes;
    } finally {
      this.#free.push(staging);
    }
  }

  destroy(): void {
    for (const buffer of this.#all) {
      buffer.destroy();
    }
  }
}
