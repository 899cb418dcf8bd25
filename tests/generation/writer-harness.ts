import { allocateDecoder, traceDecoder } from '../../src/generation/decoder.ts';
import { Generator } from '../../src/generation/generator.ts';
import { type GenerationOptions, SAMPLING_DEFAULTS } from '../../src/generation/options.ts';
import { windowStart } from '../../src/generation/window.ts';
import type { Device } from '../../src/gpu/device.ts';
import { Graph, type KernelTraits, PARAMETERS } from '../../src/graph/graph.ts';
import { Arena, type Program } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import type { GPTConfig } from '../../src/model/config.ts';
import { gpt } from '../../src/model/gpt.ts';
import { layoutOf } from '../../src/model/parameters.ts';
import type { Tensors } from '../reference/gpt.ts';

/** The options of a greedy text; each test says what it wants otherwise. */
export const GREEDY: GenerationOptions = { ...SAMPLING_DEFAULTS, length: 20, temperature: 0 };

interface WholePass {
  program: Program;
  tokens: Tensor;
  logits: Tensor;
}

/** A model that writes with the cache, beside the whole forward pass that has none. */
export class WritingModel {
  readonly generator: Generator;
  readonly #config: GPTConfig;
  readonly #arena: Arena;
  readonly #whole: WholePass;

  private constructor(config: GPTConfig, arena: Arena, generator: Generator, whole: WholePass) {
    this.#config = config;
    this.#arena = arena;
    this.generator = generator;
    this.#whole = whole;
  }

  static async create(
    device: Device,
    config: GPTConfig,
    params: Tensors,
    traits: KernelTraits = { lanes: 1 },
    sequences = 1,
  ): Promise<WritingModel> {
    const layout = layoutOf(config);
    const arena = new Arena(device);
    const graph = new Graph(layout, traits, false);
    const tokens = graph.input('tokens', [1, config.block_size], 'u32');
    const logits = graph.output(gpt(graph, config, tokens));
    arena.plan(graph);
    const decoder = traceDecoder(config, layout, traits, { sequences });
    await allocateDecoder(device, arena, decoder);
    const buffer = await arena.named(PARAMETERS, layout.bytes);
    for (const [name, data] of params) {
      device.gpu.queue.writeBuffer(buffer, layout.slot(name).offset, Float32Array.from(data));
    }
    const programs = await arena.compile([graph]);
    const generator = new Generator(device, arena, decoder);
    return new WritingModel(config, arena, generator, { program: programs.get(graph)!, tokens, logits });
  }

  /** Of the first sequence. */
  async write(prompt: readonly number[], options: Partial<GenerationOptions> = {}): Promise<number[]> {
    return (await this.writeAll(prompt, options))[0]!;
  }

  /** Of each sequence. */
  async writeAll(prompt: readonly number[], options: Partial<GenerationOptions> = {}): Promise<number[][]> {
    const all = Array.from({ length: this.generator.decoder.sequences }, () => [] as number[]);
    for await (const draws of this.generator.generate(prompt, { ...GREEDY, ...options })) {
      for (const [b, ids] of all.entries()) ids.push(draws.token(b));
    }
    return all;
  }

  /** What of the first `count` tokens the model sees. */
  window(ids: readonly number[], prompt: number): number[] {
    return ids.slice(windowStart(prompt, ids.length, this.#config.block_size));
  }

  /** Logits after a window, by the whole forward pass. */
  async logits(window: readonly number[]): Promise<Float32Array> {
    const { program, tokens, logits } = this.#whole;
    const padded = new Uint32Array(tokens.size);
    padded.set(window);
    program.write(tokens, padded);
    program.run();
    const V = this.#config.vocab_size;
    return (await program.read(logits)).slice((window.length - 1) * V, window.length * V);
  }

  /** Greedy text without a cache: the largest logit of each whole forward pass, of equal ones the first. */
  async writeWithoutCache(prompt: readonly number[], length: number): Promise<number[]> {
    const ids = [...prompt];
    for (let n = 0; n < length; n++) {
      const logits = await this.logits(this.window(ids, prompt.length));
      ids.push(logits.indexOf(Math.max(...logits)));
    }
    return ids.slice(prompt.length);
  }

  destroy(): void {
    this.generator.destroy();
    this.#arena.destroy();
  }
}
