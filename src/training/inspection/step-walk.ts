import { InklingError } from '../../gpu/errors.ts';
import { readBuffer } from '../../gpu/readback.ts';
import { GRADIENTS, Graph, PARAMETERS } from '../../graph/graph.ts';
import { attentionProbabilities, sequenceOf, softmax } from '../../graph/operators/inspect.ts';
import { Arena, type Program } from '../../graph/program.ts';
import type { Tensor } from '../../graph/tensor.ts';
import type { TrainingConfig } from '../../model/config.ts';
import { CORPUS } from '../batches.ts';
import { MATRICES, matrixTable } from '../muon.ts';
import { RECORD_BYTES, RECORD_RING } from '../optimizer.ts';
import { scheduleTable } from '../schedule.ts';
import { BEST, type MOMENT1, type MOMENT2, PROGRESS, RECORDS, SCHEDULE, stateBuffers } from '../state.ts';
import { allocateNamed, type Batch, type Beginning, drawTrainingBatch, halfBuffers, traceStep } from '../step.ts';
import { type RunInside, requireThere } from './inside.ts';

/** Name of the copy of a buffer as it was before the step. */
const before = (name: string) => `${name} before`;

/** One training step in numbers. */
export interface StepNumbers {
  /** Steps that the run had made before it. */
  step: number;
  /** (B, T) of its first batch: tokens, and the ones that follow each. */
  x: Uint32Array<ArrayBuffer>;
  y: Uint32Array<ArrayBuffer>;
  /** Of all rows of all its batches, in nats. */
  losses: Float32Array<ArrayBuffer>;
  loss: number;
  grad_norm: number;
  lr: number;
  /** What the gradient is multiplied by, so that it is not longer than `grad_clip`. */
  clip: number;
  /** 1 / (1 - beta^step), of both moments. */
  corrections: [number, number];
  /** How far the moving average of the weights goes towards them. */
  average_rate: number;
}

/** What a step does to one weight. Absent what the optimizer has not. */
export interface WeightUpdate {
  gradient: number;
  weight: [before: number, after: number];
  moment1?: [before: number, after: number];
  moment2?: [before: number, after: number];
  average?: [before: number, after: number];
  /** Muon's direction, where it treats this weight. */
  orthogonal?: number;
}

interface Traced {
  batch: Batch;
  losses: Tensor;
  update: Tensor;
  chosen: Tensor;
  /** By stage, of the chosen sequence. */
  values: Map<string, Tensor>;
  gradients: Map<string, Tensor>;
  orthogonal: { tensor: Tensor; from: number; to: number } | undefined;
}

/**
 * The next training step of a run, made on copies of its weights and moments: the run itself does not notice. The batch is
 * the very one that the run would draw next, and the kernels are its own, so every number is the run's to the bit.
 *
 * Kept of the step is what `stagesOf` names, of one sequence of the (first) batch, beside `h.N.attention` (NH, T, T) and
 * `probabilities` (T, V); and the gradients of the mean loss in the same places. Behind an activation that is the gradient
 * of what goes into it. After the last step of a run the walk is that of one step more, at the schedule's last rate.
 */
export class StepWalk {
  readonly #run: RunInside;
  readonly #arena: Arena;
  readonly #program: Program;
  readonly #traced: Traced;
  /** The flat buffers that a step changes. */
  readonly #changed: readonly string[];

  private constructor(run: RunInside, arena: Arena, program: Program, traced: Traced, training: TrainingConfig) {
    this.#run = run;
    this.#arena = arena;
    this.#program = program;
    this.#traced = traced;
    this.#changed = changedBy(training);
  }

