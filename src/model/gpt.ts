import type { Graph } from '../graph/graph.ts';
import { attention } from '../graph/operators/attention.ts';
import { type Dropout, dropout } from '../graph/operators/dropout.ts';
import { embedding } from '../graph/operators/embedding.ts';
import { layerNorm } from '../graph/operators/layer-norm.ts';
import { type LinearOptions, linear } from '../graph/operators/linear.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { GPTConfig } from './config.ts';

/** The two places where the model depends on how text comes in: as whole sequences, or row by row with a cache. */
export interface Reading {
  /** The embedding (B, T, C) of the tokens. wte (V, C), wpe (block_size, C). */
  embed(wte: Tensor, wpe: Tensor): Tensor;
  /** Each row looks back at itself and what came before it: qkv (B, T, 3 C) → (B, T, C). `dropout` in training only. */
  attend(qkv: Tensor, layer: number, dropout: Dropout | undefined): Tensor;
}

/** Hears of the tensors of a forward pass as they are traced, and may trace what reads them; see `stagesOf`. */
export type Tap = (stage: string, tensor: Tensor) => void;

/** The stages of a block, in the order of the forward pass. */
export const BLOCK_STAGES = ['qkv', 'mixed', 'middle', 'hidden', 'out'] as const;
export type BlockStage = (typeof BLOCK_STAGES)[number];

/**
 * What a tap hears of, in order: `embedding` (B, T, C); of each block `h.N.qkv` (B, T, 3 C), `h.N.mixed` (B, T, C) what
 * attention gathers, `h.N.middle` (B, T, C) the residual stream behind attention, `h.N.hidden` (B, T, H) the activated
 * feed-forward layer, `h.N.out` (B, T, C) the residual stream behind the block; `logits` (B, T, V).
 */
export function stagesOf({ n_layer }: Pick<GPTConfig, 'n_layer'>): string[] {
  const blocks = Array.from({ length: n_layer }, (_, layer) => BLOCK_STAGES.map((stage) => blockStage(layer, stage)));
  return ['embedding', ...blocks.flat(), 'logits'];
}

export const blockStage = (layer: number, stage: BlockStage): string => `h.${layer}.${stage}`;

/**
 * A GPT-2-style decoder (Radford et al., 2019), traced into `graph`.
 *
 * Written forward only: the operators know how to differentiate themselves. Sizes: B batch, T tokens, C = n_embd,
 * H = n_inner, V = vocab_size. Tensors bear nanoGPT's state-dict names.
 */
class GPT {
  readonly #graph: Graph;
  readonly #config: GPTConfig;
  readonly #reading: Reading;
  readonly #dropout: Dropout | undefined;
  readonly #tap: Tap;
  /** Places that have dropped so far. */
  #drops = 0;

  constructor(graph: Graph, config: GPTConfig, reading: Reading, dropout: Dropout | undefined, tap: Tap = () => {}) {
    this.#graph = graph;
    this.#config = config;
    this.#reading = reading;
    this.#dropout = dropout;
    this.#tap = tap;
  }

  /** Logits (B, T, V): at each position, what may follow it. */
  forward(): Tensor {
    const { vocab_size: V, block_size, n_embd: C, n_layer } = this.#config;
    const wte = this.#graph.parameter('transformer.wte.weight', [V, C]);
    const wpe = this.#graph.parameter('transformer.wpe.weight', [block_size, C]);
    let x = this.#drop(this.#reading.embed(wte, wpe)); // (B, T, C)
    this.#tap('embedding', x);
    for (let layer = 0; layer < n_layer; layer++) {
      x = this.#block(layer, x); // (B, T, C)
    }
    const logits = this.readOut(x); // (B, T, V)
    this.#tap('logits', logits);
    return logits;
  }

  /** What the residual stream (B, T, C) says of the next token: the last norm, then the head. */
  readOut(x: Tensor): Tensor {
    const { vocab_size: V, n_embd: C, tied } = this.#config;
    const normed = this.#norm('transformer.ln_f', x); // (B, T, C)
    const head = this.#graph.parameter(tied ? 'transformer.wte.weight' : 'lm_head.weight', [V, C]);
    return linear(this.#graph, normed, head); // (B, T, V)
  }

  /** Attention, then the feed-forward layers, each on a normalised copy and added to the residual stream. */
  #block(layer: number, x: Tensor): Tensor {
    const name = `transformer.h.${layer}`;
    const middle = this.#attention(layer, this.#norm(`${name}.ln_1`, x), x);
    this.#tap(blockStage(layer, 'middle'), middle);
    const out = this.#mlp(layer, this.#norm(`${name}.ln_2`, middle), middle);
    this.#tap(blockStage(layer, 'out'), out);
    return out;
  }

