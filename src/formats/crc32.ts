/** How many bytes are taken at a time. */
const SLICES = 8;

/**
 * Remainders for the reflected polynomial that ZIP, gzip and PNG share: at 256 k + byte that of a byte with k zero bytes behind it,
 * so that those of several bytes can be looked up at once (slicing by eight: Kounavis and Berry, 2008, IEEE Trans. Comput. 57).
 */
const TABLE = new Int32Array(256 * SLICES);
for (let byte = 0; byte < 256; byte++) {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? 0xedb88320 ^ (remainder >>> 1) : remainder >>> 1;
  TABLE[byte] = remainder;
}
for (let at = 256; at < TABLE.length; at++) {
  const shorter = TABLE[at - 256]!;
  TABLE[at] = TABLE[shorter & 0xff]! ^ (shorter >>> 8);
}

function byBytes(bytes: Uint8Array, from: number, to: number, before: number): number {
  let crc = before;
  for (let i = from; i < to; i++) crc = TABLE[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return crc;
}

/** Of whole eights, on a little-endian machine, as all are that have WebGPU. */
function byEights(words: Int32Array, before: number): number {
  let crc = before;
  for (let w = 0; w < words.length; w += 2) {
    const first = crc ^ words[w]!;
    const second = words[w + 1]!;
    crc =
      TABLE[0x700 | (first & 0xff)]! ^
      TABLE[0x600 | ((first >>> 8) & 0xff)]! ^
      TABLE[0x500 | ((first >>> 16) & 0xff)]! ^
      TABLE[0x400 | (first >>> 24)]! ^
      TABLE[0x300 | (second & 0xff)]! ^
      TABLE[0x200 | ((second >>> 8) & 0xff)]! ^
      TABLE[0x100 | ((second >>> 16) & 0xff)]! ^
      TABLE[second >>> 24]!;
  }
  return crc;
}

/**
 * CRC-32 (ISO 3309) of some bytes; with `before`, of those after the ones that gave it. Tells damage, not malice: it
 * notices every burst of up to 32 wrong bits.
 */
export function crc32(bytes: Uint8Array, before = 0): number {
  const { buffer, byteOffset, length } = bytes;
  const head = Math.min(length, -byteOffset & 3); // up to where words begin
  const eights = (length - head) >> 3;
  let crc = byBytes(bytes, 0, head, ~before);
  if (eights > 0) crc = byEights(new Int32Array(buffer, byteOffset + head, 2 * eights), crc);
  crc = byBytes(bytes, head + 8 * eights, length, crc);
  return ~crc >>> 0;
}
