import type { RecordedDecoder, RecordedKernel, RecordedProgram } from '../generation/recorded.ts';
import { keptTokens } from '../generation/window.ts';
import { describeAdapter, isSoftware } from '../gpu/device.ts';
import { bindingsOf, specialise } from '../gpu/kernel.ts';
import type { GPTConfig } from '../model/config.ts';
import type { StandaloneModel, Writing, WritingRequest } from './model.ts';

/** The least and the most tokens of a submit, and how long one should take, in milliseconds. */
const LEAST = 1;
const MOST = 64;
const SUBMIT_MS = 30;
/** Firefox looks at what the GPU has done every 100 ms, and at each submit: src/gpu/arrival.ts finds out first, but is larger. */
const LOOK_MS = 4;
/** Rows that are read in one submit. */
const MOST_READ = 64;

/** Replays the recorded decoder on the fastest adapter. Throws where there is none, or where it cannot. */
export async function openGPU(
  { config, decoder }: StandaloneModel,
  weights: ArrayBuffer,
): Promise<{ name: string; write: Writing }> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new Error('There is no WebGPU.');
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  const device = await adapter.requestDevice({ requiredLimits: { maxBufferSize, maxStorageBufferBindingSize } });
  const program = decoder.programs[isSoftware(adapter.info) ? 'software' : 'gpu'];
  const { STORAGE, UNIFORM, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  device.pushErrorScope('validation');
  device.pushErrorScope('out-of-memory');
  const buffers = program.buffers.map((size) =>
    device.createBuffer({ size: Math.ceil(size / 16) * 16, usage: STORAGE | UNIFORM | COPY_SRC | COPY_DST }),
  );
  const staging = device.createBuffer({ size: 4 * program.ring * program.record, usage: MAP_READ | COPY_DST });
  device.queue.writeBuffer(buffers[0]!, 0, weights);
  const replays = await compile(device, decoder, program, buffers);
  for (const failed of [await device.popErrorScope(), await device.popErrorScope()]) {
    if (failed) throw new Error(failed.message);
  }
  const opened = { config, program, buffers, staging, replays };
  const write: Writing = (request) => writeOn(device, opened, request);
  return { name: describeAdapter(adapter.info), write };
}

interface Opened {
  config: GPTConfig;
  program: RecordedProgram;
  buffers: readonly GPUBuffer[];
  staging: GPUBuffer;
  replays: { step: Replay; read: Replay };
}

type Replay = (pass: GPUComputePassEncoder) => void;

/** Compiles each kernel once, and binds every launch. */
async function compile(
  device: GPUDevice,
  { sources, kernels }: RecordedDecoder,
  program: RecordedProgram,
  buffers: GPUBuffer[],
): Promise<{ step: Replay; read: Replay }> {
  const make = async ([source, entry, constants, names]: RecordedKernel) => {
    const code = specialise({ source: sources[source]!, entry, constants });
    const declared = bindingsOf(code);
    const entries = names.map((name): GPUBindGroupLayoutEntry => {
      const { binding, type } = declared.get(name)!;
      return { binding, visibility: 4, buffer: { type } };
    });
    const layout = device.createBindGroupLayout({ entries });
    const pipeline = await device.createComputePipelineAsync({
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module: device.createShaderModule({ code }), entryPoint: entry },
    });
    return { pipeline, layout, places: entries.map(({ binding }) => binding) };
  };
  const used = new Set(program.launches.map(([kernel]) => kernel));
  const made = await Promise.all(kernels.map((kernel, number) => (used.has(number) ? make(kernel) : undefined)));
  const ready = program.launches.map(([kernel, x, y, ...numbers]) => {
    const { pipeline, layout, places } = made[kernel]!;
    const entries = places.map((binding, i) => {
      const [buffer, offset, size] = numbers.slice(3 * i) as [number, number, number];
      return { binding, resource: { buffer: buffers[buffer]!, offset, size } };
    });
    return { pipeline, group: device.createBindGroup({ layout, entries }), x, y };
  });
  const replay =
    (launches: readonly number[]): Replay =>
    (pass) => {
      for (const launch of launches) {
        const { pipeline, group, x, y } = ready[launch]!;
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(x, y);
      }
    };
  return { step: replay(program.step), read: replay(program.read) };
}

/** A text, several tokens a submit: the drawn token is the next one's input, on the GPU. */
async function* writeOn(
  device: GPUDevice,
  { config, program, buffers, staging, replays }: Opened,
  { ids, length, temperature, top_k, seed, never }: WritingRequest,
): AsyncGenerator<number> {
  const { block_size: T, vocab_size: V } = config;
  const { queue } = device;
  const put = (name: keyof RecordedProgram['named'], data: Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>) =>
    queue.writeBuffer(buffers[program.named[name]]!, 0, data);
  const window = ids.slice(-T);
  const latest = new Uint32Array(V);
  window.forEach((id, n) => {
    latest[id] = n + 1;
  });
  const options = new Float32Array([temperature, 1, 1, 0, 0, 0]); // top_p and the repetition penalty change nothing
  new Uint32Array(options.buffer).set([Math.min(top_k, V), seed, never], 3);
  put(
    'history',
    Uint32Array.from({ length: T }, (_, n) => window[n] ?? 0),
  );
  put('latest', latest);
  put('state', new Uint32Array([0, window.length, 0, 0]));
  put('options', options);

  let unread = window.length - 1;
  let position = unread;
  let count = window.length;
  let most = LEAST;
  const submit = async (encode: (pass: GPUComputePassEncoder) => void) => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    encode(pass);
    pass.end();
    encoder.copyBufferToBuffer(buffers[program.named.drawn]!, 0, staging, 0, staging.size);
    queue.submit([encoder.finish()]);
    const look = setInterval(() => queue.submit([]), LOOK_MS);
    await staging.mapAsync(GPUMapMode.READ).finally(() => clearInterval(look));
    const drawn = new Uint32Array(staging.getMappedRange().slice(0));
    staging.unmap();
    return drawn;
  };
  for (let written = 0; written < length; ) {
    const started = performance.now();
    const first = count;
    const drawn = await submit((pass) => {
      const reading = Math.min(unread, MOST_READ);
      for (let row = 0; row < reading; row++) replays.read(pass);
      unread -= reading;
      for (let n = 0; unread === 0 && n < most && written + count - first < length; n++) {
        replays.step(pass);
        count++;
        if (++position === T) {
          position = keptTokens(T) - 1; // the window slides: what stays of it is read again
          unread = position;
        }
      }
    });
    const took = performance.now() - started;
    most = Math.min(MOST, Math.max(LEAST, took < SUBMIT_MS ? 2 * most : Math.floor(most / 2)));
    for (let n = first; n < count; n++) {
      written++;
      yield drawn[(n % program.ring) * program.record]!;
    }
  }
}
