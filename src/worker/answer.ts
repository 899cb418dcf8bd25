import { toFailure } from '../gpu/errors.ts';
import type { Result } from './messages.ts';

/** What `work` resolves with, or the reason why it does not. */
export async function answer<T>(work: () => Promise<T>): Promise<Result<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, failure: toFailure(error) };
  }
}
