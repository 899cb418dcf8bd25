import { expect } from 'vitest';
import { deviceLoss, guarded, openDevice } from '../../src/gpu/device.ts';
import { PipelineCache } from '../../src/gpu/kernel.ts';
import { ReadbackRing } from '../../src/gpu/readback.ts';
import { WorkLimit } from '../../src/gpu/work-limit.ts';
import { Graph, PARAMETERS } from '../../src/graph/graph.ts';
import { Arena, requireFits } from '../../src/graph/program.ts';
import { gpt } from '../../src/model/gpt.ts';
import { layoutOf } from '../../src/model/parameters.ts';
import { gpuTest as test } from '../graph/harness.ts';

const SOURCE = `
@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@compute @workgroup_size(1)
fn main() {
  out[0] = BROKEN;
}`;

test('a shader that does not compile is reported with the compiler’s message and its line', async ({ device }) => {
  const compile = device.pipelines.get({ source: SOURCE, entry: 'main', constants: { N: 3 } }, ['out']);
  await expect(compile).rejects.toThrow(/main does not compile: line 6: .*BROKEN.*out\[0\] = BROKEN;/s);
});

test('a buffer that the shader does not declare is named', async ({ device }) => {
  const compile = device.pipelines.get({ source: SOURCE, entry: 'main', constants: {} }, ['outt']);
  await expect(compile).rejects.toThrow(/main declares no buffer “outt”/);
});

test('the same kernel is compiled once', ({ device }) => {
  const kernel = { source: SOURCE.replace('BROKEN', 'f32(N)'), entry: 'main', constants: { N: 3 } };
  const first = device.pipelines.get(kernel, ['out']);
  expect(device.pipelines.get({ ...kernel }, ['out'])).toBe(first);
  expect(device.pipelines.get({ ...kernel, constants: { N: 4 } }, ['out'])).not.toBe(first);
});

test('what WebGPU refuses is thrown where it was asked for, with its name', async ({ device }) => {
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE; // no device takes these two together
  const wrong = guarded(device.gpu, 'a wrong buffer', () => device.gpu.createBuffer({ size: 4, usage }));
  await expect(wrong).rejects.toThrow(/^a wrong buffer: /);
});

test('a buffer larger than the adapter allows is refused before it is made', ({ device }) => {
  expect(() => requireFits(device, 2 ** 45, 'its parameters')).toThrow(/too large for .*: its parameters need/);
  expect(() => requireFits(device, 1024, 'its parameters')).not.toThrow();
});

test('a ring of readbacks gives each submit its own bytes and refuses one too many', async ({ device }) => {
  const { gpu } = device;
  const usage = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const source = gpu.createBuffer({ size: 16, usage });
  const ring = new ReadbackRing(gpu, 2, 16);
  const read = (value: number) => {
    gpu.queue.writeBuffer(source, 0, new Uint32Array([value, value + 1, value + 2, value + 3]));
    return ring.submit(gpu.createCommandEncoder(), source, [
      { offset: 12, bytes: 4 },
      { offset: 0, bytes: 8 },
    ]);
  };
  const pending = [read(10), read(20)];
  await expect(read(30)).rejects.toThrow(/no free buffer/);
  expect((await Promise.all(pending)).map((bytes) => [...new Uint32Array(bytes)])).toEqual([
    [13, 10, 11],
    [23, 20, 21],
  ]);
  expect([...new Uint32Array(await read(40))]).toEqual([43, 40, 41]);
  ring.destroy();
});

test('a device with the default limits runs the model', async () => {
  const adapter = await navigator.gpu.requestAdapter();
  const gpu = await adapter!.requestDevice();
  expect(gpu.limits.maxStorageBuffersPerShaderStage).toBeLessThanOrEqual(10);
  const device = {
    gpu,
    name: 'defaults',
    software: true,
    quads: false,
    half: false,
    units: undefined,
    pipelines: new PipelineCache(gpu),
    manyRegisters: false,
    limit: new WorkLimit(),
  };
  const config = { vocab_size: 11, block_size: 5, n_layer: 1, n_head: 1, n_embd: 6, n_inner: 7 } as const;
  const model = { ...config, bias: true, tied: false, activation: 'gelu' as const };
  const layout = layoutOf(model);
  const graph = new Graph(layout, { lanes: 1 }, false);
  const tokens = graph.input('tokens', [1, 5], 'u32');
  const logits = graph.output(gpt(graph, model, tokens));
  const arena = new Arena(device);
  arena.plan(graph);
  await arena.named(PARAMETERS, layout.bytes);
  const program = (await arena.compile()).get(graph)!;
  program.write(tokens, new Uint32Array(5));
  program.run();
  expect([...(await program.read(logits))]).toEqual(new Array(55).fill(0)); // every weight is zero
  arena.destroy();
  gpu.destroy();
});

test('a device that is gone says so', async () => {
  const device = await openDevice(navigator.gpu);
  const lost = deviceLoss(device);
  device.gpu.destroy();
  expect(await lost).toMatchObject({
    code: 'device-lost',
    message: expect.stringMatching(/^The graphics device was lost/),
  });
});
