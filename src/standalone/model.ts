import type { RecordedDecoder } from '../generation/recorded.ts';
import { type Bits, PackedLayout } from '../graph/packed.ts';
import type { GPTConfig } from '../model/config.ts';
import { layoutOf } from '../model/parameters.ts';

/** All that a page with a model in it holds, as JSON: how to write with it, and what to say of it. */
export interface StandaloneModel {
  config: GPTConfig;
  /** The character of each id, `<|endoftext|>` last. */
  vocabulary: readonly string[];
  /** Whether it has learnt where documents end. */
  documents: boolean;
  /** Of a number in the matrices. */
  bits: 32 | Bits;
  decoder: RecordedDecoder;
  /** The name of its text, the steps it has learnt, and its validation loss in nats. */
  text: string;
  steps: number;
  val_loss: number | null;
  /** What the prompt is at first. */
  prompt: string;
  /** The tensors one after the other, without the gaps that bindings need, in base64. */
  weights: string;
}

/** What a text is written with; see `SamplingOptions`. */
export interface WritingRequest {
  /** At least one. */
  ids: readonly number[];
  length: number;
  temperature: number;
  top_k: number;
  seed: number;
  /** A token that is never drawn. */
  never: number;
}

/** Something that writes: yields ids one after the other, to `length`. */
export type Writing = (request: WritingRequest) => AsyncGenerator<number>;

/** The stretches of a weights' buffer that hold something, in bytes: every tensor of a layout, in its order. */
export function stretchesOf(config: GPTConfig, bits: StandaloneModel['bits']): { bytes: number; parts: number[][] } {
  const layout = layoutOf(config);
  if (bits === 32) {
    return { bytes: layout.bytes, parts: [...layout.slots.values()].map(({ offset, size }) => [offset, 4 * size]) };
  }
  const packed = new PackedLayout(layout, bits);
  const parts = [...packed.slots.values()].flatMap(({ shape, offset, words, scales }) => {
    const rows = shape[0]!;
    return words === 0
      ? [[offset, 4 * rows]]
      : [
          [offset, 4 * rows * words],
          [scales, 4 * rows],
        ];
  });
  return { bytes: packed.bytes, parts };
}

/** The stretches of a buffer, one after the other. */
export function joinWeights(config: GPTConfig, bits: StandaloneModel['bits'], data: ArrayBufferView): Uint8Array {
  const { parts } = stretchesOf(config, bits);
  const joined = new Uint8Array(parts.reduce((sum, [, bytes]) => sum + bytes!, 0));
  let at = 0;
  for (const [offset, bytes] of parts) {
    joined.set(new Uint8Array(data.buffer, data.byteOffset + offset!, bytes), at);
    at += bytes!;
  }
  return joined;
}

/** The buffer that `joinWeights` was given. */
export function spreadWeights({ config, bits, weights }: StandaloneModel): ArrayBuffer {
  const joined = Uint8Array.from(atob(weights), (byte) => byte.charCodeAt(0));
  const stretches = stretchesOf(config, bits);
  const buffer = new ArrayBuffer(stretches.bytes);
  let at = 0;
  for (const [offset, bytes] of stretches.parts) {
    new Uint8Array(buffer).set(joined.subarray(at, at + bytes!), offset!);
    at += bytes!;
  }
  return buffer;
}
