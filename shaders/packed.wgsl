// Numbers of 8 or 4 bits out of the words that hold them. Put in front of a shader that reads packed weights.
//
//   w[row, k] = scale[row] * q[row, k],   q whole, from -127 to 127 or from -7 to 7
//
// A word holds four numbers of 8 bits (BITS8) or eight of 4, two's complement, the first in the lowest bits; PER_WORD of
// them. A row takes WORDS words and begins with a new one; the numbers past its end are zero.

// Four of a word's numbers, as f32: exact. `part` is 0 for the first four, and 1 for the others of a word that has eight.
fn unpack4(word: u32, part: u32) -> vec4f {
//#if BITS8
  return vec4f((vec4i(bitcast<i32>(word)) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u));
//#else
  return vec4f((vec4i(bitcast<i32>(word)) << (vec4u(28u, 24u, 20u, 16u) - vec4u(16u * part))) >> vec4u(28u));
//#endif
}

// One of a word's numbers.
fn unpack1(word: u32, i: u32) -> f32 {
//#if BITS8
  return f32((bitcast<i32>(word) << (24u - 8u * i)) >> 24u);
//#else
  return f32((bitcast<i32>(word) << (28u - 4u * i)) >> 28u);
//#endif
}
