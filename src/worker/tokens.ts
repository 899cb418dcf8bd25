import type { TokenIds } from '../text/corpus.ts';

/** Token ids as bytes, in as few as the vocabulary allows. */
export function packTokens(ids: TokenIds, vocab_size: number): { bytes: Uint8Array<ArrayBuffer>; bits: 8 | 16 } {
  if (vocab_size <= 256) return { bytes: ids instanceof Uint8Array ? bytesOf(ids) : Uint8Array.from(ids), bits: 8 };
  return { bytes: bytesOf(ids instanceof Uint16Array ? ids : Uint16Array.from(ids)), bits: 16 };
}

export function unpackTokens(bytes: Uint8Array<ArrayBuffer>, bits: 8 | 16): Uint8Array | Uint16Array {
  return bits === 8 ? bytes : new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
}

function bytesOf({ buffer, byteOffset, byteLength }: TokenIds): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}
