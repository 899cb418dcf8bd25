import { expect, test } from 'vitest';
import { openGPU } from '../../src/cli/adapter.ts';

test('Node has a GPU, once, with the constants that WebGPU code needs', async () => {
  const gpu = await openGPU();
  expect(await openGPU()).toBe(gpu);
  const adapter = await gpu.requestAdapter();
  const device = await adapter!.requestDevice();
  const buffer = device.createBuffer({ size: 16, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
  device.queue.writeBuffer(buffer, 0, Float32Array.of(1, 2, 3, 4));
  await buffer.mapAsync(GPUMapMode.READ);
  expect([...new Float32Array(buffer.getMappedRange())]).toEqual([1, 2, 3, 4]);
  device.destroy();
});
