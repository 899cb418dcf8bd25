import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openGPU } from '../../src/cli/adapter.ts';
import { ROOT, SOFTWARE_DRIVER, softwareDriverFolder } from '../../src/cli/set-up.mjs';
import { isSoftware } from '../../src/gpu/device.ts';

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

test('waiting for an adapter that computes on the processor leaves the processor to it', async () => {
  const adapter = await (await openGPU()).requestAdapter();
  if (!isSoftware(adapter!.info)) return;
  const device = await adapter!.requestDevice();
  const code = `
    @group(0) @binding(0) var<storage, read_write> out: array<f32>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) thread: vec3u) {
      var x = 1.0;
      for (var i = 0u; i < 200000u; i++) { x = x * 0.999 + f32(i); }
      out[thread.x] = x;
    }`;
  const compute = { module: device.createShaderModule({ code }), entryPoint: 'main' };
  const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute });
  const buffer = device.createBuffer({ size: 4096, usage: GPUBufferUsage.STORAGE });
  const entries = [{ binding: 0, resource: { buffer } }];
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(16);
  pass.end();
  let turns = 0; // of the event loop: Dawn asks for news in each
  const count = () => {
    turns += 1;
    setImmediate(count).unref();
  };
  count();
  const begun = performance.now();
  device.queue.submit([encoder.finish()]);
  await device.queue.onSubmittedWorkDone();
  const ms = performance.now() - begun;
  device.destroy();
  expect(ms).toBeGreaterThan(20);
  expect(turns).toBeLessThan(ms + 20);
});

test('where the drivers find no GPU, the one that a browser lends is taken', async () => {
  const lender = await softwareDriverFolder();
  if (process.platform !== 'linux' || !lender) return;
  const folder = mkdtempSync(join(tmpdir(), 'inkling-adapter-'));
  writeFileSync(
    join(folder, 'broken.json'),
    JSON.stringify({ ICD: { library_path: '/no/such.so', api_version: '1.3.0' } }),
  );
  const env = {
    ...process.env,
    VK_ICD_FILENAMES: join(folder, 'broken.json'),
    INKLING_SPARE_DRIVER: join(lender, SOFTWARE_DRIVER),
  };
  const args = [join(ROOT, 'src/cli/launch.mjs'), 'train', '--preset', 'tiny', '--steps', '1'];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, env, encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  expect(status).toBe(0);
  expect(stderr).toMatch(/Using SwiftShader/);
});
