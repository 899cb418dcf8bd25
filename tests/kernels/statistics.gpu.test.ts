import { describe, expect } from 'vitest';
import { readBuffer } from '../../src/gpu/readback.ts';
import { GRADIENTS, Graph, PARAMETERS } from '../../src/graph/graph.ts';
import { ParameterLayout } from '../../src/graph/parameters.ts';
import { Arena } from '../../src/graph/program.ts';
import { preset, type TrainingConfig } from '../../src/model/config.ts';
import { optimizerStep, RECORD_BYTES, RECORD_RING } from '../../src/training/optimizer.ts';
import { scheduleTable } from '../../src/training/schedule.ts';
import { MOMENT1, MOMENT2, PROGRESS, RECORDS, SCHEDULE } from '../../src/training/state.ts';
import { Statistics, traceDistance, traceWatched } from '../../src/training/statistics.ts';
import { expectClose, gpuTest, LANES } from '../graph/harness.ts';
import { Random } from '../reference/arrays.ts';
import { globalNorm } from '../reference/optimizer.ts';

const SHAPES = {
  odd: [[13], [7, 5], [1], [33, 17]],
  aligned: [[64, 64], [64]],
  large: [[1031, 97], [4099]],
};

const training: TrainingConfig = { ...preset('tiny').training, max_iters: 5, warmup_iters: 1, lr_decay_iters: 4 };

describe.each(Object.entries(SHAPES))('norms of %s tensors', (_, shapes) => {
  const rows = shapes.map((shape, i) => ({ name: `tensor ${i}`, shape, decay: shape.length > 1 }));
  const layout = new ParameterLayout(rows);
  const random = new Random(7);
  /** Values of all tensors in their places, the gaps zero. */
  const draw = (scale: number) => {
    const flat = new Float32Array(layout.bytes / 4);
    for (const { offset, size } of layout.slots.values()) flat.set(random.normals(size, scale), offset / 4);
    return flat;
  };
  const normsOf = (values: (i: number) => number) =>
    [...layout.slots.values()].map(({ offset, size }) =>
      globalNorm([Float64Array.from({ length: size }, (_, i) => values(offset / 4 + i))]),
    );

  gpuTest.for(LANES)('are those of float64, with %i lanes', async (lanes, { device }) => {
    const arena = new Arena(device);
    const step = new Graph(layout, { lanes }, true);
    const losses = step.input('losses', [3]);
    optimizerStep(step, losses, training);
    const watched = new Graph(layout, { lanes }, true);
    watched.inputs.push(losses);
    traceWatched(watched, step);
    const distance = new Graph(layout, { lanes }, false);
    const origin = traceDistance(distance);
    const [weights, gradients, first] = [draw(1), draw(0.3), draw(1)];
    const zeros = new Float32Array(layout.bytes / 4);
    for (const [name, data] of [
      [PARAMETERS, weights],
      [GRADIENTS, gradients],
      [MOMENT1, zeros],
      [MOMENT2, zeros],
      [SCHEDULE, scheduleTable(training)],
      [PROGRESS, new Uint32Array(2)],
      [RECORDS, new Float32Array((RECORD_RING * RECORD_BYTES) / 4)],
    ] as const) {
      device.gpu.queue.writeBuffer(await arena.named(name, data.byteLength), 0, data);
    }
    arena.plan(watched);
    arena.plan(distance);
    arena.share(step, watched);
    await arena.compile([step]);
    const options = { device, arena, training, watched, distance, origin, first: async () => first };
    const statistics = await Statistics.create(options);
    const watching = await statistics.prepare();
    for (const made of [1, 2]) {
      const read = async (name: string) =>
        new Float32Array(await readBuffer(device.gpu, arena.buffer(name), 0, layout.bytes));
      const before = await read(PARAMETERS);
      watching.watched.write(losses, new Float32Array(3));
      watching.watched.run();
      const norms = await statistics.take(made, watching);
      const after = await read(PARAMETERS);
      expect(norms.names).toEqual([...layout.slots.keys()]);
      // each tensor by itself: a small one must not hide behind a large one
      const close = (actual: number[], expected: number[], name: string) =>
        actual.forEach((value, i) => {
          expectClose([value], [expected[i]!], 2e-6, `${name} of ${norms.names[i]}`);
        });
      close(
        norms.grad,
        normsOf((i) => gradients[i]!),
        'gradient',
      );
      close(
        norms.update,
        normsOf((i) => after[i]! - before[i]!),
        'update',
      );
      close(
        norms.weight,
        normsOf((i) => after[i]!),
        'weight',
      );
      close(
        norms.moved!,
        normsOf((i) => after[i]! - first[i]!),
        'distance',
      );
      expect(Math.min(...norms.update)).toBeGreaterThan(0);
    }
    arena.destroy();
  });
});
