import type { Device } from '../gpu/device.ts';
import type { KernelTraits } from './graph.ts';
import type { ProductChoices } from './tuner.ts';

/**
 * On a processor a barrier costs more than a row, and reading memory more than computing: one thread a row, large tiles,
 * and quads that read once for four. On a GPU 32 threads share a row, and small tiles give it threads enough.
 */
export function traitsOf(device: Device, choices: ProductChoices = {}): KernelTraits {
  const products = new Map(Object.entries(choices));
  return device.software
    ? { lanes: 1, product: device.quads ? 'quad8' : 'register8', quads: device.quads, products }
    : { lanes: 32, product: 'register4', quads: false, products };
}
