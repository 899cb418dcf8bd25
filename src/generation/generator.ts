import type { Device } from '../gpu/device.ts';
import { ReadbackRing } from '../gpu/readback.ts';
import { Graph, type KernelTraits, PARAMETERS } from '../graph/graph.ts';
import type { ParameterLayout } from '../graph/parameters.ts';
import type { Arena, Program } from '../graph/program.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { GPTConfig } from '../model/config.ts';
import { gpt } from '../model/gpt.ts';
import { Random } from '../model/random.ts';
import { type SamplingOptions, sampleToken } from './sampling.ts';

export interface GenerationOptions extends SamplingOptions {
  /** Tokens to write. */
  length: number;
  seed: number;
  /** A token that is never drawn: `<|endoftext|>`, where the corpus is one document, so that nothing has been learnt
   * about it. */
  never?: number | undefined;
  /** A token that ends the text and is not part of it: `<|endoftext|>`, where the corpus is a list of documents. */
  end?: number | undefined;
}

/** The model for one sequence, forward only. */
export interface GeneratorGraph {
  graph: Graph;
  tokens: Tensor;
  logits: Tensor;
}

/** `weights` names the flat buffer that holds them. */
export function traceGenerator(
  config: GPTConfig,
  layout: ParameterLayout,
  traits: KernelTraits,
  weights = PARAMETERS,
): GeneratorGraph {
  const graph = new Graph(layout, traits, false, weights);
  const tokens = graph.input('context', [1, config.block_size], 'u32');
  const logits = graph.output(gpt(graph, config, tokens));
  return { graph, tokens, logits };
}

/** Writes text with the weights that are in the arena at the moment of each token. */
export class Generator {
  readonly #device: Device;
  readonly #arena: Arena;
  readonly #program: Program;
  readonly #traced: GeneratorGraph;
  readonly #readback: ReadbackRing;

  constructor(device: Device, arena: Arena, program: Program, traced: GeneratorGraph) {
    this.#device = device;
    this.#arena = arena;
    this.#program = program;
    this.#traced = traced;
    // two: a sample of the training run and an answer to a prompt may be written at the same time
    this.#readback = new ReadbackRing(device.gpu, 2, 4 * this.#vocabulary);
  }

  get #vocabulary(): number {
    return this.#traced.logits.shape.at(-1)!;
  }

  /** Logits (V) for what follows `ids`, of which the last block_size count. At least one id. */
  async next(ids: readonly number[]): Promise<Float32Array> {
    const { tokens, logits, graph } = this.#traced;
    const context = ids.slice(-tokens.size);
    const padded = new Uint32Array(tokens.size); // positions past the last are never looked at: attention is causal
    padded.set(context);
    this.#program.write(tokens, padded);
    const encoder = this.#device.gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    this.#program.encode(pass);
    pass.end();
    const { buffer } = this.#arena.locate(graph, logits);
    const bytes = 4 * this.#vocabulary;
    const row = { offset: (context.length - 1) * bytes, bytes };
    return new Float32Array(await this.#readback.submit(encoder, buffer, [row]));
  }

  /** Continues `prompt` (at least one id) token by token. */
  async *generate(prompt: readonly number[], options: GenerationOptions): AsyncGenerator<number> {
    const random = new Random(options.seed);
    const ids = [...prompt];
    for (let written = 0; written < options.length; written++) {
      const logits = await this.next(ids);
      if (options.never !== undefined) logits[options.never] = Number.NEGATIVE_INFINITY;
      const id = sampleToken(logits, options, random);
      if (id === options.end) return;
      yield id;
      ids.push(id);
    }
  }

  destroy(): void {
    this.#readback.destroy();
  }
}
