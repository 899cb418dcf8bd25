import { describe, expect } from 'vitest';
import type { Device } from '../../src/gpu/device.ts';
import { Graph } from '../../src/graph/graph.ts';
import { ParameterLayout } from '../../src/graph/parameters.ts';
import { Arena } from '../../src/graph/program.ts';
import { type BatchOptions, CORPUS, corpusBytes, drawBatch, uploadCorpus } from '../../src/training/batches.ts';
import { gpuTest } from '../graph/harness.ts';
import { Random } from '../reference/arrays.ts';

const PROGRESS = 'progress';

type Batch = { x: number[][]; y: number[][] };

/** Draws one batch for each step. Rows of tokens. */
async function drawAll(
  device: Device,
  ids: Uint32Array<ArrayBuffer>,
  options: Omit<BatchOptions, 'length' | 'progress'>,
  steps: number[],
  seed = 1,
): Promise<Batch[]> {
  const graph = new Graph(new ParameterLayout([]), { lanes: 1 }, true);
  const { x, y } = drawBatch(graph, { ...options, length: ids.length, progress: PROGRESS });
  graph.output(x);
  graph.output(y);
  const arena = new Arena(device);
  const corpus = await arena.named(CORPUS, corpusBytes(ids.length, options.vocab_size));
  const cut = Math.floor(ids.length / 3); // in two parts, and not at the border of a word
  await uploadCorpus(device, corpus, [ids.subarray(0, cut), ids.subarray(cut)], options.vocab_size);
  const progress = await arena.named(PROGRESS, 8);
  arena.plan(graph);
  const program = (await arena.compile()).get(graph)!;
  const rows = async (tensor: typeof x) => {
    const tokens = new Uint32Array((await program.read(tensor)).buffer);
    const T = options.context;
    return Array.from({ length: options.batch }, (_, b) => [...tokens.subarray(b * T, (b + 1) * T)]);
  };
  const batches: Batch[] = [];
  for (const step of steps) {
    device.gpu.queue.writeBuffer(progress, 0, new Uint32Array([step, seed]));
    program.run();
    batches.push({ x: await rows(x), y: await rows(y) });
  }
  arena.destroy();
  return batches;
}

/** Each token is its own place, so that a window tells where it came from. */
const places = (length: number) => Uint32Array.from({ length }, (_, i) => i);

const shared = { vocab_size: 60_000, batch: 5, context: 7 };

describe('batches', () => {
  gpuTest('are windows of the region, with the next token as the target', async ({ device }) => {
    const region = { first: 301, length: 40 };
    const steps = Array.from({ length: 40 }, (_, step) => step);
    const batches = await drawAll(device, places(1001), { ...shared, region }, steps);
    const starts = new Set<number>();
    for (const { x, y } of batches) {
      x.forEach((row, b) => {
        const start = row[0]!;
        starts.add(start);
        expect(row).toEqual(Array.from({ length: 7 }, (_, t) => start + t));
        expect(y[b]).toEqual(row.map((place) => place + 1));
        expect(start).toBeGreaterThanOrEqual(301);
        expect(y[b]!.at(-1)).toBeLessThanOrEqual(340);
      });
    }
    // 200 draws from 33 places miss a given one with probability 0.002; both ends are among those drawn.
    expect(starts.size).toBeGreaterThan(30);
    expect(starts).toContain(301);
    expect(starts).toContain(333);
  });

  gpuTest('depend on the step and the seed, and on nothing else', async ({ device }) => {
    const region = { first: 0, length: 50_000 };
    const ids = places(50_000);
    const one = await drawAll(device, ids, { ...shared, region }, [0, 1, 2]);
    const again = await drawAll(device, ids, { ...shared, region }, [2, 1, 0]);
    const other = await drawAll(device, ids, { ...shared, region }, [0, 1, 2], 2);
    expect(again.toReversed()).toEqual(one);
    const starts = [...one, ...other].flatMap(({ x }) => x.map((row) => row[0]!));
    expect(new Set(starts).size).toBe(starts.length);
  });

  gpuTest('are spread evenly: no part of the corpus is drawn more than another', async ({ device }) => {
    const ids = places(1030);
    const options = { vocab_size: 60_000, batch: 256, context: 6, region: { first: 0, length: 1030 } };
    const batches = await drawAll(device, ids, options, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    const counts = new Array(8).fill(0);
    for (const { x } of batches) for (const row of x) counts[Math.floor(row[0]! / 128)]++;
    const expected = (256 * 16) / 8;
    const chiSquared = counts.reduce((total, count) => total + (count - expected) ** 2 / expected, 0);
    expect(chiSquared).toBeLessThan(24.3); // 7 degrees of freedom, one in a thousand
  });

  gpuTest('the only window of a text as short as can be', async ({ device }) => {
    const [batch] = await drawAll(device, places(20), { ...shared, region: { first: 4, length: 8 } }, [3]);
    for (const row of batch!.x) expect(row).toEqual([4, 5, 6, 7, 8, 9, 10]);
  });

  gpuTest('for an evaluation: fixed, all different, from one end to the other', async ({ device }) => {
    const region = { first: 100, length: 900 };
    const options = { ...shared, region, fixedBatches: 3 };
    const batches = await drawAll(device, places(1000), options, [0, 1, 2]);
    const again = await drawAll(device, places(1000), options, [0, 1, 2], 99);
    expect(again).toEqual(batches);
    const starts = batches.flatMap(({ x }) => x.map((row) => row[0]!));
    const gaps = starts.slice(1).map((start, i) => start - starts[i]!);
    expect(starts[0]).toBe(100);
    expect(new Set(gaps).size).toBe(1);
    expect(starts.at(-1)! + 7).toBeGreaterThan(980);
    expect(starts.at(-1)! + 7).toBeLessThan(1000);
  });

  gpuTest.for([3, 256, 257, 65_535])('tokens of a vocabulary of %i survive packing', async (vocab_size, { device }) => {
    const random = new Random(vocab_size);
    const ids = random.tokens(203, vocab_size);
    ids[9] = vocab_size - 1;
    const options = { vocab_size, batch: 1, context: 202, region: { first: 0, length: 203 } };
    const [batch] = await drawAll(device, ids, options, [0]);
    expect(batch!.x[0]).toEqual([...ids.subarray(0, 202)]);
    expect(batch!.y[0]).toEqual([...ids.subarray(1)]);
  });
});
