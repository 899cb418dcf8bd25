import { InklingError } from '../gpu/errors.ts';
import { checkSize } from './decoder.ts';
import { type ByteSource, chunksOf } from './read.ts';

/** Whether what a person wrote is meant as an address rather than a file's name. */
export function isAddress(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/**
 * Asks for a text by its address. The body comes as a stream.
 *
 * Throws `bad-address`, `not-fetched` or, where the server tells a length that is too large, `bad-text`.
 */
export async function openAddress(address: string, signal?: AbortSignal): Promise<ByteSource> {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !isAddress(url.href)) {
    throw new InklingError(
      'bad-address',
      `“${address}” is not the address of a text.`,
      'Write the whole address, beginning with https://.',
    );
  }
  let response: Response;
  try {
    response = await fetch(url, { credentials: 'omit', ...(signal && { signal }) });
  } catch {
    signal?.throwIfAborted();
    // A page is not told which of the three it was.
    throw new InklingError(
      'not-fetched',
      `${url.host} did not give the text: it can’t be reached, or it lets no other page read its files (CORS).`,
      'Download the file yourself and open it here, or take a copy on a server that sends Access-Control-Allow-Origin, as raw.githubusercontent.com does.',
    );
  }
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    throw new InklingError(
      'not-fetched',
      `${url.host} answered ${response.status} to the request for ${url.pathname}.`,
      'Check the address.',
    );
  }
  const name = url.pathname.split('/').at(-1) || url.host;
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  // A compressed body has another length than the text, so the length only limits and never promises.
  const source: ByteSource = { name, chunks: interruptible(response.body, url.host, signal) };
  if (length > 0) {
    try {
      checkSize(name, length);
    } catch (error) {
      await response.body.cancel();
      throw error;
    }
    if (!response.headers.get('content-encoding')) source.bytes = length;
  }
  return source;
}

async function* interruptible(
  body: ReadableStream<Uint8Array>,
  host: string,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const chunks = chunksOf(body);
  try {
    for (;;) {
      let next: IteratorResult<Uint8Array>;
      try {
        next = await chunks.next();
      } catch {
        signal?.throwIfAborted();
        throw new InklingError(
          'not-fetched',
          `The connection to ${host} broke before the text was complete.`,
          'Try again, or download the file and open it here.',
        );
      }
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await chunks.return(undefined);
  }
}
