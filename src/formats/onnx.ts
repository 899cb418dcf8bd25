import { LAYER_NORM_EPSILON } from '../graph/operators/layer-norm.ts';
import type { Activation } from '../model/config.ts';
import { gpt2Tensors } from './gpt2-tensors.ts';
import { OnnxGraph } from './onnx-graph.ts';
import type { PortableModel } from './portable-model.ts';

/** What a score is replaced by where a position may not be looked at: its exponential is exactly zero. */
const NEVER = -1e30;

/**
 * A model as one ONNX file with past keys and values, as transformers.js and ONNX Runtime's generators want it.
 *
 *     input_ids, position_ids (batch, sequence), attention_mask (batch, past + sequence) of int64,
 *     past_key_values.N.key, .value (batch, heads, past, head size)
 *       → logits (batch, sequence, V), present.N.key, .value (batch, heads, past + sequence, head size)
 *
 * The arithmetic of `gpt.ts`, in f32.
 */
export function encodeOnnx(model: PortableModel): Uint8Array<ArrayBuffer> {
  return new Exporter(model).encode();
}

class Exporter {
  readonly #graph = new OnnxGraph();
  readonly #model: PortableModel;
  readonly #weights: (name: string) => string;

  constructor(model: PortableModel) {
    this.#model = model;
    const tensors = gpt2Tensors(model);
    this.#weights = (name) => {
      const { shape, data } = tensors.get(name)!;
      return this.#graph.weight(name, shape, data);
    };
  }

  encode(): Uint8Array<ArrayBuffer> {
    const graph = this.#graph;
    const { n_layer, tied, vocab_size: V } = this.#model.model;
    const ids = graph.input('input_ids', 'int64', ['batch', 'sequence']);
    const mask = graph.input('attention_mask', 'int64', ['batch', 'total']);
    const positions = graph.input('position_ids', 'int64', ['batch', 'sequence']);
    const visible = this.#visible(ids, mask); // (batch, 1, sequence, total)

    const wte = this.#weights('transformer.wte.weight');
    const tokens = graph.node('Gather', [wte, ids], 'tokens');
    const places = graph.node('Gather', [this.#weights('transformer.wpe.weight'), positions], 'places');
    let x = graph.node('Add', [tokens, places], 'embedding'); // (batch, sequence, C)
    for (let layer = 0; layer < n_layer; layer++) x = this.#block(layer, x, visible);
    x = this.#norm('transformer.ln_f', x);
    const head = graph.node('Transpose', [tied ? wte : this.#weights('lm_head.weight')], 'head', { perm: [1, 0] });
    graph.node('MatMul', [x, head], 'logits');
    graph.output('logits', 'float', ['batch', 'sequence', V]);
    return graph.encode();
  }

  /** Which positions each of the new ones may look at: itself, what came before it, and no padding. */
  #visible(ids: string, mask: string): string {
    const graph = this.#graph;
    const int = (value: number | readonly number[]) => graph.constant(value, 'int64');
    const length = (value: string, name: string) => {
      const size = graph.node('Shape', [value], `${name}_vector`, { start: 1, end: 2 });
      return graph.node('Squeeze', [size], name);
    };
    const total = length(mask, 'total');
    const past = graph.node('Sub', [total, length(ids, 'sequence')], 'past');
    const own = graph.node('Range', [past, total, int(1)], 'own');
    const row = graph.node('Unsqueeze', [own, int([1])], 'own_column'); // (sequence, 1)
    const every = graph.node('Range', [int(0), total, int(1)], 'every'); // (total)
    const causal = graph.node('LessOrEqual', [every, row], 'causal'); // (sequence, total)
    const text = graph.node('Cast', [mask], 'text', { to: 9 });
    const there = graph.node('Unsqueeze', [text, int([1, 2])], 'there'); // (batch, 1, 1, total)
    return graph.node('And', [causal, there], 'visible');
  }

  #block(layer: number, x: string, visible: string): string {
    const graph = this.#graph;
    const name = `transformer.h.${layer}`;
    const mixed = this.#attention(layer, this.#norm(`${name}.ln_1`, x), visible);
    const middle = graph.node('Add', [x, mixed], `${name}.middle`);
    const hidden = this.#linear(`${name}.mlp.c_fc`, this.#norm(`${name}.ln_2`, middle));
    const thought = this.#linear(`${name}.mlp.c_proj`, this.#activation(hidden));
    return graph.node('Add', [middle, thought], `${name}.out`);
  }

  #attention(layer: number, x: string, visible: string): string {
    const graph = this.#graph;
    const { n_head: NH, n_embd: C } = this.#model.model;
    const HS = C / NH;
    const name = `transformer.h.${layer}.attn`;
    const qkv = this.#linear(`${name}.c_attn`, x); // (batch, sequence, 3 C)
    const parts = ['q', 'k', 'v'].map((part) => `${name}.${part}`);
    graph.node('Split', [qkv], parts, { axis: -1, num_outputs: 3 });
    const heads = (part: string) => {
      const split = graph.node('Reshape', [part, graph.constant([0, 0, NH, HS], 'int64')], `${part}_split`);
      return graph.node('Transpose', [split], `${part}_heads`, { perm: [0, 2, 1, 3] });
    };
    const [q, newK, newV] = parts.map(heads) as [string, string, string];
    const [k, v] = [
      ['key', newK],
      ['value', newV],
    ].map(([kind, fresh]) => {
      const past = graph.input(`past_key_values.${layer}.${kind}`, 'float', ['batch', NH, 'past', HS]);
      const present = `present.${layer}.${kind}`;
      graph.output(present, 'float', ['batch', NH, 'total', HS]);
      return graph.node('Concat', [past, fresh!], present, { axis: 2 });
    }) as [string, string];
    const kT = graph.node('Transpose', [k], `${name}.kT`, { perm: [0, 1, 3, 2] });
    const products = graph.node('MatMul', [q, kT], `${name}.products`);
    const scale = graph.constant(1 / Math.sqrt(HS), 'float');
    const scores = graph.node('Mul', [products, scale], `${name}.scores`); // (batch, heads, sequence, total)
    const never = graph.constant(NEVER, 'float');
    const masked = graph.node('Where', [visible, scores, never], `${name}.masked`);
    const weights = graph.node('Softmax', [masked], `${name}.weights`, { axis: -1 });
    const mixed = graph.node('MatMul', [weights, v], `${name}.mixed`);
    const side = graph.node('Transpose', [mixed], `${name}.side`, { perm: [0, 2, 1, 3] });
    const joined = graph.node('Reshape', [side, graph.constant([0, 0, C], 'int64')], `${name}.joined`);
    return this.#linear(`${name}.c_proj`, joined);
  }

  #norm(name: string, x: string): string {
    const inputs = [x, this.#weights(`${name}.weight`), this.#weights(`${name}.bias`)];
    return this.#graph.node('LayerNormalization', inputs, `${name}.out`, {
      axis: -1,
      epsilon: { float: LAYER_NORM_EPSILON },
    });
  }

  #linear(name: string, x: string): string {
    const product = this.#graph.node('MatMul', [x, this.#weights(`${name}.weight`)], `${name}.product`);
    return this.#graph.node('Add', [product, this.#weights(`${name}.bias`)], `${name}.out`);
  }

  #activation(x: string): string {
    const graph = this.#graph;
    const out = `${x}.activated`;
    const nodes: Record<Activation, () => string> = {
      gelu_tanh: () => graph.node('Gelu', [x], out, { approximate: 'tanh' }),
      gelu: () => graph.node('Gelu', [x], out, { approximate: 'none' }),
      relu: () => graph.node('Relu', [x], out),
    };
    return nodes[this.#model.model.activation]();
  }
}
