import type { Device } from '../gpu/device.ts';
import type { KernelTraits, Precision } from './graph.ts';
import type { ProductVariant } from './operators/product-variants.ts';
import type { ProductChoices } from './tuner.ts';

/** A run may have been tuned where quads hold. Without them the same tiles add in the same order, and read more. */
function withoutQuads(choice: ProductVariant): ProductVariant {
  return choice === 'quad16' ? 'register16' : choice;
}

/** A processor is busy with one product of more, and two side by side were 5 % slower. */
const LARGEST_JOINED = 2 ** 20;

/**
 * On a processor a barrier costs more than a row, and reading memory more than computing: one thread a row, large tiles,
 * and quads that read once for four. On a GPU 32 threads share a row, and a product
 * takes what suits its shape.
 */
export function traitsOf(device: Device, choices: ProductChoices = {}, precision: Precision = 'f32'): KernelTraits {
  const half = precision === 'f16' && device.half;
  const units = half ? device.units : undefined;
  const products = new Map(
    Object.entries(choices).map(([key, choice]) => [key, device.quads ? choice : withoutQuads(choice)]),
  );
  const workgroupMemory = device.gpu.limits.maxComputeWorkgroupStorageSize;
  return device.software
    ? {
        lanes: 1,
        product: device.quads ? 'quad16' : 'register16',
        largestJoined: LARGEST_JOINED,
        toldSizes: true,
        quads: device.quads,
        workgroupMemory,
        products,
        half,
        units,
      }
    : {
        lanes: 32,
        product: 'expected',
        quads: false,
        sharedRows: device.quads ? 'quads' : 'memory',
        tiledRows: true,
        fewRegisters: !device.manyRegisters,
        workgroupMemory,
        products,
        half,
        units,
      };
}
