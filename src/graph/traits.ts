import type { Device } from '../gpu/device.ts';
import type { KernelTraits } from './graph.ts';

/**
 * On a processor a barrier costs more than a row, and reading memory more than computing: one thread a row, large tiles.
 * On a GPU 32 threads share a row, and small tiles give it threads enough.
 */
export function traitsOf(device: Device): KernelTraits {
  return device.software ? { lanes: 1, tile: 8 } : { lanes: 32, tile: 4 };
}
