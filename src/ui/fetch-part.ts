import type { Failure } from '../worker/messages.ts';
import { emit } from './emit.ts';
import { FAILURES } from './strings.ts';

/**
 * Fetches a part of the page that has not been needed so far. Null where it cannot be had, as when the network is gone, or
 * this version of the page from its server; `asker` then fires `failed` with the Failure.
 */
export async function fetchPart<T>(asker: Element, part: () => Promise<T>): Promise<T | null> {
  try {
    return await part();
  } catch {
    emit<Failure>(asker, 'failed', FAILURES.partNotFetched);
    return null;
  }
}
