import { describe, expect } from 'vitest';
import type { Device } from '../../src/gpu/device.ts';
import { readBuffer } from '../../src/gpu/readback.ts';
import { GRADIENTS, Graph, PARAMETERS } from '../../src/graph/graph.ts';
import { ParameterLayout } from '../../src/graph/parameters.ts';
import { Arena } from '../../src/graph/program.ts';
import { preset, type TrainingConfig } from '../../src/model/config.ts';
import {
  adamw,
  MOMENT1,
  MOMENT2,
  PROGRESS,
  RECORD_BYTES,
  RECORD_RING,
  RECORDS,
  SCHEDULE,
} from '../../src/training/optimizer.ts';
import { scheduleTable } from '../../src/training/schedule.ts';
import { expectClose, gpuTest } from '../graph/harness.ts';
import { Random, relativeError, sum } from '../reference/arrays.ts';
import { type AdamWState, adamW, clipCoefficient, globalNorm, learningRate } from '../reference/optimizer.ts';

interface TensorRow {
  name: string;
  shape: readonly number[];
  decay: boolean;
}

const ODD: TensorRow[] = [
  { name: 'gain', shape: [13], decay: false },
  { name: 'matrix', shape: [7, 5], decay: true },
  { name: 'one', shape: [1], decay: false },
  { name: 'table', shape: [33, 17], decay: true },
];

const ALIGNED: TensorRow[] = [
  { name: 'matrix', shape: [64, 64], decay: true },
  { name: 'bias', shape: [64], decay: false },
];

/** More elements than the first pass has threads. */
const LARGE: TensorRow[] = [
  { name: 'matrix', shape: [1031, 97], decay: true },
  { name: 'bias', shape: [4099], decay: false },
];

/** Steps the optimizer on given gradients and losses and compares everything that it writes with the reference. */
async function followReference(
  device: Device,
  rows: TensorRow[],
  changes: Partial<TrainingConfig>,
  gradientScale = 1,
): Promise<void> {
  const config: TrainingConfig = {
    ...preset('tiny').training,
    max_iters: 5,
    warmup_iters: 2,
    lr_decay_iters: 4,
    ...changes,
  };
  const random = new Random(rows.length + config.max_iters);
  const losses = 77;
  const layout = new ParameterLayout(rows);
  const graph = new Graph(layout, { lanes: 1 }, true);
  const lossInput = graph.input('losses', [losses]);
  adamw(graph, lossInput, config);

  const place = (tensors: ReadonlyMap<string, ArrayLike<number>>): Float32Array<ArrayBuffer> => {
    const flat = new Float32Array(layout.bytes / 4);
    for (const [name, data] of tensors) flat.set(data, layout.slot(name).offset / 4);
    return flat;
  };
  const draw = (scale: number) =>
    new Map(rows.map(({ name }) => [name, random.normals(layout.slot(name).size, scale)] as const));
  const initial = draw(1);
  const states = new Map<string, AdamWState>();
  for (const [name, data] of initial) {
    states.set(name, {
      param: Float64Array.from(data),
      m: new Float64Array(data.length),
      v: new Float64Array(data.length),
    });
  }

  const arena = new Arena(device);
  const buffers: [string, Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>][] = [
    [PARAMETERS, place(initial)],
    [GRADIENTS, place(new Map())],
    [MOMENT1, place(new Map())],
    [MOMENT2, place(new Map())],
    [SCHEDULE, scheduleTable(config)],
    [PROGRESS, new Uint32Array(2)],
    [RECORDS, new Float32Array((RECORD_RING * RECORD_BYTES) / 4)],
  ];
  for (const [name, data] of buffers) {
    device.gpu.queue.writeBuffer(await arena.named(name, data.byteLength), 0, data);
  }
  arena.plan(graph);
  const program = (await arena.compile()).get(graph)!;
  const readFlat = async (name: string) =>
    new Float32Array(await readBuffer(device.gpu, arena.buffer(name), 0, layout.bytes));

  for (let step = 0; step < config.max_iters; step++) {
    const grads = draw(gradientScale);
    const stepLosses = random.normals(losses, 0.3, 4);
    device.gpu.queue.writeBuffer(arena.buffer(GRADIENTS), 0, place(grads));
    program.write(lossInput, stepLosses);
    program.run();

    const norm = globalNorm(grads.values());
    const scale = clipCoefficient(norm, config.grad_clip);
    const lr = learningRate(step, config);
    for (const { name, decay } of rows) {
      const clipped = Float64Array.from(grads.get(name)!, (g) => g * scale);
      adamW(states.get(name)!, clipped, step, { ...config, lr, weight_decay: decay ? config.weight_decay : 0 });
    }
    const record = await readBuffer(device.gpu, arena.buffer(RECORDS), step * RECORD_BYTES, RECORD_BYTES);
    const [loss, gradNorm, rate] = new Float32Array(record);
    expectClose([loss!], [sum(stepLosses) / losses], 1e-6, 'loss');
    expectClose([gradNorm!], [norm], 1e-6, 'gradient norm');
    expectClose([rate!], [lr], 1e-6, 'learning rate');
  }

  const flats = { param: await readFlat(PARAMETERS), m: await readFlat(MOMENT1), v: await readFlat(MOMENT2) };
  for (const [key, flat] of Object.entries(flats) as [keyof AdamWState, Float32Array][]) {
    const expected = place(new Map([...states].map(([name, state]) => [name, state[key]])));
    for (const [name, state] of states) {
      const { offset, size } = layout.slot(name);
      const actual = flat.subarray(offset / 4, offset / 4 + size);
      expectClose(actual, state[key], undefined, `${key} of ${name}`);
      if (key === 'param') {
        // The updates are small beside the parameters; by themselves they must be right as well.
        const start = initial.get(name)!;
        const moved = state.param.map((p, i) => p - start[i]!);
        // f32 keeps a parameter near 1 to 6e-8, and the smallest learning rate here moves it by 1e-3 a step.
        expect(
          relativeError(
            actual.map((p, i) => p - start[i]!),
            moved,
          ),
          `update of ${name}`,
        ).toBeLessThan(1e-4);
      }
    }
    // Between the tensors nothing may grow.
    expect(flat.filter((_, i) => expected[i] === 0).every((value) => value === 0)).toBe(true);
  }
  arena.destroy();
}

describe('AdamW with the gradient norm and clipping', () => {
  gpuTest.for([
    ['odd sizes', ODD],
    ['aligned sizes', ALIGNED],
    ['many elements', LARGE],
  ] as const)('%s', ([, rows], { device }) => followReference(device, rows, {}));

  gpuTest('without clipping', ({ device }) => followReference(device, ODD, { grad_clip: 0 }, 30));
  gpuTest('clipped hard', ({ device }) => followReference(device, ODD, { grad_clip: 1e-2 }, 10));
  gpuTest('below the limit', ({ device }) => followReference(device, ODD, { grad_clip: 100 }, 1e-2));
  gpuTest('without decay', ({ device }) => followReference(device, ODD, { weight_decay: 0 }));
  gpuTest('with much decay', ({ device }) => followReference(device, ODD, { weight_decay: 2 }));
  gpuTest('without memory', ({ device }) => followReference(device, ODD, { beta1: 0, beta2: 0 }));
  gpuTest.for([0.999, 0.9999, 0.999999])('with a long memory of %f', (beta2, { device }) =>
    followReference(device, ODD, { beta1: 0.99, beta2 }),
  );
  gpuTest('with an epsilon that matters', ({ device }) => followReference(device, ODD, { eps: 0.1 }));
});
