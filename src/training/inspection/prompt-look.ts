import { Graph } from '../../graph/graph.ts';
import { crossEntropy } from '../../graph/operators/cross-entropy.ts';
import { attentionProbabilities, softmax } from '../../graph/operators/inspect.ts';
import { Arena, type Program } from '../../graph/program.ts';
import type { Tensor } from '../../graph/tensor.ts';
import type { GPTConfig } from '../../model/config.ts';
import { logitLens } from '../../model/gpt.ts';
import { type RunInside, requireThere } from './inside.ts';

/** The most tokens that are looked at together. */
const MOST_TOKENS = 128;
/** The most numbers of attention, and of probabilities, that a look keeps: 16 MiB of each. */
const MOST_NUMBERS = 2 ** 22;
/** The fewest rows that a look is traced for: few lengths, so that few kernels are compiled. */
const FEWEST_ROWS = 16;

/** Tokens of a prompt that are looked at, at most: as many as the context, and what is kept of them, allow. */
export function mostTokens({ block_size, n_layer, n_head, vocab_size }: GPTConfig): number {
  const attention = Math.floor(Math.sqrt(MOST_NUMBERS / (n_layer * n_head)));
  const probabilities = Math.floor(MOST_NUMBERS / ((n_layer + 1) * vocab_size));
  return Math.max(1, Math.min(MOST_TOKENS, block_size, attention, probabilities));
}

/** What a model makes of n tokens. */
export interface PromptNumbers {
  /** (n_layer, n_head, n, n): how much each token attends to each. Rows sum to one; zero behind the diagonal. */
  attention: Float32Array<ArrayBuffer>;
  /** For the embedding and behind each block (n, V): the probabilities of the next token, read off the residual stream
   * there; those of the last block are the model's own. */
  lens: Float32Array<ArrayBuffer>[];
  /** (n - 1): the loss of each token but the first, in nats. */
  losses: Float32Array<ArrayBuffer>;
}

interface LookTensors {
  x: Tensor;
  y: Tensor;
  attention: Tensor[];
  lens: Tensor[];
  losses: Tensor;
}

/**
 * A look at what the model of a run makes of a prompt. Reads the run's own weights, in one submit: a training step is not
 * in the midst of them. Its memory is there as long as it is.
 */
export class PromptLook {
  /** Tokens that it has room for. */
  readonly rows: number;
  readonly #run: RunInside;
  readonly #arena: Arena;
  readonly #program: Program;
  readonly #tensors: LookTensors;

  private constructor(run: RunInside, arena: Arena, program: Program, tensors: LookTensors, rows: number) {
    this.#run = run;
    this.#arena = arena;
    this.#program = program;
    this.#tensors = tensors;
    this.rows = rows;
  }

  /** For prompts of up to `tokens`, at most `mostTokens`. Throws `too-large`, `out-of-memory` or `no-model`. */
  static async create(run: RunInside, tokens: number): Promise<PromptLook> {
    const { device, model, layout, traits } = run;
    let rows = FEWEST_ROWS;
    while (rows < tokens) rows *= 2;
    rows = Math.min(rows, Math.max(tokens, mostTokens(model)));
    const graph = new Graph(layout, traits, false, run.weights);
    const x = graph.input('looked at', [1, rows], 'u32');
    const y = graph.input('what follows', [1, rows], 'u32');
    const chosen = graph.input('chosen', [1], 'u32');
    const attention: Tensor[] = [];
    const logits = logitLens(graph, model, x, (stage, tensor) => {
      if (stage.endsWith('.qkv')) {
        attention.push(graph.output(attentionProbabilities(graph, tensor, model.n_head, chosen)));
      }
    });
    const lens = logits.map((tensor) => graph.output(softmax(graph, tensor)));
    const losses = graph.output(crossEntropy(graph, logits.at(-1)!, y));
    const arena = new Arena(device);
    try {
      requireThere(run);
      arena.borrow(run.weights, run.buffer(run.weights));
      arena.plan(graph);
      const program = (await arena.compile()).get(graph)!;
      program.write(chosen, new Uint32Array(1));
      return new PromptLook(run, arena, program, { x, y, attention, lens, losses }, rows);
    } catch (error) {
      arena.destroy();
      throw error;
    }
  }

  /** Looks at 1 to `rows` tokens. Throws `no-model`. */
  async look(ids: ArrayLike<number>): Promise<PromptNumbers> {
    const { rows } = this;
    const n = ids.length;
    const { x, y, attention, lens, losses } = this.#tensors;
    const { n_head: NH, vocab_size: V } = this.#run.model;
    // What comes after the prompt is padding: nothing of the prompt looks at it.
    const padded = (from: number) => Uint32Array.from({ length: rows }, (_, i) => ids[from + i] ?? 0);
    requireThere(this.#run);
    this.#program.write(x, padded(0));
    this.#program.write(y, padded(1));
    this.#program.run();
    const read = (tensor: Tensor) => this.#program.read(tensor);
    const [patterns, distributions, all] = await Promise.all([
      Promise.all(attention.map(read)),
      Promise.all(lens.map(read)),
      read(losses),
    ]);
    const cut = new Float32Array(patterns.length * NH * n * n);
    patterns.forEach((pattern, layer) => {
      for (let row = 0; row < NH * n; row++) {
        const from = (Math.floor(row / n) * rows + (row % n)) * rows;
        cut.set(pattern.subarray(from, from + n), (layer * NH * n + row) * n);
      }
    });
    return {
      attention: cut,
      lens: distributions.map((probabilities) => probabilities.slice(0, n * V)),
      losses: all.slice(0, n - 1),
    };
  }

  destroy(): void {
    this.#arena.destroy();
  }
}
