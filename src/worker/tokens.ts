/** Token ids as bytes, in as few as the vocabulary allows. */
export function packTokens(ids: Uint32Array, vocab_size: number): { bytes: Uint8Array<ArrayBuffer>; bits: 8 | 16 } {
  if (vocab_size <= 256) return { bytes: Uint8Array.from(ids), bits: 8 };
  return { bytes: new Uint8Array(Uint16Array.from(ids).buffer), bits: 16 };
}

export function unpackTokens(bytes: Uint8Array<ArrayBuffer>, bits: 8 | 16): Uint32Array<ArrayBuffer> {
  return Uint32Array.from(bits === 8 ? bytes : new Uint16Array(bytes.slice().buffer));
}
