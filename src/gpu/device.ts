import { watchArrivals } from './arrival.ts';
import { InklingError } from './errors.ts';
import { PipelineCache } from './kernel.ts';
import { quadsHold } from './quads.ts';
import { WorkLimit } from './work-limit.ts';

/** A device with what the engine wants to know of its adapter. */
export interface Device {
  readonly gpu: GPUDevice;
  /** One readable line that names the adapter. */
  readonly name: string;
  /** True where kernels run on the processor: barriers are very dear there, so kernels take one thread a row. */
  readonly software: boolean;
  /** Whether kernels may let the four threads of a quad tell each other what they have read. */
  readonly quads: boolean;
  /** Whether shaders may compute and store in f16. */
  readonly half: boolean;
  /** Whether a thread may keep 128 sums and more in registers; where it may not, they go to memory and back. */
  readonly manyRegisters: boolean;
  /** Where the adapter has matrix units for f16 with sums in f32 (experimental, behind a flag in browsers). */
  readonly units: MatrixUnits | undefined;
  readonly pipelines: PipelineCache;
  /** How much one submit may hold. */
  readonly limit: WorkLimit;
}

/** What a subgroup's matrix units multiply at a time, (M, K) by (K, N), and the threads of a subgroup. */
export interface MatrixUnits {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly width: number;
  /** Bytes of workgroup memory that there are. */
  readonly memory: number;
}

const MATRIX_FEATURE = 'chromium-experimental-subgroup-matrix' as GPUFeatureName;

/** Of the shapes that the units take, those that the product's tiles are made of; the largest. */
function matrixUnits({ features, info, limits }: GPUAdapter): MatrixUnits | undefined {
  // Where the width is not fixed, nobody knows what part of a workgroup a subgroup is.
  const width = info.subgroupMinSize;
  const configs = (info as { subgroupMatrixConfigs?: Iterable<MatrixConfig> }).subgroupMatrixConfigs;
  if (!features.has(MATRIX_FEATURE) || !configs || !width || width !== info.subgroupMaxSize || width > 64) {
    return undefined;
  }
  const fits = (size: number) => size === 8 || size === 16 || size === 32;
  const found = [...configs]
    .filter((config) => config.componentType === 'f16' && config.resultComponentType === 'f32')
    .filter(({ M, N, K }) => fits(M) && fits(N) && fits(K))
    .sort((a, b) => b.M * b.N * b.K - a.M * a.N * a.K)[0];
  return found && { M: found.M, N: found.N, K: found.K, width, memory: limits.maxComputeWorkgroupStorageSize };
}

interface MatrixConfig extends Omit<MatrixUnits, 'width' | 'memory'> {
  readonly componentType: string;
  readonly resultComponentType: string;
}

// What makes kernels faster or timing finer where the adapter has it. Nothing needs them.
const WANTED_FEATURES = ['subgroups', 'timestamp-query', 'shader-f16', MATRIX_FEATURE] as const;

// The defaults are enough for every kernel but some that are quick: products with two of each tile (32 KiB of workgroup memory),
// those on matrix units (14 to 24) and attention by tiles (up to 32). A larger binding or buffer only lets a larger model fit.
const WANTED_LIMITS = ['maxBufferSize', 'maxStorageBufferBindingSize', 'maxComputeWorkgroupStorageSize'] as const;

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|microsoft basic render|warp/i;

export function describeAdapter({ description, vendor, architecture, device }: GPUAdapterInfo): string {
  return description || [vendor, architecture, device].filter(Boolean).join(' ') || 'unnamed adapter';
}

/** Makers of GPUs whose threads have 255 registers each: others have 64 to 128, or do not say who they are. */
const MANY_REGISTERS = /nvidia|amd/i;

/** Whether an adapter computes on the processor. */
export function isSoftware(info: GPUAdapterInfo): boolean {
  return info.isFallbackAdapter === true || SOFTWARE.test(`${describeAdapter(info)} ${info.architecture}`);
}

/**
 * Asks `gpu` for its fastest adapter and a device with as large buffers as that adapter has.
 *
 * Throws `no-adapter` or `no-device`.
 */
export async function openDevice(gpu: GPU): Promise<Device> {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) {
    throw new InklingError(
      'no-adapter',
      'WebGPU is here, but it found no graphics adapter.',
      'Update the graphics driver, or turn on hardware acceleration in the browser’s settings; Chrome also takes the flag --enable-unsafe-webgpu, and Firefox gfx.webgpu.ignore-blocklist in about:config.',
    );
  }
  const requiredLimits: Record<string, number> = {};
  for (const limit of WANTED_LIMITS) {
    requiredLimits[limit] = adapter.limits[limit];
  }
  const name = describeAdapter(adapter.info);
  let device: GPUDevice;
  try {
    const requiredFeatures = WANTED_FEATURES.filter((feature) => adapter.features.has(feature));
    device = await adapter.requestDevice({ label: 'inkling', requiredFeatures, requiredLimits });
  } catch (error) {
    throw new InklingError(
      'no-device',
      `The adapter “${name}” refused a device: ${error instanceof Error ? error.message : error}`,
      'Close other pages that use the GPU and reload; if that does not help, update the graphics driver.',
    );
  }
  await watchArrivals(device); // now, while it has nothing to do: 3 ms, and in Firefox 400
  const software = isSoftware(adapter.info);
  const pipelines = new PipelineCache(device);
  const half = device.features.has('shader-f16');
  const units = half && device.features.has('subgroups') ? matrixUnits(adapter) : undefined;
  const quads = await quadsHold(device, pipelines);
  const manyRegisters = MANY_REGISTERS.test(adapter.info.vendor);
  return { gpu: device, name, software, quads, half, manyRegisters, units, pipelines, limit: new WorkLimit() };
}

/** Resolves, once, with the reason why the device is gone. */
export async function deviceLoss(device: Device): Promise<InklingError> {
  const { message } = await device.gpu.lost;
  return new InklingError(
    'device-lost',
    `The graphics device was lost${message ? `: ${message}` : '.'}`,
    'Press Train to start again; a smaller model or batch helps if it happens again.',
  );
}

/** How much later than the failures that it causes a loss may be told, in milliseconds. */
const LOSS_MS = 1000;

/** The reason why the device is gone, if it is told within so many milliseconds. */
export function lossSoon(device: Device, ms = LOSS_MS): Promise<InklingError | undefined> {
  const waited = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), ms));
  return Promise.race([deviceLoss(device), waited]);
}

/** Why work failed: that the device was lost, where it was, and otherwise `error` itself. */
export async function causeOf(device: Device, error: unknown): Promise<unknown> {
  if (error instanceof InklingError) return error;
  const likely = error instanceof DOMException; // as a mapping that has failed
  return (await lossSoon(device, likely ? LOSS_MS : 0)) ?? error;
}

/**
 * Runs `work` inside error scopes, so that what WebGPU reports about it is thrown here and names `what`.
 *
 * Throws `out-of-memory`, or `internal` with the validation message.
 */
export async function guarded<T>(device: GPUDevice, what: string, work: () => T): Promise<T> {
  device.pushErrorScope('out-of-memory');
  device.pushErrorScope('validation');
  const result = work();
  const [invalid, memory] = await Promise.all([device.popErrorScope(), device.popErrorScope()]);
  if (memory) {
    throw new InklingError(
      'out-of-memory',
      `The GPU has too little free memory for ${what}.`,
      'Take a smaller model, batch or context, or close other pages that use the GPU.',
    );
  }
  if (invalid) {
    throw new InklingError('internal', `${what}: ${invalid.message}`);
  }
  return result;
}
