import { expect, test } from 'vitest';
import { measureCopy, measureEmptyDispatch, median } from '../../src/gpu/measure.ts';
import { takeStopwatch } from '../../src/gpu/stopwatch.ts';
import { gpuTest } from '../graph/harness.ts';

gpuTest('an adapter’s copies and empty dispatches take a time that can be', async ({ device }) => {
  const bytes = await measureCopy(device);
  expect(bytes).toBeGreaterThan(1e4); // 10 MB/s
  expect(bytes).toBeLessThan(1e11); // 100 TB/s
  const dispatch = await measureEmptyDispatch(device);
  expect(dispatch).toBeGreaterThan(1e-5);
  expect(dispatch).toBeLessThan(10);
});

test.for([
  [[7], 7],
  [[9, 1, 5], 5],
  [[4, 1, 2, 10], 3],
] as const)('the median of %j is %d', ([values, middle]) => {
  expect(median(values)).toBe(middle);
});

gpuTest(
  'a stopwatch tells what a pass took, never more than went by, to one at a time',
  async ({ device: { gpu } }) => {
    const stopwatch = takeStopwatch(gpu);
    if (!gpu.features.has('timestamp-query')) {
      expect(stopwatch).toBeUndefined(); // passes are timed from submit to completion then
      return;
    }
    expect(takeStopwatch(gpu)).toBeUndefined();
    const code = `@group(0) @binding(0) var<storage, read_write> x: array<f32>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
      for (var i = 0u; i < 20000u; i++) { x[id.x] = x[id.x] * 0.5 + 1.0; }
    }`;
    const module = gpu.createShaderModule({ code });
    const pipeline = await gpu.createComputePipelineAsync({ layout: 'auto', compute: { module } });
    const buffer = gpu.createBuffer({ size: 256, usage: GPUBufferUsage.STORAGE });
    const entries = [{ binding: 0, resource: { buffer } }];
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass(stopwatch!.pass);
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, gpu.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(1);
    pass.end();
    stopwatch!.stop(encoder);
    const started = performance.now();
    gpu.queue.submit([encoder.finish()]);
    const ms = await stopwatch!.read();
    expect(ms).toBeGreaterThan(0);
    expect(ms).toBeLessThanOrEqual(performance.now() - started + 0.2); // browsers round to 100 us
    buffer.destroy();
    expect(takeStopwatch(gpu)).toBe(stopwatch);
    stopwatch!.busy = false;
  },
);
