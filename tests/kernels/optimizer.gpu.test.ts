import { describe, expect } from 'vitest';
import type { Device } from '../../src/gpu/device.ts';
import { readBuffer } from '../../src/gpu/readback.ts';
import { GRADIENTS, Graph, type KernelTraits, PARAMETERS } from '../../src/graph/graph.ts';
import { ParameterLayout } from '../../src/graph/parameters.ts';
import { Arena } from '../../src/graph/program.ts';
import { preset, type TrainingConfig, withOptimizer } from '../../src/model/config.ts';
import { MATRICES, matrixTable } from '../../src/training/muon.ts';
import { optimizerStep, RECORD_BYTES, RECORD_RING } from '../../src/training/optimizer.ts';
import { averageRate, scheduleTable } from '../../src/training/schedule.ts';
import { AVERAGE, MOMENT1, MOMENT2, PROGRESS, RECORDS, SCHEDULE } from '../../src/training/state.ts';
import { expectClose, gpuTest } from '../graph/harness.ts';
import { Random, relativeError, sum } from '../reference/arrays.ts';
import { type AdamWState, clipCoefficient, globalNorm, learningRate, update } from '../reference/optimizer.ts';

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

/** As a model has it: Muon's matrices side by side, wide, tall and square, one larger than a workgroup's share. */
const BLOCKS: TensorRow[] = [
  { name: 'transformer.wte.weight', shape: [11, 5], decay: true },
  { name: 'transformer.h.0.attn.c_attn.weight', shape: [21, 7], decay: true },
  { name: 'transformer.h.0.attn.c_proj.weight', shape: [7, 7], decay: true },
  { name: 'transformer.h.0.bias', shape: [21], decay: false },
  { name: 'transformer.h.1.mlp.c_fc.weight', shape: [67, 35], decay: true },
  { name: 'transformer.h.1.mlp.c_proj.weight', shape: [32, 64], decay: true },
  { name: 'lm_head.weight', shape: [11, 5], decay: true },
];

/** Of sizes that vectors of four divide, with widths of more than one block, and gaps between the matrices. */
const EVEN: TensorRow[] = [
  { name: 'transformer.h.0.attn.c_attn.weight', shape: [108, 36], decay: true },
  { name: 'transformer.h.0.attn.c_proj.weight', shape: [36, 36], decay: true },
  { name: 'transformer.h.0.mlp.c_fc.weight', shape: [20, 36], decay: true },
  { name: 'transformer.h.0.mlp.c_proj.weight', shape: [36, 140], decay: true },
  { name: 'bias', shape: [5], decay: false },
];

/** As wide as takes the larger blocks on a GPU, and of no whole number of them. */
const WIDE: TensorRow[] = [
  { name: 'transformer.h.0.attn.c_proj.weight', shape: [260, 260], decay: true },
  { name: 'transformer.h.0.mlp.c_fc.weight', shape: [308, 260], decay: true },
];

interface Looser {
  /** Of the parameters, the moments and the average. */
  state?: number;
  /** Of how far the parameters have moved. */
  update?: number;
}

