import { type Device, deviceLoss, lossSoon, openDevice } from '../gpu/device.ts';
import { InklingError } from '../gpu/errors.ts';
import type { Failure } from './messages.ts';

/** How long, and how often, a new device is asked for after one was lost: the browser's GPU process has to come back. */
const REOPEN_MS = 10_000;
const REOPEN_EVERY_MS = 250;

/** The one device, asked for when it is needed; never two at a time. */
export class Graphics {
  readonly #gpu: GPU | undefined;
  readonly #secure: boolean;
  readonly #onLost: (loss: InklingError) => void;
  readonly #onError: (failure: Failure) => void;
  #device: Promise<Device> | undefined;

  /** `onLost` hears when the device in use is gone, `onError` what it reports outside of any answer. */
  constructor(
    gpu: GPU | undefined,
    secure: boolean,
    onLost: (loss: InklingError) => void,
    onError: (failure: Failure) => void,
  ) {
    this.#gpu = gpu;
    this.#secure = secure;
    this.#onLost = onLost;
    this.#onError = onError;
  }

  /** Throws `insecure-context`, `no-webgpu`, `no-adapter` or `no-device`. */
  open(): Promise<Device> {
    if (!this.#device) {
      const asked = this.#ask();
      this.#device = asked;
      const forget = () => {
        if (this.#device === asked) this.#device = undefined; // the next asking may be luckier
      };
      asked.then(async (device) => {
        const loss = await deviceLoss(device);
        const inUse = this.#device === asked;
        forget();
        if (inUse) this.#onLost(loss);
      }, forget);
    }
    return this.#device;
  }

  /** A device after one was lost. Throws what `open` throws, when it has thrown it for a while. */
  async reopen(): Promise<Device> {
    for (const end = performance.now() + REOPEN_MS; ; ) {
      try {
        return await this.open();
      } catch (error) {
        if (performance.now() > end) throw error;
        await new Promise((resolve) => setTimeout(resolve, REOPEN_EVERY_MS));
      }
    }
  }

  /** Waits a moment for the loss of the device, if that is what has gone wrong. */
  async lossSoon(): Promise<void> {
    const device = await this.#device?.catch(() => undefined);
    if (device) await lossSoon(device);
  }

  async #ask(): Promise<Device> {
    if (!this.#secure) {
      throw new InklingError(
        'insecure-context',
        'This page was not loaded securely, and browsers give WebGPU to secure pages only.',
        'Open it by https://, or from localhost.',
      );
    }
    if (!this.#gpu) {
      throw new InklingError(
        'no-webgpu',
        'This browser has no WebGPU.',
        'Use a current Chrome, Edge, Firefox or Safari. On Linux, Chrome may need the flag --enable-unsafe-webgpu, and Firefox dom.webgpu.enabled in about:config.',
      );
    }
    const device = await openDevice(this.#gpu);
    device.gpu.addEventListener('uncapturederror', async ({ error }) => {
      if (await lossSoon(device)) return; // what fails on a lost device is told as its loss
      const memory = error instanceof GPUOutOfMemoryError;
      this.#onError({
        code: memory ? 'out-of-memory' : 'internal',
        message: memory ? 'The GPU has run out of memory.' : error.message,
        hint: memory
          ? 'Close other pages that use the GPU, or start a run with a smaller model, batch or context.'
          : 'Stop the run and start it again.',
      });
    });
    return device;
  }
}