  /** Traces and compiles the walk, and takes the copies. Throws `too-large`, `out-of-memory` or `no-model`. */
  static async create(run: RunInside): Promise<StepWalk> {
    const { device, layout, traits } = run;
    const training = { ...run.training, max_iters: run.training.max_iters + 1 };
    const graph = new Graph(layout, traits, true);
    const traced = trace(graph, run, training);
    const arena = new Arena(device);
    try {
      arena.plan(graph);
      requireThere(run);
      arena.borrow(CORPUS, run.buffer(CORPUS));
      for (const name of changedBy(training)) {
        await arena.named(name, layout.bytes);
        await arena.named(before(name), layout.bytes);
      }
      await arena.named(GRADIENTS, layout.bytes);
      await arena.named(PROGRESS, 8);
      await arena.named(before(PROGRESS), 8);
      await arena.named(RECORDS, RECORD_RING * RECORD_BYTES);
      const schedule = scheduleTable(training);
      device.gpu.queue.writeBuffer(await arena.named(SCHEDULE, schedule.byteLength), 0, schedule);
      const tables: Beginning[] = training.optimizer === 'muon' ? [[MATRICES, matrixTable(layout)]] : [];
      await allocateNamed(device, arena, [...tables, ...halfBuffers(graph)]);
      const program = (await arena.compile()).get(graph)!;
      const walk = new StepWalk(run, arena, program, traced, training);
      walk.take();
      return walk;
    } catch (error) {
      arena.destroy();
      throw error;
    }
  }

