import type { Device } from '../gpu/device.ts';
import { InklingError } from '../gpu/errors.ts';

/** The GPU while no run goes on: lent to one piece of work at a time, so that none is measured or trained beside another. */
export class SpareTime {
  readonly #device: () => Promise<Device>;
  readonly #running: () => boolean;
  #lent = false;

  /** `running`: whether a run goes on. */
  constructor(device: () => Promise<Device>, running: () => boolean) {
    this.#device = device;
    this.#running = running;
  }

  /** Throws `still-training`, `gpu-busy`, and what `Graphics.open` throws. */
  async use<T>(work: (device: Device) => Promise<T>): Promise<T> {
    if (this.#running()) {
      throw new InklingError('still-training', 'A run is going on.', 'Pause or stop it first, or wait for its end.');
    }
    if (this.#lent) {
      throw new InklingError('gpu-busy', 'Another experiment or measurement is going on.', 'Wait for its end.');
    }
    this.#lent = true;
    try {
      return await work(await this.#device());
    } finally {
      this.#lent = false;
    }
  }
}
