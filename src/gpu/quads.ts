import source from '../../shaders/quads.wgsl?raw';
import type { PipelineCache } from './kernel.ts';
import { readBuffer } from './readback.ts';

/** Workgroups of the kernels that use quads. */
const SHAPES = [
  { TX: 4, TY: 4 },
  { TX: 4, TY: 1 },
  { TX: 64, TY: 1 },
] as const;

/** Tries whether quads of the device's subgroups are as the kernels need them; see quads.wgsl. Never throws. */
export async function quadsHold(device: GPUDevice, pipelines: PipelineCache): Promise<boolean> {
  if (!device.features.has('subgroups')) {
    return false;
  }
  try {
    const verdicts = await Promise.all(SHAPES.map((shape) => holdIn(device, pipelines, shape)));
    return verdicts.every(Boolean);
  } catch {
    return false; // without them everything works too
  }
}

async function holdIn(device: GPUDevice, pipelines: PipelineCache, constants: { TX: number; TY: number }) {
  const { pipeline, layout } = await pipelines.get({ source, entry: 'quads', constants }, ['holds']);
  const threads = constants.TX * constants.TY;
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
  const holds = device.createBuffer({ label: 'quads', size: 4 * threads, usage });
  try {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer: holds } }] }));
    pass.dispatchWorkgroups(1);
    pass.end();
    device.queue.submit([encoder.finish()]);
    return new Uint32Array(await readBuffer(device, holds, 0, 4 * threads)).every((verdict) => verdict === 1);
  } finally {
    holds.destroy();
  }
}
