import { Message } from './protobuf.ts';

/** The numbers of ONNX's TensorProto.DataType. */
const TYPE = { float: 1, int64: 7, bool: 9 } as const;
export type ElementType = keyof typeof TYPE;

/** The version of the operators: the first with Gelu. */
const OPSET = 20;
/** The version of the file format that came with it. */
const IR_VERSION = 9;

/** AttributeProto.AttributeType */
const FLOAT = 1;
const INT = 2;
const STRING = 3;
const INTS = 7;

type Attribute = number | string | readonly number[] | { float: number };

function attribute(name: string, value: Attribute): Message {
  const message = new Message().string(1, name);
  if (typeof value === 'number') return message.int(3, value).int(20, INT);
  if (typeof value === 'string') return message.string(4, value).int(20, STRING);
  if ('float' in value) return message.float(2, value.float).int(20, FLOAT);
  for (const item of value) message.int(8, item);
  return message.int(20, INTS);
}

function tensor(name: string, shape: readonly number[], type: ElementType, data: ArrayBufferView): Message {
  const message = new Message();
  for (const size of shape) message.int(1, size);
  return message
    .int(2, TYPE[type])
    .string(8, name)
    .bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

/** A value's name, element type and shape; a size may be a name, which stands for any number. */
function valueInfo(name: string, type: ElementType, shape: readonly (number | string)[]): Message {
  const dimensions = new Message();
  for (const size of shape) {
    const dimension = new Message();
    dimensions.message(1, typeof size === 'number' ? dimension.int(1, size) : dimension.string(2, size));
  }
  const tensorType = new Message().int(1, TYPE[type]).message(2, dimensions);
  return new Message().string(1, name).message(2, new Message().message(1, tensorType));
}

/** Builds an ONNX model (https://onnx.ai/onnx/repo-docs/IR.html): nodes are added in the order of computation. */
export class OnnxGraph {
  readonly #nodes: Message[] = [];
  readonly #constants = new Map<string, Message>();
  readonly #inputs: Message[] = [];
  readonly #outputs: Message[] = [];

  input(name: string, type: ElementType, shape: readonly (number | string)[]): string {
    this.#inputs.push(valueInfo(name, type, shape));
    return name;
  }

  output(name: string, type: ElementType, shape: readonly (number | string)[]): void {
    this.#outputs.push(valueInfo(name, type, shape));
  }

  weight(name: string, shape: readonly number[], data: Float32Array): string {
    this.#constants.set(name, tensor(name, shape, 'float', data));
    return name;
  }

  /** A scalar, or a vector of whole numbers: equal ones are kept once. */
  constant(value: number | readonly number[], type: ElementType): string {
    const list = typeof value === 'number' ? [value] : value;
    const name = `${type}_${list.join('_')}${typeof value === 'number' ? '' : '_vector'}`;
    const data = type === 'int64' ? BigInt64Array.from(list, BigInt) : Float32Array.from(list);
    const shape = typeof value === 'number' ? [] : [list.length];
    if (!this.#constants.has(name)) this.#constants.set(name, tensor(name, shape, type, data));
    return name;
  }

  /** Adds a node; `outputs` gives its results their names. Returns the first. */
  node(
    operator: string,
    inputs: readonly string[],
    outputs: string | readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string {
    const names = typeof outputs === 'string' ? [outputs] : outputs;
    const message = new Message();
    for (const name of inputs) message.string(1, name);
    for (const name of names) message.string(2, name);
    message.string(3, names[0]!).string(4, operator);
    for (const [name, value] of Object.entries(attributes)) message.message(5, attribute(name, value));
    this.#nodes.push(message);
    return names[0]!;
  }

  encode(): Uint8Array<ArrayBuffer> {
    const graph = new Message();
    for (const node of this.#nodes) graph.message(1, node);
    graph.string(2, 'gpt2');
    for (const constant of this.#constants.values()) graph.message(5, constant);
    for (const input of this.#inputs) graph.message(11, input);
    for (const output of this.#outputs) graph.message(12, output);
    const opset = new Message().string(1, '').int(2, OPSET);
    return new Message().int(1, IR_VERSION).string(2, 'inkling').message(7, graph).message(8, opset).encode();
  }
}
