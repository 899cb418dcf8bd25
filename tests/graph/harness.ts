import { expect, test } from 'vitest';
import { type Device, openDevice } from '../../src/gpu/device.ts';
import { GRADIENTS, Graph, PARAMETERS } from '../../src/graph/graph.ts';
import { narrowMatrices } from '../../src/graph/operators/narrow.ts';
import {
  PRODUCT_VARIANTS,
  type ProductVariant,
  tileBytes,
  type Variant,
} from '../../src/graph/operators/product-variants.ts';
import type { Bits } from '../../src/graph/packed.ts';
import { ParameterLayout } from '../../src/graph/parameters.ts';
import { Arena, type Program } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { quantize } from '../../src/model/quantization.ts';
import { allocateNamed, halfBuffers } from '../../src/training/step.ts';
import { type Numbers, relativeError } from '../reference/arrays.ts';

/** What a kernel in f32 owes to the float64 reference. */
export const TOLERANCE = 1e-5;

/** Threads that share a row: one without any barrier, a few, and as many as a workgroup of every device may have. */
export const LANES = [1, 8, 64, 256] as const;

/**
 * A test with a device. A missing adapter fails it, and so does anything that WebGPU reports outside the scopes in which
 * the engine itself looks for errors. All tests of a browser share one device, and so its compiled kernels.
 */
export const gpuTest = test.extend<{ shared: Device; device: Device }>({
  shared: [
    // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names of needed fixtures from the pattern
    async ({}, use) => {
      const device = await openDevice(navigator.gpu);
      await use(device);
      device.gpu.destroy();
    },
    { scope: 'worker' },
  ],
  device: async ({ shared }, use) => {
    const { gpu } = shared;
    const scopes = ['validation', 'out-of-memory', 'internal'] as const;
    for (const scope of scopes) gpu.pushErrorScope(scope);
    await use(shared);
    const errors = await Promise.all(scopes.map(() => gpu.popErrorScope()));
    expect(errors.filter((error) => error !== null).map((error) => error.message)).toEqual([]);
  },
});

/** Variants that need a feature which the adapter lacks cannot be tried on it; the report counts them as skipped. */
export function requireVariant(product: ProductVariant, device: Device, skip: (note: string) => void): void {
  if (product.startsWith('quad') && !device.quads) skip('the adapter has no quads');
  const variant: Variant = PRODUCT_VARIANTS[product];
  const memory = variant.units ? 0 : tileBytes(variant);
  if (memory > device.gpu.limits.maxComputeWorkgroupStorageSize)
    skip(`the adapter has not ${memory} bytes for a workgroup`);
}

export interface Values {
  shape: readonly number[];
  data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
}

export interface Experiment {
  /** Learnable tensors: they get gradients in the flat gradient buffer. */
  parameters?: Record<string, Values>;
  inputs?: Record<string, Values>;
  lanes?: number;
  /** Of matrix products; `register4` without it. */
  product?: ProductVariant;
  /** Whether quads share reads; not without it. */
  quads?: boolean;
  /** Whether quads share rows in attention; not without it. */
  sharedRows?: 'quads' | 'memory';
  /** Whether its rows lie in workgroup memory; not without it. */
  tiledRows?: boolean;
  fewRegisters?: boolean;
  /** Whether products are told their sizes as they run, as a processor's are, where they can be; all but `register4` without it. */
  toldSizes?: boolean;
  /** Whether products read f16; not without it. */
  half?: boolean;
  /** Packs the matrices among the parameters; forward only. */
  bits?: Bits;
  /** Calls the operators and returns the result. */
  build: (graph: Graph, tensors: Record<string, Tensor>) => Tensor;
  /**
   * Gradient of the result, or `traced` where `build` traces the backward pass itself. Without it only the forward pass
   * is traced, as for an evaluation.
   */
  dout?: Float32Array<ArrayBuffer> | 'traced';
}

export interface Outcome {
  out: Float32Array;
  /** By the names of the parameters and of the inputs of f32. */
  grads: Record<string, Float32Array>;
}

/** One flat buffer for parameters and one for gradients; the latter starts as NaN, so that `+=` in the wrong place shows. */
export async function parameterBuffers(device: Device, arena: Arena, layout: ParameterLayout): Promise<void> {
  await arena.named(PARAMETERS, layout.bytes);
  const gradients = await arena.named(GRADIENTS, layout.bytes);
  device.gpu.queue.writeBuffer(gradients, 0, new Float32Array(layout.bytes / 4).fill(Number.NaN));
}