/** Steps the optimizer on given gradients and losses and compares everything that it writes with the reference. */
async function followReference(
  device: Device,
  rows: TensorRow[],
  changes: Partial<TrainingConfig>,
  gradientScale = 1,
  tolerance: Looser = {},
  traits: KernelTraits = { lanes: 1 },
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
  const graph = new Graph(layout, traits, true);
  const lossInput = graph.input('losses', [losses]);
  optimizerStep(graph, lossInput, config);

  const place = (tensors: ReadonlyMap<string, ArrayLike<number>>): Float32Array<ArrayBuffer> => {
    const flat = new Float32Array(layout.bytes / 4);
    for (const [name, data] of tensors) flat.set(data, layout.slot(name).offset / 4);
    return flat;
  };
  const draw = (scale: number) =>
    new Map(rows.map(({ name }) => [name, random.normals(layout.slot(name).size, scale)] as const));
  const initial = draw(1);
  const states = new Map<string, AdamWState & { average: Float64Array }>();
  for (const [name, data] of initial) {
    states.set(name, {
      param: Float64Array.from(data),
      m: new Float64Array(data.length),
      v: new Float64Array(data.length),
      average: Float64Array.from(data),
    });
  }

  const arena = new Arena(device);
  const buffers: (readonly [string, Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>])[] = [
    [PARAMETERS, place(initial)],
    [GRADIENTS, place(new Map())],
    [MOMENT1, place(new Map())],
    [MOMENT2, place(new Map())],
    [AVERAGE, place(initial)],
    ...(config.optimizer === 'muon' ? ([[MATRICES, matrixTable(layout)]] as const) : []),
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
    for (const { name, shape, decay } of rows) {
      const state = states.get(name)!;
      const clipped = Float64Array.from(grads.get(name)!, (g) => g * scale);
      const { weight_decay, l2 } = decay ? config : { weight_decay: 0, l2: 0 };
      const hidden = name.startsWith('transformer.h.') && shape.length === 2 ? (shape as [number, number]) : undefined;
      update(state, clipped, step, { ...config, lr, weight_decay, l2 }, hidden);
      const rate = averageRate(config, step);
      state.average.forEach((value, i) => {
        state.average[i] = value + rate * (state.param[i]! - value);
      });
    }
    const record = await readBuffer(device.gpu, arena.buffer(RECORDS), step * RECORD_BYTES, RECORD_BYTES);
    const [loss, gradNorm, rate] = new Float32Array(record);
    expectClose([loss!], [sum(stepLosses) / losses], 1e-6, 'loss');
    expectClose([gradNorm!], [norm], 1e-6, 'gradient norm');
    expectClose([rate!], [lr], 1e-6, 'learning rate');
  }

  const flats = {
    param: await readFlat(PARAMETERS),
    m: await readFlat(MOMENT1),
    v: await readFlat(MOMENT2),
    ...(config.ema_decay > 0 && { average: await readFlat(AVERAGE) }),
  };
  for (const [key, flat] of Object.entries(flats) as [keyof typeof flats, Float32Array][]) {
    const expected = place(new Map([...states].map(([name, state]) => [name, state[key]])));
    for (const [name, state] of states) {
      const { offset, size } = layout.slot(name);
      const actual = flat.subarray(offset / 4, offset / 4 + size);
      expectClose(actual, state[key], tolerance.state, `${key} of ${name}`);
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
        ).toBeLessThan(tolerance.update ?? 1e-4);
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

const THIRTY = { max_iters: 30, warmup_iters: 3, lr_decay_iters: 30 };

describe('every optimizer over 30 steps', () => {
  gpuTest.for([
    ['adamw', {}],
    ['adamw', { l2: 0.3 }],
    ['adam', {}],
    ['adam', { l2: 0.3 }],
    ['sgd', {}],
    ['sgd', { nesterov: false, weight_decay: 0.2 }],
    ['sgd', { momentum: 0, l2: 0.3 }],
    ['lion', {}],
    ['lion', { l2: 0.3 }],
    ['muon', {}],
    ['muon', { nesterov: false, l2: 0.3 }],
  ] as const)('%s with %o', ([optimizer, changes], { device }) =>
    followReference(device, BLOCKS, { ...withOptimizer(preset('tiny').training, optimizer), ...THIRTY, ...changes }),
  );

  gpuTest.for(['adamw', 'sgd', 'lion', 'muon'] as const)('%s with a moving average', (optimizer, { device }) =>
    followReference(device, BLOCKS, {
      ...withOptimizer(preset('tiny').training, optimizer),
      ...THIRTY,
      ema_decay: 0.8,
    }),
  );
});

describe('Muon, however its products are computed', () => {
  const muon = { ...withOptimizer(preset('tiny').training, 'muon'), max_iters: 2, warmup_iters: 1, lr_decay_iters: 2 };
  const WAYS = { registers: { lanes: 1 }, quads: { lanes: 1, quads: true }, 'workgroup memory': { lanes: 32 } };
  const SHAPES = { 'odd sizes': BLOCKS, 'even sizes': EVEN, 'wide matrices': WIDE };

  gpuTest.for(
    Object.entries(WAYS).flatMap(([way, traits]) =>
      Object.entries(SHAPES)
        .filter(([sizes]) => sizes !== 'wide matrices' || way === 'workgroup memory') // by others, blocks are the same
        .map(([sizes, rows]) => [way, sizes, rows, traits] as const),
    ),
  )('%s, %s', ([way, , rows, traits], { device, skip }) => {
    if (way === 'quads' && !device.quads) skip('the adapter has no quads');
    return followReference(device, rows, muon, 1, {}, traits);
  });
});
