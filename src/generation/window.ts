/**
 * What of a sequence the model sees. With learned positions a row's keys and values hold for one place in the window only,
 * so a window that is full cannot move on by one token: all of it would have to be read again. It goes on with its last
 * half instead, read again from position 0, and then grows to its full length once more.
 *
 * This is the definition, with a cache and without: the token after `count` tokens is predicted from those from
 * `windowStart` on, at positions 0, 1, ...
 */

/** Tokens that stay when a window of `block_size` is full and one more comes. */
export function keptTokens(block_size: number): number {
  return Math.max(1, Math.floor(block_size / 2));
}

/**
 * Number of the first token of the window that the token after `count` tokens is predicted from. The first `prompt` of
 * them, at least one, were given; of these, the last `block_size` count.
 */
export function windowStart(prompt: number, count: number, block_size: number): number {
  const first = Math.max(0, prompt - block_size);
  const over = count - first - block_size;
  if (over <= 0) {
    return first;
  }
  const step = block_size + 1 - keptTokens(block_size);
  return first + step * Math.ceil(over / step);
}
