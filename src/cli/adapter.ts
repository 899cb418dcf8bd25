import { InklingError } from '../gpu/errors.ts';

/** Dawn crashes when its instance is collected while a device lives, so it is kept until the process ends. */
let instance: GPU | undefined;

const DRIVER_HINT =
  process.platform === 'linux'
    ? 'Install a Vulkan driver (Debian and Ubuntu: apt-get install mesa-vulkan-drivers libvulkan1), or Chromium, which brings one that runs on the processor.'
    : 'Update the graphics driver.';

/**
 * WebGPU in Node: Dawn, through the package `webgpu`. Also defines `GPUBufferUsage` and the like as globals.
 *
 * `experimental` allows features that are not in the standard yet: matrix units.
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
  instance = dawn.create(experimental ? ['enable-dawn-features=allow_unsafe_apis'] : []);
  if (!(await instance.requestAdapter())) {
    throw new InklingError('no-adapter', 'No graphics adapter was found.', DRIVER_HINT);
  }
  return instance;
}
