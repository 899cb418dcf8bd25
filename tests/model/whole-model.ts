import type { Device } from '../../src/gpu/device.ts';
import { readBuffer } from '../../src/gpu/readback.ts';
import { GRADIENTS, Graph, PARAMETERS } from '../../src/graph/graph.ts';
import { crossEntropy } from '../../src/graph/operators/cross-entropy.ts';
import type { ParameterLayout } from '../../src/graph/parameters.ts';
import { Arena, type Program } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import type { GPTConfig, TrainingConfig } from '../../src/model/config.ts';
import { gpt } from '../../src/model/gpt.ts';
import { layoutOf } from '../../src/model/parameters.ts';
import { RECORD_BYTES } from '../../src/training/optimizer.ts';
import { RECORDS } from '../../src/training/state.ts';
import { allocateNamed, startingBuffers, traceStep } from '../../src/training/step.ts';
import type { Numbers } from '../reference/arrays.ts';
import type { Tensors, TrainedStep } from '../reference/gpt.ts';

type Tokens = Uint32Array<ArrayBuffer>;

interface Step {
  program: Program;
  x: Tensor;
  y: Tensor;
}

interface Evaluation extends Step {
  logits: Tensor;
  losses: Tensor;
}

/** A model on the GPU with batches of one shape [B, T] from the test: a training step, and an evaluation of any weights. */
export class WholeModel {
  readonly layout: ParameterLayout;
  readonly #device: Device;
  readonly #arena: Arena;
  readonly #step: Step;
  readonly #evaluation: Evaluation;
  #done = 0;

  private constructor(device: Device, arena: Arena, layout: ParameterLayout, step: Step, evaluation: Evaluation) {
    this.#device = device;
    this.#arena = arena;
    this.layout = layout;
    this.#step = step;
    this.#evaluation = evaluation;
  }

  static async create(
    device: Device,
    model: GPTConfig,
    training: TrainingConfig,
    params: Tensors,
    shape: { B: number; T: number },
    lanes = 1,
  ): Promise<WholeModel> {
    const layout = layoutOf(model);
    const trace = (name: string, train: boolean) => {
      const graph = new Graph(layout, { lanes }, train);
      const x = graph.input(`${name} x`, [shape.B, shape.T], 'u32');
      const y = graph.input(`${name} y`, [shape.B, shape.T], 'u32');
      return { graph, x, y };
    };
    const step = trace('step', true);
    traceStep(step.graph, model, training, () => step);
    const evaluation = trace('evaluation', false);
    const logits = evaluation.graph.output(gpt(evaluation.graph, model, evaluation.x));
    const losses = evaluation.graph.output(crossEntropy(evaluation.graph, logits, evaluation.y));
    const arena = new Arena(device);
    arena.plan(step.graph);
    arena.plan(evaluation.graph);
    await allocateNamed(device, arena, await startingBuffers(layout, model, training));
    const programs = await arena.compile();
    const whole = new WholeModel(
      device,
      arena,
      layout,
      { ...step, program: programs.get(step.graph)! },
      { ...evaluation, logits, losses, program: programs.get(evaluation.graph)! },
    );
    for (const [name, data] of params) whole.write(name, data);
    return whole;
  }

  /** Writes one parameter. */
  write(name: string, data: Numbers): void {
    this.#device.gpu.queue.writeBuffer(
      this.#arena.buffer(PARAMETERS),
      this.layout.slot(name).offset,
      Float32Array.from(data),
    );
  }

  /** One optimizer step. */
  async step(x: Tokens, y: Tokens): Promise<TrainedStep> {
    const { program } = this.#step;
    program.write(this.#step.x, x);
    program.write(this.#step.y, y);
    program.run();
    const offset = this.#done++ * RECORD_BYTES;
    const record = await readBuffer(this.#device.gpu, this.#arena.buffer(RECORDS), offset, RECORD_BYTES);
    const [loss, grad_norm, lr] = new Float32Array(record);
    return { loss: loss!, grad_norm: grad_norm!, lr: lr! };
  }

  /** Logits and the losses of the rows with the present weights. */
  async evaluate(x: Tokens, y: Tokens): Promise<{ logits: Float32Array; losses: Float32Array }> {
    const { program, logits, losses } = this.#evaluation;
    program.write(this.#evaluation.x, x);
    program.write(this.#evaluation.y, y);
    program.run();
    const [readLogits, readLosses] = await Promise.all([program.read(logits), program.read(losses)]);
    return { logits: readLogits, losses: readLosses };
  }

  /** All tensors of a flat buffer, by name. */
  async tensors(buffer: string): Promise<Map<string, Float32Array>> {
    const flat = new Float32Array(await readBuffer(this.#device.gpu, this.#arena.buffer(buffer), 0, this.layout.bytes));
    const slots = [...this.layout.slots.values()];
    return new Map(slots.map(({ name, offset, size }) => [name, flat.subarray(offset / 4, offset / 4 + size)]));
  }

  /** Of the last step, before clipping. */
  gradients(): Promise<Map<string, Float32Array>> {
    return this.tensors(GRADIENTS);
  }

  parameters(): Promise<Map<string, Float32Array>> {
    return this.tensors(PARAMETERS);
  }

  destroy(): void {
    this.#arena.destroy();
  }
}
