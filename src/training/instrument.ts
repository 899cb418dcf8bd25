import { allocateDecoder, traceDecoder } from '../generation/decoder.ts';
import { Generator } from '../generation/generator.ts';
import { SAMPLING_DEFAULTS } from '../generation/options.ts';
import { type Vocabulary, writeText } from '../generation/text.ts';
import type { Device } from '../gpu/device.ts';
import { Graph, PARAMETERS } from '../graph/graph.ts';
import { crossEntropy } from '../graph/operators/cross-entropy.ts';
import type { PackedLayout } from '../graph/packed.ts';
import { Arena, type Program, requireFits } from '../graph/program.ts';
import type { Tensor } from '../graph/tensor.ts';
import { traitsOf } from '../graph/traits.ts';
import type { ProductChoices } from '../graph/tuner.ts';
import type { GPTConfig } from '../model/config.ts';
import { gpt } from '../model/gpt.ts';
import { layoutOf } from '../model/parameters.ts';
import { dataOf, type Weights } from '../model/quantization.ts';
import type { TokenIds } from '../text/corpus.ts';

/** Tokens that are predicted at a time. */
const BATCH_TOKENS = 1024;
/** Timed texts, and how long each lasts at least, in milliseconds. */
const TEXTS = 3;
const TEXT_MS = 120;

/** The same windows of a text for every model that is measured: inputs and targets, each (windows, T). */
export interface Windows {
  readonly count: number;
  readonly x: Uint32Array<ArrayBuffer>;
  readonly y: Uint32Array<ArrayBuffer>;
}

/** Windows of T + 1 tokens that lie evenly over a text, as many as hold `most` predicted tokens, or one. */
export function spreadWindows(ids: TokenIds, T: number, most: number): Windows {
  const starts = ids.length - T; // a window holds T + 1 tokens
  const count = Math.max(1, Math.min(Math.floor(most / T), starts));
  const x = new Uint32Array(count * T);
  const y = new Uint32Array(count * T);
  for (let w = 0; w < count; w++) {
    const first = count === 1 ? 0 : Math.floor((w * (starts - 1)) / (count - 1));
    x.set(ids.subarray(first, first + T), w * T);
    y.set(ids.subarray(first + 1, first + T + 1), w * T);
  }
  return { count, x, y };
}

/** A batch of windows, traced. */
interface Evaluation {
  program: Program;
  x: Tensor;
  y: Tensor;
  losses: Tensor;
}

/** Measures models of one shape and one packing on a GPU: their loss on given windows, what they write and how fast. */
export class Instrument {
  readonly #device: Device;
  readonly #arena: Arena;
  readonly #evaluation: Evaluation;
  readonly #generator: Generator;
  readonly #windows: Windows;

  private constructor(device: Device, arena: Arena, evaluation: Evaluation, generator: Generator, windows: Windows) {
    this.#device = device;
    this.#arena = arena;
    this.#evaluation = evaluation;
    this.#generator = generator;
    this.#windows = windows;
  }

  /** Throws `too-large` or `out-of-memory`; then nothing stays allocated. */
  static async open(
    device: Device,
    config: GPTConfig,
    packing: PackedLayout | undefined,
    windows: Windows,
    products?: ProductChoices,
  ): Promise<Instrument> {
    const layout = layoutOf(config);
    const { bytes } = packing ?? layout;
    requireFits(device, bytes, `its ${layout.count.toLocaleString('en-US')} parameters`);
    const T = config.block_size;
    const B = Math.max(1, Math.min(windows.count, Math.floor(BATCH_TOKENS / T)));
    const traits = traitsOf(device, products);
    const graph = new Graph(layout, traits, false, PARAMETERS, packing);
    const x = graph.input('x', [B, T], 'u32');
    const y = graph.input('y', [B, T], 'u32');
    const losses = graph.output(crossEntropy(graph, gpt(graph, config, x), y));
    const arena = new Arena(device);
    try {
      arena.plan(graph);
      const decoder = traceDecoder(config, layout, traits, { packing });
      await allocateDecoder(device, arena, decoder);
      await arena.named(PARAMETERS, bytes);
      const program = (await arena.compile([graph])).get(graph)!;
      const generator = new Generator(device, arena, decoder);
      return new Instrument(device, arena, { program, x, y, losses }, generator, windows);
    } catch (error) {
      arena.destroy();
      throw error;
    }
  }

  /** Takes the weights of the model to measure: of its shape and packing. */
  load(weights: Weights): void {
    this.#device.gpu.queue.writeBuffer(this.#arena.buffer(PARAMETERS), 0, dataOf(weights));
  }

  /** The mean loss over all tokens of the windows, in nats. `passed` is asked between batches, and may throw. */
  async loss(passed: () => void = () => {}): Promise<number> {
    const { program, x, y, losses } = this.#evaluation;
    const tokens = this.#windows.x.length;
    let sum = 0;
    for (let first = 0; first < tokens; first += x.size) {
      passed();
      const count = Math.min(x.size, tokens - first);
      const batch = (of: Uint32Array) => {
        const numbers = new Uint32Array(x.size); // past the end: any token; nobody looks at its loss
        numbers.set(of.subarray(first, first + count));
        return numbers;
      };
      program.write(x, batch(this.#windows.x));
      program.write(y, batch(this.#windows.y));
      program.run();
      const read = await program.read(losses);
      for (let i = 0; i < count; i++) sum += read[i]!;
    }
    return sum / tokens;
  }

  /** What it writes after a prompt, always taking the likeliest character. Throws `unknown-characters`. */
  async write(vocabulary: Vocabulary, prompt: string, length: number): Promise<string> {
    let text = '';
    for await (const { piece } of writeText(this.#generator, vocabulary, prompt, greedy(length))) text += piece;
    return text;
  }

  /** Characters a second of a text that goes on and on: the best of a few, which other work on the machine slows least. */
  async speed(vocabulary: Vocabulary, prompt: string): Promise<number> {
    const ids = vocabulary.begin(prompt);
    const time = async (length: number) => {
      const written: number[] = [];
      const started = performance.now();
      for await (const draws of this.#generator.generate(ids, greedy(length))) written.push(draws.token(0));
      return (1000 * Array.from(vocabulary.decode(written)).length) / (performance.now() - started);
    };
    const T = this.#generator.decoder.config.block_size;
    const rough = await time(2 * T);
    const length = Math.ceil(Math.max(2 * T, (rough * TEXT_MS) / 1000));
    const speeds: number[] = [];
    while (speeds.length < TEXTS) speeds.push(await time(length));
    return Math.max(...speeds);
  }

  destroy(): void {
    this.#generator.destroy();
    this.#arena.destroy();
  }
}

const greedy = (length: number) => ({ ...SAMPLING_DEFAULTS, temperature: 0, length });
