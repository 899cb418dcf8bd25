import meanLossSource from '../../shaders/mean_loss.wgsl?raw';
import randomSource from '../../shaders/random.wgsl?raw';
import { arrived } from '../gpu/arrival.ts';
import type { Device } from '../gpu/device.ts';
import { Pacer } from '../gpu/pacer.ts';
import { readBuffer } from '../gpu/readback.ts';
import type { Graph } from '../graph/graph.ts';
import { crossEntropy } from '../graph/operators/cross-entropy.ts';
import type { Arena, Program } from '../graph/program.ts';
import type { GPTConfig, TrainingConfig } from '../model/config.ts';
import { gpt } from '../model/gpt.ts';
import { drawBatch } from './batches.ts';
import type { CorpusPart } from './step.ts';

/** Names of the buffers that an evaluation counts in; apart from the training step's, which must not notice it. */
const PROGRESS = 'evaluation progress';
const RECORDS = 'evaluation records';

/**
 * Traces one batch of an evaluation: the next of `eval_iters` that lie evenly over its part of the corpus, the same in
 * every evaluation. Without dropout and label smoothing, and with the weights of the graph. Its mean loss is recorded.
 */
export function traceEvaluation(graph: Graph, model: GPTConfig, training: TrainingConfig, part: CorpusPart): void {
  const { vocab_size, block_size: context } = model;
  const { batch_size: batch, eval_iters: fixedBatches } = training;
  const { x, y } = drawBatch(graph, { ...part, vocab_size, batch, context, progress: PROGRESS, fixedBatches });
  const losses = crossEntropy(graph, gpt(graph, model, x), y);
  graph.dispatch(
    { source: randomSource + meanLossSource, entry: 'mean_loss', constants: { N: losses.size } },
    {
      losses,
      progress: graph.region(PROGRESS, 'progress', [2], 'u32'),
      records: graph.region(RECORDS, 'records', [fixedBatches]),
    },
    [1, 1, 1],
  );
}

/** Memory for evaluations of traced graphs. */
export async function allocateEvaluation(arena: Arena, { eval_iters }: TrainingConfig): Promise<void> {
  await arena.named(PROGRESS, 8);
  await arena.named(RECORDS, 4 * eval_iters);
}

/**
 * Mean loss over the `batches` of a traced evaluation, in nats. A submit holds as many batches as take some 14 ms, and
 * `passed` is asked before each: so a pause is obeyed.
 */
export async function meanLoss(
  { gpu, limit }: Device,
  arena: Arena,
  program: Program,
  batches: number,
  passed: () => Promise<void>,
): Promise<number> {
  gpu.queue.writeBuffer(arena.buffer(PROGRESS), 0, new Uint32Array(2));
  const pacer = new Pacer();
  for (let batch = 0; batch < batches; ) {
    await passed();
    const together = Math.min(pacer.steps, batches - batch);
    const started = performance.now();
    program.run(together);
    await arrived(gpu, gpu.queue.onSubmittedWorkDone());
    const ms = performance.now() - started;
    pacer.learn(together, ms);
    limit.learn(together * program.units, ms);
    batch += together;
  }
  await passed();
  const losses = new Float32Array(await readBuffer(gpu, arena.buffer(RECORDS), 0, 4 * batches));
  return losses.reduce((sum, loss) => sum + loss, 0) / batches;
}
