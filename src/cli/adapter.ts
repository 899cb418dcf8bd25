import { isSoftware } from '../gpu/device.ts';
import { InklingError } from '../gpu/errors.ts';

/** Dawn crashes when its instance is collected while a device lives, so it is kept until the process ends. */
let instance: GPU | undefined;

const DRIVER_HINT =
  process.platform === 'linux'
    ? 'Install a Vulkan driver (Debian and Ubuntu: apt-get install mesa-vulkan-drivers libvulkan1), or Chromium, which brings one that runs on the processor.'
    : 'Update the graphics driver.';

/** Nothing ever wakes who waits for it. */
const nothing = new Int32Array(new SharedArrayBuffer(4));

/**
 * While something is pending, Dawn asks for news in every turn of Node's event loop, without a pause, which takes a whole core
 * from an adapter that computes on the processor. So each turn rests for a millisecond. Where there are no turns, because
 * nothing is pending, there is no rest either, and the process may end.
 */
function rest(): void {
  Atomics.wait(nothing, 0, 0, 1);
  setImmediate(rest).unref();
}

/** What Dawn has but does not offer by itself: matrix units, which are not in the standard yet, and f16 on NVIDIA's GPUs. */
const EXPERIMENTAL = ['allow_unsafe_apis', 'vulkan_enable_f16_on_nvidia'];

/**
 * WebGPU in Node: Dawn, through the package `webgpu`. Also defines `GPUBufferUsage` and the like as globals.
 *
 * `experimental` allows what Dawn does not vouch for; what computes with it is compared with f32 first.
 *
 * The process still ends by itself once nothing is pending. Throws `no-webgpu` or `no-adapter`.
 */
export async function openGPU({ experimental = false } = {}): Promise<GPU> {
  if (instance) return instance;
  let dawn: typeof import('webgpu');
  try {
    dawn = await import('webgpu');
  } catch (error) {
    throw new InklingError(
      'no-webgpu',
      `WebGPU for Node cannot be loaded here: ${error instanceof Error ? error.message.split('\n')[0] : error}`,
      `The package “webgpu” serves Linux and Windows (x64, arm64) and macOS, with Node 20.19 or later; this is ${process.platform} ${process.arch}.`,
    );
  }
  Object.assign(globalThis, dawn.globals);
  const options = experimental ? [`enable-dawn-features=${EXPERIMENTAL.join(',')}`] : [];
  instance = dawn.create(options);
  let adapter = await instance.requestAdapter();
  const { INKLING_SPARE_DRIVER: spare } = process.env; // see set-up.mjs
  if (!adapter && spare) {
    process.env.VK_ICD_FILENAMES = spare;
    instance = dawn.create(options);
    adapter = await instance.requestAdapter();
  }
  if (!adapter) throw new InklingError('no-adapter', 'No graphics adapter was found.', DRIVER_HINT);
  // Windows cannot rest for less than 16 ms.
  if (isSoftware(adapter.info) && process.platform !== 'win32') rest();
  return instance;
}
