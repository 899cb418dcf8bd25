import type { Device } from '../gpu/device.ts';
import { InklingError } from '../gpu/errors.ts';

/** The GPU while no run goes on: lent to one piece of work at a time, so that none is measured or trained beside another. */
export class SpareTime {
  readonly #device: () => Promise<Device>;
  readonly #running: () => boolean;
  #lent = false;
  #work: Promise<unknown> = Promise.resolve();
  /** Counts what has been asked of `fill`. */
  #filled = 0;

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
    const done = this.#device().then(work);
    this.#work = done.catch(() => {});
    try {
      return await done;
    } finally {
      this.#lent = false;
    }
  }

  /** Resolves when what the GPU is lent to now has ended. */
  async returned(): Promise<void> {
    await this.#work;
  }

  /**
   * Does what nobody waits for: `free` tells the work whether it may go on, and it may not once a run is prepared or goes on,
   * the GPU is lent or something newer fills the time. Answers what the work does, or false where it may not begin.
   */
  async fill(work: (device: Device, free: () => boolean) => Promise<boolean>): Promise<boolean> {
    const mine = ++this.#filled;
    const device = await this.#device();
    const free = () => mine === this.#filled && !this.#lent && !this.#running();
    return free() && work(device, free);
  }
}