/** Runs a small graph forward and backward, twice: what the first run leaves in memory must not change the second. */
export async function runExperiment(device: Device, experiment: Experiment): Promise<Outcome> {
  const {
    parameters = {},
    inputs = {},
    lanes = 1,
    product = 'register4',
    quads = false,
    sharedRows,
    tiledRows = false,
    fewRegisters,
    toldSizes = product !== 'register4',
    half = false,
    bits,
    dout,
  } = experiment;
  const table = Object.entries(parameters).map(([name, { shape }]) => ({ name, shape, decay: shape.length > 1 }));
  const layout = new ParameterLayout(table);
  const flat = new Float32Array(layout.bytes / 4);
  for (const [name, { data }] of Object.entries(parameters)) flat.set(data, layout.slot(name).offset / 4);
  const packed = bits && quantize(layout, flat, bits);
  const workgroupMemory = device.gpu.limits.maxComputeWorkgroupStorageSize;
  const traits = {
    lanes,
    product,
    quads,
    sharedRows,
    tiledRows,
    fewRegisters,
    toldSizes,
    half,
    workgroupMemory,
    units: device.units,
  };
  const graph = new Graph(layout, traits, dout !== undefined, PARAMETERS, packed?.layout);
  narrowMatrices(graph);
  const values = new Map<Tensor, Values['data']>();
  const tensors: Record<string, Tensor> = {};
  for (const [name, { shape, data }] of Object.entries(parameters)) {
    tensors[name] = graph.parameter(name, shape);
    if (!packed) values.set(tensors[name], data);
  }
  for (const [name, { shape, data }] of Object.entries(inputs)) {
    tensors[name] = graph.input(name, shape, data instanceof Uint32Array ? 'u32' : 'f32');
    values.set(tensors[name], data);
  }
  const out = graph.output(experiment.build(graph, tensors));
  const gradients = new Map<string, Tensor>();
  if (dout instanceof Float32Array) {
    const seed = graph.input('dout', out.shape);
    values.set(seed, dout);
    graph.backward(out, seed);
  }
  if (dout) {
    for (const [name, tensor] of Object.entries(tensors)) {
      if (tensor.dtype === 'f32') gradients.set(name, graph.output(graph.gradient(tensor)));
    }
  }
  const arena = new Arena(device);
  if (packed) {
    const buffer = await arena.named(PARAMETERS, packed.layout.bytes);
    device.gpu.queue.writeBuffer(buffer, 0, packed.data);
  } else {
    await parameterBuffers(device, arena, layout);
  }
  await allocateNamed(device, arena, halfBuffers(graph));
  arena.plan(graph);
  const program = (await arena.compile()).get(graph)!;
  const first = await runOnce(program, values, out, gradients);
  const second = await runOnce(program, values, out, gradients);
  expect(bitsDiffering(first.out, second.out), 'out').toBe(0);
  for (const [name, grad] of Object.entries(first.grads))
    expect(bitsDiffering(grad, second.grads[name]!), name).toBe(0);
  arena.destroy();
  return first;
}

/** How many numbers of two results are not the same bit for bit. */
function bitsDiffering(a: Float32Array, b: Float32Array): number {
  const [bitsA, bitsB] = [a, b].map(({ buffer, byteOffset, length }) => new Uint32Array(buffer, byteOffset, length));
  return bitsA!.reduce((count, bits, i) => count + (bits === bitsB![i] ? 0 : 1), 0);
}

async function runOnce(
  program: Program,
  values: ReadonlyMap<Tensor, Values['data']>,
  out: Tensor,
  gradients: ReadonlyMap<string, Tensor>,
): Promise<Outcome> {
  for (const [tensor, data] of values) program.write(tensor, data);
  program.run();
  const grads: Record<string, Float32Array> = {};
  for (const [name, tensor] of gradients) grads[name] = await program.read(tensor);
  return { out: await program.read(out), grads };
}

/** Fails where a result is further from the reference than `tolerance`, or not finite. */
export function expectClose(actual: Numbers | undefined, expected: Numbers, tolerance = TOLERANCE, name = 'out'): void {
  expect(actual, name).toBeDefined();
  expect(relativeError(actual!, expected), `relative error of ${name}`).toBeLessThanOrEqual(tolerance);
}