  /** Copies the run as it is after the steps submitted so far: the walk is that of the step after these. */
  take(): void {
    requireThere(this.#run);
    this.#copy([...this.#changed, PROGRESS], (name) => [this.#run.buffer(name), this.#arena.buffer(before(name))]);
  }

  /** Makes the step, and keeps what goes on in the given sequence of its first batch. Throws `not-finite` or `no-model`. */
  async make(sequence: number): Promise<StepNumbers> {
    const { batch, losses, update, chosen } = this.#traced;
    requireThere(this.#run); // its corpus is read
    this.#copy([...this.#changed, PROGRESS], (name) => [this.#arena.buffer(before(name)), this.#arena.buffer(name)]);
    this.#program.write(chosen, Uint32Array.of(sequence));
    this.#program.run();
    const { gpu } = this.#run.device;
    const bits = async (tensor: Tensor) => new Uint32Array((await this.#program.read(tensor)).buffer);
    const [progress, x, y, all, numbers] = await Promise.all([
      readBuffer(gpu, this.#arena.buffer(before(PROGRESS)), 0, 8),
      bits(batch.x),
      bits(batch.y),
      this.#program.read(losses),
      this.#program.read(update),
    ]);
    const step = new Uint32Array(progress)[0]!;
    const place = (step % RECORD_RING) * RECORD_BYTES;
    const record = await readBuffer(gpu, this.#arena.buffer(RECORDS), place, RECORD_BYTES);
    const [loss, grad_norm, lr] = new Float32Array(record) as never as [number, number, number];
    const [, clip, correction1, correction2, average_rate] = numbers as never as [
      number,
      number,
      number,
      number,
      number,
    ];
    if (!Number.isFinite(loss) || !Number.isFinite(grad_norm)) {
      throw new InklingError(
        'not-finite',
        'The next step of this run is not finite, so there is nothing to walk through.',
        'Start again with a lower learning rate.',
      );
    }
    return {
      step,
      x,
      y,
      losses: all,
      loss,
      grad_norm,
      lr,
      clip,
      corrections: [correction1, correction2],
      average_rate,
    };
  }

  /** Names of the places whose numbers were kept. */
  get stages(): string[] {
    return [...this.#traced.values.keys()];
  }

  /** What stood in a place of the chosen sequence, or its gradient. The shape is that of the sequence. */
  async read(
    stage: string,
    gradient = false,
  ): Promise<{ shape: readonly number[]; values: Float32Array<ArrayBuffer> }> {
    const tensor = (gradient ? this.#traced.gradients : this.#traced.values).get(stage);
    if (!tensor) {
      throw new InklingError('internal', `The walk has kept no ${gradient ? 'gradient of ' : ''}“${stage}”.`);
    }
    return { shape: tensor.shape, values: await this.#program.read(tensor) };
  }

  /** Rows [from, to) of a parameter as it was before the step. */
  async parameterRows(name: string, from: number, to: number): Promise<Float32Array<ArrayBuffer>> {
    const { offset, shape, size } = this.#run.layout.slot(name);
    const width = size / shape[0]!;
    const buffer = this.#arena.buffer(before(PARAMETERS));
    const bytes = await readBuffer(this.#run.device.gpu, buffer, offset + 4 * from * width, 4 * (to - from) * width);
    return new Float32Array(bytes);
  }

  /** The gradients of all parameters, before clipping, in the layout of the parameters. */
  async gradients(): Promise<Float32Array<ArrayBuffer>> {
    const { layout, device } = this.#run;
    return new Float32Array(await readBuffer(device.gpu, this.#arena.buffer(GRADIENTS), 0, layout.bytes));
  }

  /** What the step does to element `index` of a parameter. */
  async update(name: string, index: number): Promise<WeightUpdate> {
    const { offset, size } = this.#run.layout.slot(name);
    if (!Number.isInteger(index) || index < 0 || index >= size) {
      throw new InklingError('internal', `${name} has no element ${index}.`);
    }
    const at = async (buffer: string) => {
      const bytes = await readBuffer(this.#run.device.gpu, this.#arena.buffer(buffer), offset + 4 * index, 4);
      return new Float32Array(bytes)[0]!;
    };
    const pair = (buffer: string) => Promise.all([at(before(buffer)), at(buffer)]);
    const [gradient, ...pairs] = await Promise.all([at(GRADIENTS), ...this.#changed.map(pair)]);
    const changes = Object.fromEntries(this.#changed.map((buffer, i) => [buffer, pairs[i]!]));
    const { [PARAMETERS]: weight, ...others } = changes;
    const found: WeightUpdate = { gradient, weight: weight!, ...others };
    const { orthogonal } = this.#traced;
    const flat = offset / 4 + index;
    if (orthogonal && flat >= orthogonal.from && flat < orthogonal.to) {
      found.orthogonal = (await this.#program.read(orthogonal.tensor))[flat - orthogonal.from]!;
    }
    return found;
  }

  /** The flat buffers after the step, for a test to compare: parameters and moments. */
  async after(name: typeof PARAMETERS | typeof MOMENT1 | typeof MOMENT2): Promise<Float32Array<ArrayBuffer>> {
    const { layout, device } = this.#run;
    return new Float32Array(await readBuffer(device.gpu, this.#arena.buffer(name), 0, layout.bytes));
  }

  destroy(): void {
    this.#arena.destroy();
  }

  #copy(names: readonly string[], ends: (name: string) => [from: GPUBuffer, to: GPUBuffer]): void {
    const { gpu } = this.#run.device;
    const encoder = gpu.createCommandEncoder();
    for (const name of names) {
      const [from, to] = ends(name);
      encoder.copyBufferToBuffer(from, 0, to, 0, name === PROGRESS ? 8 : this.#run.layout.bytes);
    }
    gpu.queue.submit([encoder.finish()]);
  }
}

/** The flat buffers that a step of this configuration changes. */
function changedBy(training: TrainingConfig): string[] {
  return stateBuffers(training).filter((name) => name !== BEST);
}

/** Traces the run's step, with copies of what a walk shows on the way. */
function trace(graph: Graph, { model, corpus }: RunInside, training: TrainingConfig): Traced {
  const chosen = graph.input('chosen sequence', [1], 'u32');
  const values = new Map<string, Tensor>();
  const gradients = new Map<string, Tensor>();
  let batch: Batch | undefined;
  const keep = (stage: string, tensor: Tensor) => void values.set(stage, graph.output(tensor));
  const { losses, update, orthogonal } = traceStep(
    graph,
    model,
    training,
    (index) => {
      const drawn = drawTrainingBatch(graph, model, training, corpus, index);
      batch ??= { x: graph.output(drawn.x), y: graph.output(drawn.y) };
      return drawn;
    },
    (stage, tensor) => {
      const copy = sequenceOf(graph, tensor, chosen);
      keep(stage, copy);
      if (stage.endsWith('.qkv')) {
        keep(stage.replace('qkv', 'attention'), attentionProbabilities(graph, tensor, model.n_head, chosen));
      }
      if (stage === 'logits') keep('probabilities', softmax(graph, copy));
      // This rule runs when all that reads the tensor has given its share of the gradient, and before it is handed on.
      graph.onBackward(tensor, (dout) => {
        gradients.set(stage, graph.output(sequenceOf(graph, dout, chosen)));
      });
    },
  );
  return {
    batch: batch!,
    losses: graph.output(losses),
    update: graph.output(update),
    chosen,
    values,
    gradients,
    orthogonal: orthogonal && { ...orthogonal, tensor: graph.output(orthogonal.tensor) },
  };
}
