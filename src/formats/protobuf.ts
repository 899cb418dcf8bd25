/** A length-delimited field of bytes is copied once, when the whole message is put together: weights are large. */
type Part = Uint8Array;

/** Seven bits a byte, the lowest first; a negative number as the 64-bit one that it is in two's complement. */
function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

/**
 * Writes one message of Protocol Buffers (its encoding guide: https://protobuf.dev/programming-guides/encoding): fields by
 * number, in the order in which they are added.
 */
export class Message {
  readonly #parts: Part[] = [];
  #length = 0;

  /** Bytes of the message so far. */
  get length(): number {
    return this.#length;
  }

  #push(...parts: Part[]): this {
    for (const part of parts) {
      this.#parts.push(part);
      this.#length += part.length;
    }
    return this;
  }

  /** int32, int64, bool and enumerations. */
  int(field: number, value: number | bigint): this {
    return this.#push(varint(field << 3), varint(value));
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.#push(varint((field << 3) | 5), bytes);
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#push(varint((field << 3) | 2), varint(value.length), value);
  }

  string(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  message(field: number, value: Message): this {
    return this.#push(varint((field << 3) | 2), varint(value.length), ...value.#parts);
  }

  encode(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }
}