  /** Every position looks back at itself and what came before it. */
  #attention(layer: number, x: Tensor, residual: Tensor): Tensor {
    const { n_embd: C } = this.#config;
    const name = `transformer.h.${layer}.attn`;
    // The keys' bias adds the same to all scores of a query, and softmax ignores that.
    const qkv = this.#linear(`${name}.c_attn`, x, 3 * C, { idleBias: [C, 2 * C] }); // (B, T, 3 C)
    this.#tap(blockStage(layer, 'qkv'), qkv);
    const y = this.#reading.attend(qkv, layer, this.#place()); // (B, T, C)
    this.#tap(blockStage(layer, 'mixed'), y);
    return this.#branch(`${name}.c_proj`, y, residual); // (B, T, C)
  }

  /** Every position thinks for itself: wider, nonlinear, and back. */
  #mlp(layer: number, x: Tensor, residual: Tensor): Tensor {
    const { n_inner: H, activation } = this.#config;
    const name = `transformer.h.${layer}.mlp`;
    const hidden = this.#linear(`${name}.c_fc`, x, H, { activation }); // (B, T, H)
    this.#tap(blockStage(layer, 'hidden'), hidden);
    return this.#branch(`${name}.c_proj`, hidden, residual); // (B, T, C)
  }

  /** The end of a residual branch: projected to the stream's width, dropped, added to the stream. */
  #branch(name: string, x: Tensor, residual: Tensor): Tensor {
    const { n_embd: C } = this.#config;
    const place = this.#place();
    return place
      ? dropout(this.#graph, this.#linear(name, x, C), place, residual)
      : this.#linear(name, x, C, { residual });
  }

  #drop(x: Tensor): Tensor {
    const place = this.#place();
    return place ? dropout(this.#graph, x, place) : x;
  }

  /** The next place that drops, if any does. */
  #place(): Dropout | undefined {
    return this.#dropout && { ...this.#dropout, site: this.#dropout.site + this.#drops++ };
  }

  #norm(name: string, x: Tensor): Tensor {
    const { n_embd: C } = this.#config;
    return layerNorm(this.#graph, x, this.#graph.parameter(`${name}.weight`, [C]), this.#bias(name, C));
  }

  #linear(name: string, x: Tensor, width: number, options: LinearOptions = {}): Tensor {
    const weight = this.#graph.parameter(`${name}.weight`, [width, x.shape.at(-1)!]);
    return linear(this.#graph, x, weight, { bias: this.#bias(name, width), ...options });
  }

  #bias(name: string, length: number): Tensor | null {
    return this.#config.bias ? this.#graph.parameter(`${name}.bias`, [length]) : null;
  }
}

/** Places of a model that drop: the embedding, and in each block the attention and the two residual branches. */
export function dropoutSites({ n_layer }: GPTConfig): number {
  return 1 + 3 * n_layer;
}

function wholeSequences(graph: Graph, { n_head }: GPTConfig, tokens: Tensor): Reading {
  return {
    embed: (wte, wpe) => embedding(graph, tokens, wte, wpe),
    attend: (qkv, _layer, place) => attention(graph, qkv, n_head, place),
  };
}

/**
 * Traces the model over tokens (B, T), T ≤ block_size. Returns the logits (B, T, V). `dropout`, for training only, says
 * how much is dropped and which site comes first; `tap` hears of the tensors on the way.
 */
export function gpt(graph: Graph, config: GPTConfig, tokens: Tensor, dropout?: Dropout, tap?: Tap): Tensor {
  return new GPT(graph, config, wholeSequences(graph, config, tokens), dropout, tap).forward();
}

/**
 * The logit lens (nostalgebraist, 2020): the model over tokens (B, T) as `gpt` traces it, with its last norm and head put on
 * the residual stream at the embedding and behind each block but the last as well. Returns the logits (B, T, V) of each,
 * n_layer + 1 of them, the model's own last.
 */
export function logitLens(graph: Graph, config: GPTConfig, tokens: Tensor, tap: Tap): Tensor[] {
  const streams: Tensor[] = [];
  const lens = new GPT(graph, config, wholeSequences(graph, config, tokens), undefined, (stage, tensor) => {
    tap(stage, tensor);
    if (stage === 'embedding' || stage.endsWith('.out')) streams.push(tensor);
  });
  const logits = lens.forward();
  return [...streams.slice(0, -1).map((x) => lens.readOut(x)), logits];
}

/** Traces the model over what `reading` brings in. Returns the logits (B, T, V). */
export function gptReading(graph: Graph, config: GPTConfig, reading: Reading): Tensor {
  return new GPT(graph, config, reading, undefined).forward();
}
